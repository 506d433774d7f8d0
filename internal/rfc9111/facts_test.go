package rfc9111

import (
	"testing"
	"time"
)

func TestInitialAge(t *testing.T) {
	for _, tt := range []struct {
		name    string
		head    []string
		took    time.Duration
		want    time.Duration
		invalid bool
	}{
		{"nothing says otherwise", nil, 0, 0, false},
		{"Age", []string{"Age: 30"}, 0, 30 * s, false},
		{"Age and the time the response took", []string{"Age: 30"}, 5 * s, 35 * s, false},
		{"the time alone", nil, 5 * s, 5 * s, false},
		{"Date, when it says more", []string{"Age: 30", "Date: " + at(-60*s)}, 5 * s, 60 * s, false},
		{"Age, when it says more", []string{"Age: 90", "Date: " + at(-60*s)}, 0, 90 * s, false},
		{"a Date ahead says nothing", []string{"Date: " + at(60*s)}, 0, 0, false},
		{"a Date that is none says nothing", []string{"Date: yesterday"}, 0, 0, false},
		{"two Dates say nothing", []string{"Date: " + at(-60*s), "Date: " + at(-50*s)}, 0, 0, false},
		{"an overflow is 2^31", []string{"Age: 99999999999999999999"}, 5 * s, deltaMax, false},
		{"a Date of long ago is 2^31", []string{"Date: Mon, 01 Jan 0001 00:00:00 GMT"}, 0, deltaMax, false},
		{"no number", []string{"Age: abc"}, 0, 0, true},
		{"a negative number", []string{"Age: -7200"}, 0, 0, true},
		{"a decimal", []string{"Age: 7200.0"}, 0, 0, true},
		{"a parameter", []string{"Age: 7200;foo=bar"}, 0, 0, true},
		{"a list", []string{"Age: 0, 0"}, 0, 0, true},
		{"two lines", []string{"Age: 0", "Age: 7200"}, 0, 0, true},
		{"empty", []string{"Age:"}, 0, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			moment := Moment{Request: 1000, Response: 1000 + Instant(tt.took), Wall: wall.Add(999 * time.Millisecond)}
			h := readHead(Response{Status: 200, Header: header(tt.head...)}, false, auto(), moment)
			if got := h.meta.InitialAge; got != tt.want {
				t.Errorf("%q: initial age %v, want %v", tt.head, got, tt.want)
			}
			if got := h.meta.Facts.Has(FactInvalid); got != tt.invalid {
				t.Errorf("%q: invalid = %v", tt.head, got)
			}
		})
	}
}

// Ages follow one clock: a step of the wall clock changes nothing.
func TestAge(t *testing.T) {
	m := Meta{Response: 100, InitialAge: 5 * s}
	for now, want := range map[Instant]time.Duration{
		100:                5 * s,
		Instant(7*s) + 100: 12 * s,
		0:                  5 * s, // a look at what arrived this very moment
	} {
		if got := m.Age(now); got != want {
			t.Errorf("Age(%d) = %v, want %v", now, got, want)
		}
	}
}

func TestFacts(t *testing.T) {
	for _, tt := range []struct {
		name string
		head []string
		want Facts
	}{
		{"nothing", nil, 0},
		{"directives", []string{"Cache-Control: public, private, no-store, no-cache, must-revalidate, proxy-revalidate, must-understand, immutable"},
			FactPublic | FactPrivate | FactNoStore | FactNoCache | FactMustRevalidate | FactProxyRevalidate | FactMustUnderstand | FactImmutable},
		{"max-age is explicit", []string{"Cache-Control: max-age=0"}, FactExplicit},
		{"s-maxage is explicit and more", []string{"Cache-Control: s-maxage=5"}, FactExplicit | FactSMaxage},
		{"a lifetime that cannot be read is explicit", []string{"Cache-Control: s-maxage=x"}, FactExplicit | FactSMaxage | FactInvalid},
		{"Expires is explicit", []string{"Expires: 0"}, FactExplicit | FactInvalid},
		{"a strong tag", []string{`ETag: "a"`}, FactETag},
		{"a weak tag", []string{`ETag: W/"a"`}, FactETag | FactWeakETag},
		{"a tag without quotes is none", []string{"ETag: a"}, 0},
		{"a tag with a small w is none", []string{`ETag: w/"a"`}, 0},
		{"a tag with a space is none", []string{`ETag: "a b"`}, 0},
		{"two tags are none", []string{`ETag: "a"`, `ETag: "a"`}, 0},
		{"Last-Modified", []string{"Last-Modified: " + at(-s)}, FactLastModified},
		{"a Last-Modified that is no date is none", []string{"Last-Modified: now"}, 0},
		{"Set-Cookie", []string{"Set-Cookie: a=b"}, FactSetCookie},
		{"fields that are named and can be left out", []string{`Cache-Control: private="x-a, x-b"`, "X-B: 1"}, 0},
		{"private for a field that is needed", []string{`Cache-Control: private="x-b, ETag"`, `ETag: "a"`}, FactPrivate | FactETag},
		{"no-cache for a field that is needed", []string{`Cache-Control: no-cache=ETag`, `ETag: "a"`}, FactNoCache | FactETag},
		{"fields that are named and not there", []string{`Cache-Control: no-cache="x-a"`}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := readHead(Response{Status: 200, Header: header(tt.head...)}, false, auto(), arrival)
			if h.meta.Facts != tt.want {
				t.Errorf("%q: facts %b, want %b", tt.head, h.meta.Facts, tt.want)
			}
		})
	}
}
