package telemetry

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"edge/internal/rfc9111"
)

// Describe implements prometheus.Collector.
func (c *Counters) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range definitions {
		ch <- c.descs[d.name]
	}
}

// Collect implements prometheus.Collector. It reads the cells without stopping
// those who count: figures of one scrape may differ by requests that ended
// meanwhile.
func (c *Counters) Collect(ch chan<- prometheus.Metric) {
	out := collection{c, ch}
	for _, s := range *c.exported.Load() {
		out.requests(s)
		out.durations(s)
		out.data(s)
		out.asked(s)
		out.flown(s)
	}
	for _, vec := range []prometheus.Collector{c.invalidations, c.reloads, c.certificateLoads, c.refusedConnections} {
		vec.Collect(ch)
	}
	fast, _ := c.fast.sum()
	out.add(fastHitsTotal, float64(fast))
	out.add(accessLogDropped, float64(c.droppedLines.Load()))
	out.add(buildInfo, 1, c.version, c.revision, runtime.Version())
	out.reload()
	out.store()
	out.fleetFigures()
	out.origins()
	out.listeners()
}

// collection is one scrape under way.
type collection struct {
	*Counters
	ch chan<- prometheus.Metric
}

// add sends one value of a counter or gauge.
func (o collection) add(d definition, value float64, labels ...string) {
	valueType := prometheus.GaugeValue
	if d.kind == counter {
		valueType = prometheus.CounterValue
	}
	o.ch <- prometheus.MustNewConstMetric(o.descs[d.name], valueType, value, labels...)
}

// addFixed sends one histogram, if it was ever used.
func (o collection) addFixed(d definition, h *fixed, labels ...string) {
	if h == nil {
		return
	}
	count, sum, buckets := h.cumulative()
	o.ch <- prometheus.MustNewConstHistogram(o.descs[d.name], count, sum, buckets, labels...)
}

func (o collection) requests(s *series) {
	var bytes [NumServed]uint64
	var served [NumServed]bool
	for m := range NumMethods {
		for class := range classWords {
			for v := range NumServed {
				p := s.pages[m][class][v].Load()
				if p == nil {
					continue
				}
				served[v] = true
				bytes[v] += o.page(p, s.pattern, m.String(), classWords[class], v.String())
			}
		}
	}
	for v := range NumServed {
		if served[v] {
			o.add(responseBytesTotal, float64(bytes[v]), s.pattern, v.String())
		}
	}
}

// page sends the cells of a page and returns the sum of their bytes.
func (o collection) page(p *page, pattern, method, class, served string) (bytes uint64) {
	for reason := range p {
		if cell := p[reason].Load(); cell != nil {
			n, b := cell.sum()
			bytes += b
			o.add(requestsTotal, float64(n), pattern, method, class, served, reasonWord(rfc9111.Reason(reason)))
		}
	}
	return bytes
}

func (o collection) durations(s *series) {
	for v := range NumServed {
		o.addFixed(requestDuration, s.memory[v].Load(), s.pattern, v.String())
	}
	s.slow.Collect(o.ch)
	o.addFixed(staleAge, s.staleAge.Load(), s.pattern)
}

func (o collection) data(s *series) {
	for i, word := range withheldWords {
		if cell := s.withheld[i].Load(); cell != nil {
			n, _ := cell.sum()
			o.add(withheldTotal, float64(n), s.pattern, word)
		}
	}
	for v := range rfc9111.NumViolations {
		if n := s.violations[v].Load(); n != 0 {
			o.add(violationsTotal, float64(n), s.pattern, v.String())
		}
	}
}

func (o collection) reload() {
	r := o.Counters.reload.Load()
	ok := 0.0
	if r.ok {
		ok = 1
	}
	o.add(reloadSuccessful, ok)
	if !r.success.IsZero() {
		o.add(reloadTime, float64(r.success.UnixMilli())/1000)
		o.add(configInfo, 1, r.hash)
	}
}

func (o collection) store() {
	read := o.Counters.store.Load()
	if read == nil {
		return
	}
	s := (*read)()
	o.add(objects, float64(s.Objects))
	o.add(sizeBytes, float64(s.Bytes))
	o.add(capacityBytes, float64(s.Capacity))
	o.add(headroomBytes, float64(s.Headroom))
	o.add(admissionsTotal, float64(s.Admitted))
	o.add(evictionsTotal, float64(s.Evictions))
	o.add(rejectionsTotal, float64(s.Rejections))
	o.add(flights, float64(s.Flights))
	o.add(flightBytes, float64(s.FlightBytes))
	for _, of := range *o.exported.Load() {
		if r, known := s.Routes[of.pattern]; known {
			o.add(routeObjects, float64(r.Objects), of.pattern)
			o.add(routeSizeBytes, float64(r.Bytes), of.pattern)
			o.add(routeEvictionsTotal, float64(r.Evictions), of.pattern)
			o.add(routeRejectionsTotal, float64(r.Rejections), of.pattern)
		}
	}
}
