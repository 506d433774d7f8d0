package rfc9111

import (
	"testing"
	"time"
)

func TestInitialAge(t *testing.T) {
	for _, tt := range []struct {
		name string
		head []string
		took time.Duration
		want time.Duration
	}{
		{"nothing says otherwise", nil, 0, 0},
		{"Age", []string{"Age: 30"}, 0, 30 * s},
		{"Age and the time the response took", []string{"Age: 30"}, 5 * s, 35 * s},
		{"the time alone", nil, 5 * s, 5 * s},
		{"Date, when it says more", []string{"Age: 30", "Date: " + at(-60*s)}, 5 * s, 60 * s},
		{"Age, when it says more", []string{"Age: 90", "Date: " + at(-60*s)}, 0, 90 * s},
		{"a Date ahead says nothing", []string{"Date: " + at(60*s)}, 0, 0},
		{"a Date that is none says nothing", []string{"Date: yesterday"}, 0, 0},
		{"two Dates say nothing", []string{"Date: " + at(-60*s), "Date: " + at(-50*s)}, 0, 0},
		{"an overflow is 2^31", []string{"Age: 99999999999999999999"}, 5 * s, deltaMax},
		{"a Date of long ago is 2^31", []string{"Date: Mon, 01 Jan 0001 00:00:00 GMT"}, 0, deltaMax},
		{"no number is ignored", []string{"Age: abc"}, 0, 0},
		{"a negative number is ignored", []string{"Age: -7200"}, 0, 0},
		{"a sign is ignored", []string{"Age: +7200"}, 0, 0},
		{"a decimal is ignored", []string{"Age: 7200.0"}, 0, 0},
		{"a parameter is no number", []string{"Age: 7200;foo=bar"}, 0, 0},
		{"a quoted number is no number", []string{`Age: "7200"`}, 0, 0},
		{"two numbers without a comma are none", []string{"Age: 7200 0"}, 0, 0},
		{"of a list the first counts", []string{"Age: 30, 7200"}, 0, 30 * s},
		{"of a list the first counts, also if it is older", []string{"Age: 7200, 0"}, 0, 7200 * s},
		{"of two lines the first counts", []string{"Age: 0", "Age: 7200"}, 0, 0},
		{"of two lines the first counts, also if it is older", []string{"Age: 7200", "Age: 0"}, 0, 7200 * s},
		{"a first member that is no number is ignored with the rest", []string{"Age: x, 7200"}, 0, 0},
		{"empty members are none", []string{"Age: ", "Age: , 30"}, 0, 30 * s},
		{"empty", []string{"Age:"}, 0, 0},
		{"what is ignored leaves the time the response took", []string{"Age: abc"}, 5 * s, 5 * s},
		{"what is ignored leaves Date", []string{"Age: -1", "Date: " + at(-60*s)}, 0, 60 * s},
	} {
		t.Run(tt.name, func(t *testing.T) {
			moment := Moment{Request: 1000, Response: 1000 + Instant(tt.took), Wall: wall.Add(999 * time.Millisecond)}
			h := readHead(Response{Status: 200, Header: header(tt.head...)}, false, auto(), moment)
			if got := h.meta.InitialAge; got != tt.want {
				t.Errorf("%q: initial age %v, want %v", tt.head, got, tt.want)
			}
			if h.meta.Facts.Has(FactInvalid) {
				t.Errorf("%q: an age is never an invalid lifetime", tt.head)
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
