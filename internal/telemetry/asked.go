package telemetry

import (
	"maps"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edge/internal/rfc9111"
)

// asked are the figures of the requests to one origin, as the metrics have them:
// labels are looked up by the first request of a kind, and not by every one.
type asked struct {
	requests [numClasses]atomic.Pointer[prometheus.Counter]
	duration prometheus.Observer
}

// askedOrigins are by name. A map is never changed, but replaced by a larger one.
type askedOrigins map[string]*asked

// OriginRequest counts a request to an origin, by failure reason (NoReason for
// none) and status class. A status of 0 says that there was no response.
func (c *Counters) OriginRequest(origin string, status int, failure rfc9111.Reason, d time.Duration) {
	of := c.askedOf(origin)
	if status != 0 {
		class := classOf(status)
		child(&of.requests[class], func() prometheus.Counter {
			return c.originRequests.WithLabelValues(origin, classWords[class])
		}).Inc()
	}
	if failure != rfc9111.NoReason {
		c.originFailures.WithLabelValues(origin, reasonWord(failure)).Inc()
	}
	of.duration.Observe(d.Seconds())
}

// askedOf returns the figures of an origin, and adds them when it is asked for the
// first time.
func (c *Counters) askedOf(origin string) *asked {
	for {
		old := c.asked.Load()
		if old != nil && (*old)[origin] != nil {
			return (*old)[origin]
		}
		next := askedOrigins{}
		if old != nil {
			maps.Copy(next, *old)
		}
		next[origin] = &asked{duration: c.originDuration.WithLabelValues(origin)}
		c.asked.CompareAndSwap(old, &next) // else somebody has added one
	}
}

// child returns what stands at p, which the first who asks has looked up. Two who
// are first find the same.
func child[T any](p *atomic.Pointer[T], look func() T) T {
	if c := p.Load(); c != nil {
		return *c
	}
	c := look()
	p.Store(&c)
	return c
}
