package rfc9111

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"edge/internal/request"
)

// header makes a header of lines "Name: value".
func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			panic("no colon in " + line)
		}
		h.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return h
}

var rules = &request.Rules{Names: request.NewNames()}

// view makes the view of a request for https://example.com/a with fields.
func view(t testing.TB, fields ...string) *request.View {
	t.Helper()
	return viewOf(t, http.MethodGet, "https://example.com/a", fields...)
}

// viewOf makes a view.
func viewOf(t testing.TB, method, url string, fields ...string) *request.View {
	t.Helper()
	v, fault := request.New(rules, method, url, fields...)
	if fault != request.NoFault {
		t.Fatalf("%s %s: %s", method, url, fault)
	}
	return v
}

// auto returns the overrides of a route in mode auto with nothing written, and
// what change makes of them.
func auto(change ...func(*Overrides)) *Overrides {
	o := &Overrides{Revalidate: Unset, Stale: Unset, StaleIfError: Unset, ErrorCap: time.Minute}
	for _, f := range change {
		f(o)
	}
	return o
}

// forceStatic returns the overrides of a route in mode force-static with
// nothing written.
func forceStatic(change ...func(*Overrides)) *Overrides {
	o := &Overrides{
		Enforced: true, Revalidate: Unset, Silent: Forever, Stale: 24 * time.Hour, StaleIfError: Unset,
		Violations: ViolationsOverride, IgnoreVary: true, IgnoreRequest: true,
	}
	for _, f := range change {
		f(o)
	}
	return o
}

// dynamic returns the overrides of a route in mode dynamic-on-request-data.
func dynamic(change ...func(*Overrides)) *Overrides {
	return forceStatic(append([]func(*Overrides){func(o *Overrides) {
		o.Silent, o.Violations = 0, ViolationsPass
	}}, change...)...)
}

func revalidate(d time.Duration) func(*Overrides) { return func(o *Overrides) { o.Revalidate = d } }
func stale(d time.Duration) func(*Overrides)      { return func(o *Overrides) { o.Stale = d } }
func failing(o *Overrides)                        { o.Violations = ViolationsFail }

// arrival is the moment of the tests' fetches: it took no time.
var arrival = Moment{Request: 0, Response: 0, Wall: wall}

// admitted admits a 200 with the lines to a plain request.
func admitted(t testing.TB, o *Overrides, lines ...string) Admission {
	t.Helper()
	return Admit(Response{Status: 200, Header: header(lines...), Length: -1}, view(t), o, arrival)
}
