package rfc9111

import (
	"net/http"
	"slices"
	"testing"
)

func TestNegotiateCoding(t *testing.T) {
	all := []Coding{Brotli, Zstd, Gzip}
	for _, c := range []struct {
		accept string
		offers []Coding
		want   Coding
	}{
		{"gzip, deflate, br, zstd", all, Brotli},
		{"gzip, deflate, br, zstd", []Coding{Zstd, Gzip}, Zstd},
		{"gzip, deflate", all, Gzip},
		{"x-gzip", all, Gzip},
		{"GZIP;Q=0.5, br;q=0.2", all, Gzip},
		{"br;q=0, gzip", all, Gzip},
		{"br;q=0.0", all, Identity},
		{"*", all, Brotli},
		{"*;q=0.1, gzip;q=0.5", all, Gzip},
		{"br;q=0, *", all, Zstd},
		{"*;q=0", all, Identity},
		{"identity, br;q=0.5", all, Identity},
		{"identity;q=0.5, br;q=0.5", all, Brotli},
		{"identity;q=0, gzip;q=0.1", all, Gzip},
		{"deflate", all, Identity},
		{"", all, Identity},
		{"br;q=2, gzip", all, Gzip},
		{"br q=1, gzip", all, Gzip},
		{"br", nil, Identity},
	} {
		v := view(t, "Accept-Encoding: "+c.accept)
		if got := NegotiateCoding(v, c.offers); got != c.want {
			t.Errorf("%q of %v: %s, want %s", c.accept, c.offers, got, c.want)
		}
	}
	if got := NegotiateCoding(view(t), all); got != Identity {
		t.Errorf("without Accept-Encoding: %s", got)
	}
}

func TestNegotiateCodingAllocatesNothing(t *testing.T) {
	v, all := view(t, "Accept-Encoding: gzip, deflate, br, zstd"), []Coding{Brotli, Zstd, Gzip}
	if n := testing.AllocsPerRun(100, func() { NegotiateCoding(v, all) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCodable(t *testing.T) {
	for _, c := range []struct {
		status int
		kind   string
		more   http.Header
		want   bool
	}{
		{200, "text/html; charset=utf-8", nil, true},
		{200, "Application/JSON", nil, true},
		{200, "image/svg+xml", nil, true},
		{200, "text/x-component", nil, true},
		{200, "text/event-stream", nil, false},
		{200, "image/png", nil, false},
		{200, "application/zip", nil, false},
		{200, "font/woff2", nil, false},
		{200, "", nil, false},
		{206, "text/html", nil, false},
		{404, "text/html", nil, false},
		{200, "text/html", http.Header{"Content-Encoding": {"gzip"}}, false},
		{200, "text/html", http.Header{"Cache-Control": {"max-age=1", "No-Transform"}}, false},
		{200, "text/html", http.Header{"Content-Md5": {"x"}}, false},
		{200, "text/html", http.Header{"Content-Digest": {"x"}}, false},
		{200, "text/html", http.Header{"Repr-Digest": {"x"}}, false},
		{200, "text/html", http.Header{"Digest": {"x"}}, false},
	} {
		h := http.Header{"Content-Type": {c.kind}}
		for name, values := range c.more {
			h[name] = values
		}
		if got := Codable(c.status, h); got != c.want {
			t.Errorf("%d %v: %v", c.status, h, got)
		}
	}
}

func TestUncodedTags(t *testing.T) {
	for _, tag := range []string{`"a"`, `""`, `"a-gzip"`, `"ü,b"`} {
		for c := Brotli; c < NumCodings; c++ {
			coded := CodedTag(tag, c)
			for _, line := range []string{coded, "W/" + coded, `"x", ` + coded, coded + ` , "x"`} {
				if got := UncodedTags([]string{line}); !slices.Equal(got, []string{tag}) {
					t.Errorf("%s: got %q, want %q", line, got, tag)
				}
			}
		}
	}
	for _, line := range []string{"", "*", `"a"`, `"a-identity"`, `"a-gzip`, `a-gzip"`, `"a-gzip"b`, `"a-GZIP"`, `gzip"`} {
		if got := UncodedTags([]string{line}); got != nil {
			t.Errorf("%s: got %q, want none", line, got)
		}
	}
}

func TestCodedTag(t *testing.T) {
	for _, c := range []struct{ tag, want string }{{`"a"`, `"a-br"`}, {`W/"a"`, `W/"a"`}, {"", ""}, {`"`, `"`}} {
		if got := CodedTag(c.tag, Brotli); got != c.want {
			t.Errorf("%s: %s, want %s", c.tag, got, c.want)
		}
	}
	if got := CodedTag(`"a"`, Identity); got != `"a"` {
		t.Error(got)
	}
}
