package telemetry

import (
	"maps"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edge/internal/rfc9111"
)

// asked are the figures of the requests of one pattern to one origin.
type asked struct {
	requests [numClasses]atomic.Uint64
	failures [rfc9111.NumReasons]atomic.Uint64
	duration prometheus.Observer
}

// askedOrigins are by name: one, but for a route that a reload has sent elsewhere, and
// for routes of several hosts with one pattern. A map is never changed, but replaced
// by a larger one.
type askedOrigins map[string]*asked

// OriginRequest counts a request of a route to an origin, by failure reason (NoReason
// for none) and status class. A status of 0 says that there was no response.
func (t *Table) OriginRequest(route int, origin string, status int, failure rfc9111.Reason, d time.Duration) {
	of := t.series(route).askedOf(origin)
	if status != 0 {
		of.requests[classOf(status)].Add(1)
	}
	if failure != rfc9111.NoReason {
		of.failures[failure].Add(1)
	}
	of.duration.Observe(d.Seconds())
}

// askedOf returns the figures of an origin, and adds them when it is asked for the
// first time.
func (s *series) askedOf(origin string) *asked {
	for {
		old := s.asked.Load()
		if old != nil && (*old)[origin] != nil {
			return (*old)[origin]
		}
		next := askedOrigins{}
		if old != nil {
			maps.Copy(next, *old)
		}
		next[origin] = &asked{duration: s.originDuration.WithLabelValues(s.pattern, origin)}
		s.asked.CompareAndSwap(old, &next) // else somebody has added one
	}
}

// asked sends what was counted of the requests of a pattern to origins.
func (o collection) asked(s *series) {
	s.originDuration.Collect(o.ch)
	origins := s.asked.Load()
	if origins == nil {
		return
	}
	for name, of := range *origins {
		for class, word := range classWords {
			if n := of.requests[class].Load(); n != 0 {
				o.add(originRequestsTotal, float64(n), s.pattern, name, word)
			}
		}
		for reason := range of.failures {
			if n := of.failures[reason].Load(); n != 0 {
				o.add(originFailuresTotal, float64(n), s.pattern, name, reasonWord(rfc9111.Reason(reason)))
			}
		}
	}
}
