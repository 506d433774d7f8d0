// Package proxy carries one request from client to answer, asking the others
// what to do. Read exchange.run first: it is the life of a request.
//
// A request alternates between deciding (pure, elsewhere) and doing (here):
//
//	step     kind  asks                       gets
//	receive  pure  request.FromHTTP           the canonical View, or a Fault
//	plan     pure  policy.Plan                Plan: course, key, route
//	lookup   act   cache.Memory.Lookup        an object, a mark, or nothing
//	judge    pure  rfc9111.Judge              Verdict: serve, stale, validate, fetch
//	fetch    act   fill.Flights.Join          Landing
//	admit    pure  rfc9111.Admit              Admission: store, share, neither
//	store    act   fill                       the object, after a framed end
//	deliver  act   –                          the answer
//	record   act   telemetry                  –
//
// Three decisions, and where to look for each: what the owner wants is the Plan
// (package policy), whether what is stored may answer is the Verdict, whether
// what came may be stored is the Admission (both package rfc9111).
//
// A pass goes through httputil.ReverseProxy, with the client's ResponseWriter. A
// fetch for the store belongs to its flight, which may run on the goroutine of the
// exchange that began it: it makes a request from the key, takes the admission on
// the head as received, before hop-by-hop fields go, and hands head, body and the
// body's end to the flight.
package proxy
