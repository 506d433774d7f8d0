package rfc9111

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidators(t *testing.T) {
	date := at(-s)
	for _, tt := range []struct {
		name, etag, modified string
		want                 http.Header
	}{
		{"none", "", "", header()},
		{"a strong tag", `"x"`, "", header(`If-None-Match: "x"`)},
		{"a weak tag", `W/"x"`, "", header(`If-None-Match: W/"x"`)},
		{"both", `"x"`, date, header(`If-None-Match: "x"`, "If-Modified-Since: "+date)},
		{"a tag without quotes is none", "x", date, header("If-Modified-Since: " + date)},
		{"a date that is none", `"x"`, "yesterday", header(`If-None-Match: "x"`)},
		{"an old form of date as it was sent", "", "Sunday, 06-Nov-94 08:49:37 GMT", header("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := http.Header{}
			Validators(got, tt.etag, tt.modified)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestFreshenOnlyByItsOwn304(t *testing.T) {
	old, older := at(-s), at(-2*s)
	for _, tt := range []struct {
		name            string
		stored, resp304 []string
		ok              bool
	}{
		{"without validators", []string{`ETag: "x"`}, nil, true},
		{"with the same tag", []string{`ETag: "x"`}, []string{`ETag: "x"`}, true},
		{"with the weak form of the tag", []string{`ETag: "x"`}, []string{`ETag: W/"x"`}, true},
		{"with another tag", []string{`ETag: "x"`}, []string{`ETag: "y"`}, false},
		{"with a tag where none is stored", []string{"Last-Modified: " + old}, []string{`ETag: "x"`, "Last-Modified: " + old}, false},
		{"with two tags", []string{`ETag: "x"`}, []string{`ETag: "x"`, `ETag: "x"`}, false},
		{"with a tag that is none", []string{`ETag: "x"`}, []string{`ETag: x`}, false},
		{"with the same date", []string{"Last-Modified: " + old}, []string{"Last-Modified: " + old}, true},
		{"with another date", []string{"Last-Modified: " + old}, []string{"Last-Modified: " + older}, false},
		{"with another date and the same tag", []string{`ETag: "x"`, "Last-Modified: " + old}, []string{`ETag: "x"`, "Last-Modified: " + older}, true},
		{"with a date where none is stored", []string{`ETag: "x"`}, []string{"Last-Modified: " + old}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := Freshen(header(tt.stored...), header(tt.resp304...)); ok != tt.ok {
				t.Errorf("%q by %q: ok = %v", tt.stored, tt.resp304, ok)
			}
		})
	}
}

func TestFreshenUpdates(t *testing.T) {
	stored := header(`ETag: "x"`, "Cache-Control: max-age=1", "X-Kept: 1", "X-New: old", "X-New: old too",
		"Content-Type: text/plain", "Content-Length: 5", "Content-Encoding: gzip", "Content-MD5: a", "Age: 7", "Date: "+at(-s))
	resp304 := header(`ETag: W/"x"`, "Cache-Control: max-age=3600", "X-New: new", "X-More: 2",
		"Content-Type: text/html", "Content-Length: 10", "Content-Encoding: br", "Content-MD5: b", "Content-Range: bytes 0-1/2",
		"Content-Location: /b", "Set-Cookie: a=b", "Date: "+at(0), "Connection: X-More", "Transfer-Encoding: chunked")
	before := stored.Clone()
	got, ok := Freshen(stored, resp304)
	if !ok {
		t.Fatal("it is about what is stored")
	}
	want := header(`ETag: "x"`, "Cache-Control: max-age=3600", "X-Kept: 1", "X-New: new", "X-More: 2",
		"Content-Type: text/html", "Content-Length: 5", "Content-Encoding: gzip", "Content-MD5: a",
		"Content-Location: /b", "Date: "+at(0), "Connection: X-More")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	got["X-New"][0] = "changed"
	if !cmp.Equal(stored, before) || resp304.Get("X-New") != "new" {
		t.Error("the arguments must not change")
	}
}

// Connection cannot keep a 304's Cache-Control from the decision.
func TestFreshenThenReadmit(t *testing.T) {
	stored := admitted(t, auto(), "Cache-Control: max-age=60", `ETag: "x"`)
	head, ok := Freshen(header("Cache-Control: max-age=60", `ETag: "x"`),
		header("Cache-Control: no-store", "Connection: Cache-Control"))
	if !ok {
		t.Fatal("it is about what is stored")
	}
	if a := Readmit(&stored.Meta, head, view(t), auto(), arrival); a.Reason != OriginNoStore {
		t.Errorf("got %s", a.Reason)
	}
}

// A 304 without Date and Age is as new as it is, whatever was stored.
func TestFreshenedIsNew(t *testing.T) {
	stored := admitted(t, auto(), "Cache-Control: max-age=60", `ETag: "x"`)
	head, ok := Freshen(header("Cache-Control: max-age=60", `ETag: "x"`, "Age: 59", "Date: "+at(-day)), header())
	if !ok {
		t.Fatal("it is about what is stored")
	}
	if a := Readmit(&stored.Meta, head, view(t), auto(), arrival); a.Meta.InitialAge != 0 || a.short() != storedForAll {
		t.Errorf("%v old: %+v", a.Meta.InitialAge, a.short())
	}
}

func TestFreshenByHead(t *testing.T) {
	stored := header(`ETag: "x"`, "Last-Modified: "+at(-s), "X: 1")
	for _, tt := range []struct {
		name string
		head []string
		ok   bool
	}{
		{"without validators", []string{"X: 2"}, true},
		{"all the same", []string{`ETag: "x"`, "Last-Modified: " + at(-s), "Content-Length: 5", "X: 2"}, true},
		{"another tag", []string{`ETag: "y"`}, false},
		{"a weak tag is another", []string{`ETag: W/"x"`}, false},
		{"another date", []string{`ETag: "x"`, "Last-Modified: " + at(0)}, false},
		{"another length", []string{`ETag: "x"`, "Content-Length: 6"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := FreshenByHead(stored, header(tt.head...), 5)
			if ok != tt.ok || ok && got.Get("X") != "2" && tt.name != "all the same" {
				t.Errorf("%q: %v, %v", tt.head, got, ok)
			}
		})
	}
}
