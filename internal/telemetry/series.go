package telemetry

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"edge/internal/rfc9111"
)

// series are the figures of one pattern. They outlive the tables that point to
// them.
type series struct {
	pattern string
	shards  int

	pages    [NumMethods][numClasses][NumServed]atomic.Pointer[page]
	memory   [NumServed]atomic.Pointer[fixed] // durations, if fromMemory
	slow     *prometheus.HistogramVec         // durations of the others
	observer [NumServed]atomic.Pointer[prometheus.Observer]
	staleAge atomic.Pointer[fixed]

	withheld   [len(withheldWords)]atomic.Pointer[cell]
	violations [rfc9111.NumViolations]atomic.Uint64

	asked          atomic.Pointer[askedOrigins]
	originDuration *prometheus.HistogramVec // of asked
	flown          flown
}

func newSeries(pattern string, shards int) *series {
	return &series{
		pattern: pattern, shards: shards,
		slow:           prometheus.NewHistogramVec(requestDuration.histogramOpts(), requestDuration.labels),
		originDuration: prometheus.NewHistogramVec(originRequestDuration.histogramOpts(), originRequestDuration.labels),
	}
}

// record counts one request.
func (s *series) record(r Request, shard int) {
	p := lazyPage(&s.pages[r.Method][classOf(r.Status)][r.Served])
	lazyCell(&p[r.Reason], s.shards).add(shard, r.Bytes)
	if r.Served.fromMemory() {
		lazyFixed(&s.memory[r.Served], durationBounds, s.shards).observe(shard, r.Duration)
	} else {
		s.slowObserver(r.Served).Observe(r.Duration.Seconds())
	}
	if r.Served == ServedStale {
		lazyFixed(&s.staleAge, ageBounds, s.shards).observe(shard, r.StaleAge)
	}
	for i := 0; r.Withheld != 0 && i < len(s.withheld); i++ {
		if r.Withheld&(1<<i) != 0 {
			lazyCell(&s.withheld[i], s.shards).add(shard, 0)
		}
	}
}

// slowObserver returns the histogram of durations for a way of being served.
// Its labels are looked up once; two who are first find the same.
func (s *series) slowObserver(v Served) prometheus.Observer {
	if o := s.observer[v].Load(); o != nil {
		return *o
	}
	o := s.slow.WithLabelValues(s.pattern, v.String())
	s.observer[v].Store(&o)
	return o
}
