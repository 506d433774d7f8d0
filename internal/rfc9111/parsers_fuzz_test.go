package rfc9111

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/internal/request"
)

// Properties of the parsers that have no fuzz target beside their own tests.

// Age is never negative, never beyond 2^31, and only the first member counts.
func FuzzParseAge(f *testing.F) {
	f.Add("30", "7200")
	f.Add(" , 99999999999999999999", "")
	f.Add("-1", "5")
	f.Fuzz(func(t *testing.T, first, second string) {
		got := parseAge([]string{first, second})
		if got < 0 || got > deltaMax || got%time.Second != 0 {
			t.Fatalf("%q, %q: %v", first, second, got)
		}
		if joined := parseAge([]string{first + "," + second}); joined != got {
			t.Errorf("%q, %q: %v on two lines, %v on one", first, second, got, joined)
		}
		if strings.Trim(first, " \t,") != "" && parseAge([]string{first}) != got {
			t.Errorf("%q: a second line %q counts", first, second)
		}
	})
}

// A targeted field that is valid says what Cache-Control would by the same words,
// as far as that has them; and what is not valid says nothing.
func FuzzParseTargeted(f *testing.F) {
	f.Add("max-age=60, private;a=b")
	f.Add(`no-store=?0, no-cache="a, b", max-age="60"`)
	f.Add("Max-Age=60")
	f.Fuzz(func(t *testing.T, line string) {
		d, ok := ParseTargeted([]string{line})
		if !ok {
			return
		}
		again, ok := ParseTargeted([]string{"other, " + line})
		if !ok || again.format() != d.format() {
			t.Errorf("%q: %+v, and beside an unknown directive %+v, %v", line, d, again, ok)
		}
		for _, duration := range []time.Duration{d.MaxAge, d.SMaxage, d.StaleWhileRevalidate, d.StaleIfError} {
			if duration != Unset && duration != Invalid && (duration < 0 || duration > deltaMax) {
				t.Errorf("%q: %v", line, duration)
			}
		}
		if broken, ok := ParseTargeted([]string{line + ", &"}); ok {
			t.Errorf("%q with what is no structured field is read as %+v", line, broken)
		}
	})
}

// Surrogate-Control: what is for somebody else changes nothing, and times are times.
func FuzzParseSurrogate(f *testing.F) {
	f.Add(`max-age=600+60, content="ESI/1.0"`)
	f.Add("no-store;edge, max-age=5;other")
	f.Add(`x="a,b;edge", max-age="7"`)
	f.Fuzz(func(t *testing.T, line string) {
		d, ok := ParseSurrogate([]string{line})
		again, too := ParseSurrogate([]string{line, "no-store;abc, max-age=1;abc"})
		if ok != too || again.format() != d.format() {
			t.Errorf("%q: %+v, %v; with another's directives %+v, %v", line, d, ok, again, too)
		}
		if ok && !d.NoStore && d.MaxAge != Invalid && (d.MaxAge < 0 || d.MaxAge > deltaMax) {
			t.Errorf("%q: a lifetime of %v", line, d.MaxAge)
		}
		if d, ok := ParseSurrogate([]string{line, "no-store"}); !ok || !d.NoStore {
			t.Errorf("%q hides the no-store of another line", line)
		}
	})
}

// Groups are read whole or not at all, and the same again when written.
func FuzzGroups(f *testing.F) {
	f.Add(`"a", "b c";p`)
	f.Add(`"a", b`)
	f.Fuzz(func(t *testing.T, line string) {
		groups := stringList([]string{line})
		var written []string
		for _, g := range groups {
			written = append(written, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(g)+`"`)
		}
		if again := stringList([]string{strings.Join(written, ", ")}); len(groups) > 0 && !slices.Equal(again, groups) {
			t.Errorf("%q: %q, and then %q", line, groups, again)
		}
		if got := stringList([]string{line, "token"}); got != nil {
			t.Errorf("%q with a token is read as %q", line, got)
		}
	})
}

