package proxy

import (
	"time"

	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// record counts the answer to method, of which so many bytes of body were written by now,
// and writes its line of the log.
func (q *inquiry) record(method string, status int, bytes int64, now rfc9111.Instant) {
	took := now.Sub(q.began)
	var staleAge time.Duration
	if q.served == telemetry.ServedStale {
		staleAge = -q.ttl
	}
	q.live.table.Record(telemetry.Request{
		Route: q.plan.Route.Ordinal, Method: telemetry.MethodOf(method), Status: status,
		Served: q.served, Reason: q.reason, Duration: took, Bytes: bytes,
		Withheld: uint8(q.plan.Withheld), StaleAge: staleAge,
	})
	if !q.p.log.Enabled() {
		return
	}
	q.p.log.Log(telemetry.LogLine{
		Time: time.Now(), Method: method, Scheme: q.view.Scheme, Host: q.view.Host, Path: q.view.Path,
		Route: q.plan.Route.Pattern, Mode: q.plan.Route.Mode.String(), Served: q.served.String(),
		Reason: q.reason.String(), Address: q.address, Client: q.view.ClientIP(), Status: status,
		Bytes: bytes, Duration: took, TTL: q.ttl, TraceID: q.traceID(),
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
