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

func (o collection) listeners() {
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
