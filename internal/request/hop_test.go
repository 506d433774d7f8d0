package request

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func diff(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// neverForwarded are the fields of RFC 9110 sections 7.6.1 and 7.8, and those
// that would tell the origin of another request than the one that was keyed.
var neverForwarded = []string{
	"Connection", "Proxy-Connection", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade", "Trailer",
	"Proxy-Authorization", "Proxy-Authenticate", "Proxy", "HTTP2-Settings", "Host", "Content-Length", "Expect",
	"X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Forwarded-Uri",
}

// ofTrusted are fields that only a trusted peer may send.
var ofTrusted = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Whatever",
	"X-Real-IP", "True-Client-IP", "X-Host", "X-Client-IP", "X-Forward-For", "X-Envoy-Original-Path",
}

// plain are fields of the client.
var plain = []string{"Accept", "Cookie", "RSC", "X-A", "X-B", "X-Forwar", "Authorization", "Range", "X-Realm"}

func TestOnlyEndToEndFieldsAreLeft(t *testing.T) {
	rules := &Rules{Names: NewNames("RSC", "X-A"), Trusted: func(peer string) bool { return peer == "10.0.0.1:1" }}
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		trusted := rapid.Bool().Draw(t, "trusted")
		conn := Conn{Peer: "192.0.2.1:1"}
		if trusted {
			conn.Peer = "10.0.0.1:1"
		}
		raw, sent, named := drawHead(t)
		var v View
		n, f := Parse(&v, []byte(raw), conn, rules)
		if f != NoFault {
			seen["refused"]++
			return
		}
		if n != len(raw) {
			t.Fatalf("Parse(%q) = %d", raw, n)
		}
		var got []string
		for field := range v.Fields() {
			name := strings.ToLower(field.Name)
			got = append(got, name)
			if contains(neverForwarded, name) || contains(named, name) || contains(ofTrusted, name) && !trusted {
				t.Fatalf("%s of %q is left", name, raw)
			}
		}
		var want []string
		for _, name := range sent {
			if !contains(neverForwarded, name) && !contains(named, name) && (trusted || !contains(ofTrusted, name)) {
				want = append(want, strings.ToLower(name))
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q leaves %q, want %q", raw, got, want)
		}
		for _, name := range plain {
			if want := contains(got, name); v.Has(v.Names().Slot(name)) != want && v.Names().Slot(name) != NoSlot {
				t.Fatalf("Has(%s) of %q, want %t", name, raw, want)
			}
		}
		seen["accepted"]++
		if len(named) > 0 {
			seen["named"]++
		}
	})
	total := seen["refused"] + seen["accepted"]
	for _, class := range []string{"refused", "accepted", "named"} {
		if seen[class]*20 < total {
			t.Errorf("%s: %d of %d requests, want 5 %%", class, seen[class], total)
		}
	}
}

// drawHead draws a head with fields of all kinds in random case, and Connection
// lines that name some.
func drawHead(t *rapid.T) (raw string, sent, named []string) {
	respell := func(name string) string {
		switch rapid.IntRange(0, 2).Draw(t, "case") {
		case 0:
			return strings.ToLower(name)
		case 1:
			return strings.ToUpper(name)
		}
		return name
	}
	// Framing is not the matter here, and forwarding fields in Connection are
	// a fault: both are drawn less often.
	names := slices.Concat(plain, plain, neverForwarded[2:4], neverForwarded[6:10], neverForwarded[12:], ofTrusted)
	nameable := slices.Concat(plain, []string{"close", "keep-alive", "TE"}, ofTrusted[:4])
	b := "GET / HTTP/1.1\r\nHost: a.test\r\n"
	for range rapid.IntRange(0, 8).Draw(t, "fields") {
		if rapid.IntRange(0, 3).Draw(t, "connection") == 0 {
			options := rapid.SliceOfN(rapid.SampledFrom(nameable), 0, 3).Draw(t, "options")
			for _, option := range options {
				named = append(named, strings.ToLower(option))
			}
			b += respell("Connection") + ": " + respell(strings.Join(options, " , ")) + "\r\n"
			continue
		}
		name := rapid.SampledFrom(names).Draw(t, "name")
		sent = append(sent, name)
		b += respell(name) + ": v\r\n"
	}
	return b + "\r\n", sent, named
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// Every option is looked for among all fields, so there is a bound to them.
func TestConnectionOptionsAreBounded(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	options := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprint("X-", i))
		}
		return "Connection: close, " + strings.Join(list, ", ")
	}
	if _, f := New(rules, "GET", "http://a.test/", options(maxOptions)); f != NoFault {
		t.Errorf("%d options: %v", maxOptions, f)
	}
	if _, f := New(rules, "GET", "http://a.test/", options(maxOptions+1)); f != BadField {
		t.Errorf("%d options: %v, want %v", maxOptions+1, f, BadField)
	}
	lines := []string{"Connection: X-A", "Connection: X-B", "Connection: X-C", "Connection: X-D"}
	if _, f := New(rules, "GET", "http://a.test/", lines...); f != NoFault {
		t.Errorf("%d lines: %v", len(lines), f)
	}
	if _, f := New(rules, "GET", "http://a.test/", append(lines, "Connection: X-E")...); f != BadField {
		t.Errorf("%d lines: %v, want %v", len(lines)+1, f, BadField)
	}
}
