package proxy

import (
	"time"

	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// sent is an answer as it went out.
type sent struct {
	method string // of the request, also of one that is refused before there is a view
	status int
	bytes  int64 // of the body, as many as were written
	fast   bool  // below net/http
}

// record counts an answer that has ended, and writes its line of the log.
func (q *inquiry) record(s sent, now rfc9111.Instant) {
	took := now.Sub(q.began)
	var staleAge time.Duration
	if q.served == telemetry.ServedStale {
		staleAge = -q.ttl
	}
	q.live.table.Record(telemetry.Request{
		Route: q.plan.Route.Ordinal, Method: telemetry.MethodOf(s.method), Status: s.status,
		Served: q.served, Reason: q.reason, Duration: took, Bytes: s.bytes, Fast: s.fast,
		Withheld: uint8(q.plan.Withheld), StaleAge: staleAge,
	})
	if !q.p.log.Enabled() {
		return
	}
	q.p.log.Log(telemetry.LogLine{
		Time: time.Now(), Method: s.method, Scheme: q.view.Scheme, Host: q.view.Host, Path: q.view.Path,
		Route: q.plan.Route.Pattern, Mode: q.plan.Route.Mode.String(), Served: q.served.String(),
		Reason: q.reason.String(), Address: q.address, Client: q.view.ClientIP(), Status: s.status,
		Bytes: s.bytes, Duration: took, TTL: q.ttl, TraceID: q.traceID(),
	})
}

// traceID is the trace of the client, from its traceparent (W3C Trace Context,
// section 3.2); empty without one.
func (q *inquiry) traceID() string {
	const version, id = len("00-"), 32
	parent, ok := q.view.Get(request.SlotTraceparent)
	if !ok || len(parent) < version+id || parent[version-1] != '-' {
		return ""
	}
	return parent[version : version+id]
}
