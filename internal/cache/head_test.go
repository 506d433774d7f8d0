package cache

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMakeHead(t *testing.T) {
	tests := []struct {
		name string
		h    http.Header
		want string
	}{
		{"none", nil, ""},
		{"names are sorted", http.Header{"Vary": {"Accept"}, "Etag": {`"x"`}}, "Etag: \"x\"\r\nVary: Accept\r\n"},
		{"lines of one name keep their order", http.Header{"Link": {"b", "a"}}, "Link: b\r\nLink: a\r\n"},
		{"names get their canonical spelling", http.Header{"eTAG": {`"x"`}, "Date": {"d"}}, "Date: d\r\nEtag: \"x\"\r\n"},
		{"an empty value", http.Header{"X-Empty": {""}}, "X-Empty: \r\n"},
		{"a value with a colon and spaces", http.Header{"X": {"a: b : c"}}, "X: a: b : c\r\n"},
		{"a value that would split the head", http.Header{"X": {"a\r\nSet-Cookie: b", "a\nb", "\x00", "ok"}}, "X: ok\r\n"},
		{"what is written for every answer", http.Header{"Age": {"1"}, "Content-Length": {"1"}, "Transfer-Encoding": {"chunked"}}, ""},
		{"hop by hop", http.Header{"Connection": {"close, x-hop"}, "X-Hop": {"1"}, "Keep-Alive": {"1"}, "Upgrade": {"h2c"}, "X": {"1"}}, "X: 1\r\n"},
		{"for the nearest proxy", http.Header{"Proxy-Authenticate": {"Basic"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(MakeHead(tt.h).Raw()); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHeadGet(t *testing.T) {
	h := MakeHead(http.Header{"A": {"1", "2"}, "Ab": {"3"}})
	for name, want := range map[string]string{"A": "1", "Ab": "3", "B": "", "": ""} {
		if got := h.Get(name); got != want {
			t.Errorf("Get(%q) = %q, want %q", name, got, want)
		}
	}
	if got := (Head{}).Get("A"); got != "" {
		t.Errorf("Get of the zero Head = %q", got)
	}
}

func TestHeadAddTo(t *testing.T) {
	dst := http.Header{"B": {"0"}}
	MakeHead(http.Header{"A": {"1", "2"}, "B": {"3"}, "C": {"4"}}).AddTo(dst)
	want := http.Header{"A": {"1", "2"}, "B": {"0", "3"}, "C": {"4"}}
	if diff := cmp.Diff(want, dst); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	dst["A"] = append(dst["A"], "5")
	if got := dst["B"]; !slices.Equal(got, []string{"0", "3"}) {
		t.Errorf("appending to one name changed another: %q", got)
	}
}

func TestHeadAllStops(t *testing.T) {
	n := 0
	for range MakeHead(http.Header{"A": {"1", "2"}, "B": {"3"}}).All() {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d lines before the break, want 1", n)
	}
}

// FuzzHead serialises a field and a neighbour, and reads them back: what
// comes out is what net/http would have accepted, and nothing else.
func FuzzHead(f *testing.F) {
	f.Add("etag", `"x"`, "second")
	f.Add("X", "a\r\nEvil: 1", ": ")
	f.Add("Connection", "X-Other", "")
	f.Fuzz(func(t *testing.T, name, first, second string) {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) {
			t.Skip("no field name")
		}
		h := http.Header{name: {first, second}, "X-Other": {"o"}}
		want := make(http.Header)
		for _, n := range slices.Sorted(maps.Keys(h)) {
			canonical := textproto.CanonicalMIMEHeaderKey(n)
			if notStored(canonical) || hopByHop(h["Connection"], canonical) {
				continue
			}
			for _, v := range h[n] {
				if !strings.ContainsAny(v, "\r\n\x00") {
					want[canonical] = append(want[canonical], v)
				}
			}
		}
		got := make(http.Header)
		head := MakeHead(h)
		head.AddTo(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if lines := strings.Count(string(head.Raw()), "\n"); lines != len(slices.Concat(slices.Collect(maps.Values(want))...)) {
			t.Errorf("%d lines on the wire for %v", lines, want)
		}
	})
}

func TestParseHead(t *testing.T) {
	h := MakeHead(http.Header{"Content-Type": {"text/html"}, "Link": {"a", "b: c"}, "X-Empty": {""}, "x-lower": {"1"}})
	got, ok := ParseHead(h.Raw())
	if !ok || string(got.Raw()) != string(h.Raw()) {
		t.Errorf("ParseHead of %q = %q, %v", h.Raw(), got.Raw(), ok)
	}
	if empty, ok := ParseHead(nil); !ok || len(empty.Raw()) != 0 {
		t.Errorf("ParseHead of nothing = %q, %v", empty.Raw(), ok)
	}
	for _, raw := range []string{
		"Link", "Link: a", "Link: a\r\n\r\n", "Link a\r\n", ": a\r\n", "link: a\r\n", "Link: a\x00\r\n", "Link: a\nSet-Cookie: b\r\n",
		"A b: c\r\n", "Connection: close\r\n", "Content-Length: 5\r\n", "Link: a\r\nAccept: b\r\n", "L\xffnk: a\r\n",
	} {
		if got, ok := ParseHead([]byte(raw)); ok {
			t.Errorf("ParseHead(%q) = %q, want it refused", raw, got.Raw())
		}
	}
}

func FuzzParseHead(f *testing.F) {
	f.Add("Content-Type: text/html\r\nLink: a\r\n")
	f.Add("a: b\r\n")
	f.Fuzz(func(t *testing.T, raw string) {
		h, ok := ParseHead([]byte(raw))
		if !ok {
			return
		}
		fields := http.Header{}
		h.AddTo(fields)
		if again := MakeHead(fields); string(again.Raw()) != raw {
			t.Errorf("%q is made again as %q", raw, again.Raw())
		}
	})
}

// BenchmarkMakeHead is the head of an ordinary answer on its way into the store.
func BenchmarkMakeHead(b *testing.B) {
	h := http.Header{
		"Cache-Control": {"public, max-age=600"}, "Content-Length": {"1024"}, "Content-Type": {"text/plain"},
		"Date": {"Mon, 02 Jan 2006 15:04:05 GMT"}, "Etag": {`"bench"`}, "Vary": {"Accept-Encoding"},
	}
	b.ReportAllocs()
	for b.Loop() {
		MakeHead(h)
	}
}
