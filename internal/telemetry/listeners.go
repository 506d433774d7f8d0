package telemetry

import (
	"strconv"
	"time"
)

// Certificate is a certificate of a listener at scrape time.
type Certificate struct {
	File     string
	NotAfter time.Time
	// Current is false when the file has changed and cannot be used.
	Current bool
}

// SetCertificates names the function that gives the certificates at scrape time,
// each file once.
func (c *Counters) SetCertificates(f func() []Certificate) { c.certificates.Store(&f) }

// CertificateLoad counts a changed certificate: whether it came into use.
func (c *Counters) CertificateLoad(ok bool) {
	c.certificateLoads.WithLabelValues(strconv.FormatBool(ok)).Inc()
}

// ConnectionRefused counts a connection that came to nothing before HTTP. why is
// from a closed list.
func (c *Counters) ConnectionRefused(why string) { c.refusedConnections.WithLabelValues(why).Inc() }

// Connections are the figures of clients at scrape time.
type Connections struct {
	Open, Most int // connections, and how many there may be
	Requests   int // under way in net/http
}

// SetConnections names the function that gives Connections at scrape time.
func (c *Counters) SetConnections(f func() Connections) { c.connections.Store(&f) }

// Stalled counts a connection that was broken off because its client took
// nothing, Crowded a second in which no connection was accepted because there
// were as many as there may be.
func (c *Counters) Stalled() { c.stalled.Add(1) }
func (c *Counters) Crowded() { c.crowded.Add(1) }

func (o collection) listeners() {
	o.add(stalledTotal, float64(o.stalled.Load()))
	o.add(crowdedTotal, float64(o.crowded.Load()))
	if read := o.Counters.connections.Load(); read != nil {
		now := (*read)()
		o.add(connectionsOpen, float64(now.Open))
		o.add(connectionsLimit, float64(now.Most))
		o.add(requestsUnderWay, float64(now.Requests))
	}
	read := o.Counters.certificates.Load()
	if read == nil {
		return
	}
	for _, c := range (*read)() {
		current := 0.0
		if c.Current {
			current = 1
		}
		o.add(certificateExpiry, float64(c.NotAfter.Unix()), c.File)
		o.add(certificateCurrent, current, c.File)
	}
}
