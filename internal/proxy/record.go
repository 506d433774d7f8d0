package proxy

import (
	"time"

	"edge/internal/request"
	"edge/internal/telemetry"
)

// record counts the exchange and writes its line of the log.
func (x *exchange) record() {
	took := x.p.now().Sub(x.began)
	var staleAge time.Duration
	if x.served == telemetry.ServedStale {
		staleAge = -x.ttl
	}
	x.live.table.Record(telemetry.Request{
		Route: x.plan.Route.Ordinal, Method: telemetry.MethodOf(x.r.Method), Status: x.w.status,
		Served: x.served, Reason: x.reason, Duration: took, Bytes: x.w.bytes,
		Withheld: uint8(x.plan.Withheld), StaleAge: staleAge,
	})
	if !x.p.log.Enabled() {
		return
	}
	x.p.log.Log(telemetry.LogLine{
		Time: time.Now(), Method: x.r.Method, Scheme: x.view.Scheme, Host: x.view.Host, Path: x.view.Path,
		Route: x.plan.Route.Pattern, Mode: x.plan.Route.Mode.String(), Served: x.served.String(),
		Reason: x.reason.String(), Address: x.address, Client: x.view.ClientIP(), Status: x.w.status,
		Bytes: x.w.bytes, Duration: took, TTL: x.ttl, TraceID: x.traceID(),
	})
}

// traceID is the trace of the client, from its traceparent (W3C Trace Context,
// section 3.2); empty without one.
func (x *exchange) traceID() string {
	const version, id = len("00-"), 32
	parent, ok := x.view.Get(request.SlotTraceparent)
	if !ok || len(parent) < version+id || parent[version-1] != '-' {
		return ""
	}
	return parent[version : version+id]
}
