package telemetry

import (
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edge/internal/rfc9111"
)

// Method is a request method as a label: its cardinality is bounded.
type Method uint8

const (
	MethodOther Method = iota
	MethodGet
	MethodHead
	MethodPost
	MethodPut
	MethodPatch
	MethodDelete
	MethodOptions

	NumMethods
)

// MethodOf returns the label of a method.
func MethodOf(method string) Method { panic("contract") }

// Served is how a request was answered, as the cache sees it.
type Served uint8

const (
	ServedByEdge Served = iota // refused or answered by edge itself
	ServedHit
	ServedStale
	ServedMiss
	ServedCollapsed
	ServedPass

	NumServed
)

// Request is what is recorded of one answered request.
type Request struct {
	Route    int // ordinal in the table's policy
	Method   Method
	Status   int
	Served   Served
	Reason   rfc9111.Reason
	Duration time.Duration
	Bytes    int64
	// Withheld are bits, as in policy.Withheld.
	Withheld uint8
}

// Counters are all figures of a process. One is made per process; it is safe
// for concurrent use and implements prometheus.Collector.
type Counters struct{}

var _ prometheus.Collector = (*Counters)(nil)

// New returns Counters without routes; version and revision go into
// edge_build_info.
func New(version, revision string) *Counters { panic("contract") }

// Describe and Collect implement prometheus.Collector.
func (c *Counters) Describe(ch chan<- *prometheus.Desc) { panic("contract") }
func (c *Counters) Collect(ch chan<- prometheus.Metric) { panic("contract") }

// Table maps the routes of one policy to cells. Patterns that an earlier table
// had go on counting where it stopped. Use a Table as long as its policy.
type Table struct{}

// Table returns the table for the patterns of a policy, by ordinal.
func (c *Counters) Table(patterns []string) *Table { panic("contract") }

// Record counts one request. It neither allocates nor locks.
func (t *Table) Record(r Request) { panic("contract") }

// Violation counts an answer that contradicted the mode of its route.
func (t *Table) Violation(route int, v rfc9111.Violation) { panic("contract") }

// OriginRequest counts a request to an origin, by failure reason (NoReason for
// none) and status class.
func (c *Counters) OriginRequest(origin string, status int, failure rfc9111.Reason, d time.Duration) {
	panic("contract")
}

// Figures that other parts report. Gauges are read at scrape time.
func (c *Counters) Invalidation(kind string, soft bool) { panic("contract") }
func (c *Counters) Refresh(ok bool)                     { panic("contract") }
func (c *Counters) ReaderAborted()                      { panic("contract") }
func (c *Counters) Reload(ok bool, hash string, at time.Time) {
	panic("contract")
}

// Store are the figures of the store and the flights at scrape time.
type Store struct {
	Objects, Bytes, Capacity        int64
	Evictions, Rejections, Admitted uint64
	Flights                         int
	FlightBytes                     int64
}

// SetStore names the function that gives Store at scrape time.
func (c *Counters) SetStore(f func() Store) { panic("contract") }

// LogLine is one line of the access log.
type LogLine struct {
	Time                                time.Time
	Method, Scheme, Host, Path          string // never the query's values
	Route, Mode, Served, Reason, Client string
	Status                              int
	Bytes                               int64
	Duration                            time.Duration
	TTL                                 time.Duration
	TraceID                             string
}

// AccessLog writes JSON lines from a bounded queue on one goroutine. A full
// queue drops the line and counts it: serving never waits for a log.
type AccessLog struct{}

// NewAccessLog writes to w; a nil w drops everything at no cost.
func NewAccessLog(w io.Writer, c *Counters) *AccessLog { panic("contract") }

// Enabled reports whether Log does anything, so that callers need not build a
// line.
func (l *AccessLog) Enabled() bool { panic("contract") }

// Log queues a line. It never blocks.
func (l *AccessLog) Log(line LogLine) { panic("contract") }

// Close writes what is queued and ends the goroutine.
func (l *AccessLog) Close() { panic("contract") }