// Whatever a response names in Location and Content-Location, only paths of the
// same origin are invalidated, and never the request's own again.
func FuzzAlsoInvalid(f *testing.F) {
	f.Add("https://example.com/b", "/c?q=1")
	f.Add("//evil.test/x", "https:/b")
	f.Add("http://example.com:443/a/../b", "b#c")
	f.Fuzz(func(t *testing.T, location, content string) {
		v := viewOf(t, http.MethodPost, "https://example.com/a")
		h := http.Header{"Location": {location}, "Content-Location": {content}}
		for _, path := range AlsoInvalid(v, h) {
			if !strings.HasPrefix(path, "/") || path == v.Path || strings.ContainsAny(path, "?# ") {
				t.Errorf("%q, %q: %q", location, content, path)
			}
		}
		foreign := http.Header{"Location": {"https://other.test" + location}}
		if strings.HasPrefix(location, "/") && len(AlsoInvalid(v, foreign)) > 0 {
			t.Errorf("%q of another origin invalidates", location)
		}
	})
}

// What is chosen was offered; and where every offer is refused, nothing is chosen,
// whatever else is in the field.
func FuzzNegotiateCoding(f *testing.F) {
	f.Add("gzip, br;q=0, *;q=0.5")
	f.Add("x-gzip;q=0.001,identity;q=0")
	f.Add("gzip;q=2, ;q=1, br ; Q = 1")
	f.Fuzz(func(t *testing.T, accept string) {
		offers := []Coding{Brotli, Gzip}
		negotiate := func(value string) (Coding, bool) {
			v, fault := request.New(rules, http.MethodGet, "https://example.com/a", "Accept-Encoding: "+value)
			if fault != request.NoFault {
				return Identity, false
			}
			return NegotiateCoding(v, offers), true
		}
		got, ok := negotiate(accept)
		if !ok {
			return
		}
		if got != Identity && !slices.Contains(offers, got) {
			t.Fatalf("%q: %s was not offered", accept, got)
		}
		lower := strings.ToLower(accept)
		if strings.Contains(lower, "br") || strings.Contains(lower, "gzip") {
			return // named, perhaps with a weight
		}
		if got, _ := negotiate(accept + ", br;q=0, gzip;q=0"); got != Identity {
			t.Errorf("%q: %s though it is refused", accept, got)
		}
	})
}

// A freshened head keeps what describes the body, takes the rest of the 304, and
// changes neither of the two.
func FuzzFreshen(f *testing.F) {
	f.Add(`"a"`, `W/"a"`, "X-Any", "1")
	f.Add(`"a"`, `"b"`, "Content-Encoding", "gzip")
	f.Add("", "", "Set-Cookie", "a=b")
	f.Fuzz(func(t *testing.T, stored, confirmed, name, value string) {
		name = http.CanonicalHeaderKey(name)
		old := http.Header{"Etag": {stored}, "Content-Encoding": {"br"}, "Age": {"7"}, "X-Old": {"1"}}
		res := http.Header{"Etag": {confirmed}, name: {value}}
		oldCopy, resCopy := old.Clone(), res.Clone()
		fresh, ok := Freshen(old, res)
		if !equalHeads(old, oldCopy) || !equalHeads(res, resCopy) {
			t.Fatal("an argument was changed")
		}
		if !ok {
			return
		}
		if fresh.Get("Etag") != stored || fresh.Get("Content-Encoding") != "br" {
			t.Errorf("what describes the body changed: %v", fresh)
		}
		if name != "Age" && fresh["Age"] != nil || fresh["Set-Cookie"] != nil {
			t.Errorf("what is of one message stayed: %v", fresh)
		}
		if !keptByBody(name) && !slices.Equal(fresh[name], res[name]) {
			t.Errorf("%s is %q, want %q", name, fresh[name], res[name])
		}
	})
}

func equalHeads(a, b http.Header) bool {
	if len(a) != len(b) {
		return false
	}
	for name, lines := range a {
		if !slices.Equal(lines, b[name]) {
			return false
		}
	}
	return true
}
