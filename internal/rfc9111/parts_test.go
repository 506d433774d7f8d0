package rfc9111

import (
	"net/http"
	"strings"
	"testing"
)

func part(start, length, size int64) Part { return Part{ByteRange{start, length}, size} }

func TestPartOf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		lines  []string
		length int64
		want   Part // the zero Part for none
	}{
		{"the beginning", []string{"bytes 0-4/10"}, 5, part(0, 5, 10)},
		{"the end", []string{"bytes 5-9/10"}, 5, part(5, 5, 10)},
		{"all of it", []string{"bytes 0-9/10"}, 10, part(0, 10, 10)},
		{"of unannounced length", []string{"bytes 2-4/10"}, -1, part(2, 3, 10)},
		{"the unit has no case", []string{"Bytes 0-4/10"}, 5, part(0, 5, 10)},
		{"shorter than it says", []string{"bytes 4-9/10"}, 5, Part{}},
		{"longer than it says", []string{"bytes 4-8/10"}, 6, Part{}},
		{"none", nil, 5, Part{}},
		{"two", []string{"bytes 0-4/10", "bytes 0-4/10"}, 5, Part{}},
		{"another unit", []string{"lines 0-4/10"}, 5, Part{}},
		{"no unit", []string{"0-4/10"}, 5, Part{}},
		{"of unknown size", []string{"bytes 0-4/*"}, 5, Part{}},
		{"unsatisfied", []string{"bytes */10"}, 0, Part{}},
		{"backwards", []string{"bytes 4-3/10"}, 0, Part{}},
		{"beyond the end", []string{"bytes 5-10/10"}, 6, Part{}},
		{"no first", []string{"bytes -4/10"}, 5, Part{}},
		{"no last", []string{"bytes 0-/10"}, 10, Part{}},
		{"a sign", []string{"bytes +0-4/10"}, 5, Part{}},
		{"space within", []string{"bytes 0 - 4/10"}, 5, Part{}},
		{"as in a request", []string{"bytes=0-4/10"}, 5, Part{}},
		{"a size that no body has", []string{"bytes 0-4/9999999999999999999"}, 5, Part{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := PartOf(http.Header{"Content-Range": tt.lines}, tt.length)
			if want := tt.want != (Part{}); ok != want || ok && got != tt.want {
				t.Errorf("PartOf(%q, %d) = %v, %v, want %v", tt.lines, tt.length, got, ok, tt.want)
			}
		})
	}
}

func TestPartHolds(t *testing.T) {
	p := part(4, 4, 10)
	for _, tt := range []struct {
		name   string
		ranges []ByteRange
		want   bool
	}{
		{"itself", []ByteRange{{4, 4}}, true},
		{"a byte in it", []ByteRange{{7, 1}}, true},
		{"several in it", []ByteRange{{6, 2}, {4, 1}}, true},
		{"a byte before", []ByteRange{{3, 2}}, false},
		{"a byte behind", []ByteRange{{7, 2}}, false},
		{"one in it and one behind", []ByteRange{{4, 2}, {9, 1}}, false},
	} {
		if got := p.Holds(tt.ranges); got != tt.want {
			t.Errorf("%s: %v holds %v: %v, want %v", tt.name, p, tt.ranges, got, tt.want)
		}
	}
}

func TestPartAsksForItsRest(t *testing.T) {
	for _, tt := range []struct {
		name string
		p    Part
		want string // empty for nothing that one range would complete
	}{
		{"the end is missing", part(0, 4, 10), "bytes=4-"},
		{"the last byte is missing", part(0, 9, 10), "bytes=9-"},
		{"the beginning is missing", part(6, 4, 10), "bytes=0-5"},
		{"the first byte is missing", part(1, 9, 10), "bytes=0-0"},
		{"both ends are missing", part(1, 8, 10), ""},
		{"nothing is missing", part(0, 10, 10), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, ok := tt.p.Rest()
			if ok != (tt.want != "") {
				t.Fatalf("Rest of %v: %v", tt.p, ok)
			}
			h := http.Header{}
			if ok {
				tt.p.Ask(h, `"x"`)
			}
			if h.Get("Range") != tt.want || ok && h.Get("If-Range") != `"x"` {
				t.Errorf("asks with %v, want %q", h, tt.want)
			}
		})
	}
}

func TestCombine(t *testing.T) {
	stored := http.Header{
		"Etag": {`"x"`}, "Content-Range": {"bytes 0-3/10"}, "Content-Type": {"text/plain"}, "A": {"1"}, "B": {"1"},
		"Date": {at(-60 * s)}, "Age": {"7"},
	}
	answer := func(lines ...string) Response {
		r := Response{Status: 206, Length: 6, Header: http.Header{"Etag": {`"x"`}, "Content-Range": {"bytes 4-9/10"}, "B": {"2"}, "Date": {at(0)}}}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			if r.Header.Del(name); value != "" {
				r.Header.Set(name, value)
			}
		}
		return r
	}
	head, ok := Combine(stored, part(0, 4, 10), answer())
	if !ok {
		t.Fatal("the rest of the same body is not combined")
	}
	for name, want := range map[string]string{
		"Etag": `"x"`, "Content-Range": "", "Content-Type": "text/plain", "A": "1", "B": "2", "Date": at(0), "Age": "",
	} {
		if got := head.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	with := func(change func(*Response)) Response {
		r := answer()
		change(&r)
		return r
	}
	weak := stored.Clone()
	weak.Set("Etag", `W/"x"`)
	for _, tt := range []struct {
		name   string
		stored http.Header
		p      Part
		answer Response
	}{
		{"another entity tag", stored, part(0, 4, 10), answer(`Etag: "y"`)},
		{"a weak entity tag", stored, part(0, 4, 10), answer(`Etag: W/"x"`)},
		{"no entity tag", stored, part(0, 4, 10), answer("Etag: ")},
		{"a stored weak entity tag", weak, part(0, 4, 10), answer(`Etag: W/"x"`)},
		{"two entity tags", stored, part(0, 4, 10), with(func(r *Response) { r.Header.Add("Etag", `"x"`) })},
		{"another coding", stored, part(0, 4, 10), answer("Content-Encoding: gzip")},
		{"a body of another size", stored, part(0, 4, 10), answer("Content-Range: bytes 4-9/11")},
		{"less than the rest", stored, part(0, 4, 10), with(func(r *Response) { r.Length = 5; r.Header.Set("Content-Range", "bytes 4-8/10") })},
		{"more than the rest", stored, part(0, 4, 10), with(func(r *Response) { r.Length = 7; r.Header.Set("Content-Range", "bytes 3-9/10") })},
		{"not as long as it says", stored, part(0, 4, 10), with(func(r *Response) { r.Length = 5 })},
		{"a gap", stored, part(0, 3, 10), answer()},
		{"the middle was stored", stored, part(1, 3, 10), answer()},
		{"a 200", stored, part(0, 4, 10), with(func(r *Response) { r.Status = 200 })},
		{"a cookie", stored, part(0, 4, 10), answer("Set-Cookie: a=b")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if head, ok := Combine(tt.stored, tt.p, tt.answer); ok {
				t.Errorf("combined, with %v", head)
			}
		})
	}
}

// Joining is of bytes: what the joined part has, one of the two has, and the other
// way round; where there is a gap they are not joined.
func FuzzPartJoin(f *testing.F) {
	f.Add(uint8(0), uint8(4), uint8(4), uint8(6), uint8(10))
	f.Add(uint8(2), uint8(4), uint8(0), uint8(9), uint8(10))
	f.Fuzz(func(t *testing.T, a, aLen, b, bLen, size uint8) {
		p, q := part(int64(a), int64(aLen), int64(size)), part(int64(b), int64(bLen), int64(size))
		both, ok := p.Join(q)
		gap := int64(b) > int64(a)+int64(aLen) || int64(a) > int64(b)+int64(bLen)
		if ok == gap {
			t.Fatalf("%v and %v: joined %v", p, q, ok)
		}
		for i := int64(0); ok && i < 512; i++ {
			in := func(p Part) bool { return p.Start <= i && i < p.Start+p.Length }
			if in(both) != (in(p) || in(q)) {
				t.Fatalf("%v and %v: %v, byte %d", p, q, both, i)
			}
		}
	})
}

// What ParseContentRange takes is within the body, and is written the same again.
func FuzzParseContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-4/10", "bytes 4-9/*", "bytes */10", "bytes 00-04/010", "BYTES 1-1/2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := ParseContentRange(s)
		if !ok {
			return
		}
		if p.Start < 0 || p.Length <= 0 || p.Start+p.Length > p.Size {
			t.Fatalf("%q is %v", s, p)
		}
		if again, ok := ParseContentRange(p.ContentRange(p.Size)); !ok || again != p {
			t.Fatalf("%q is %v, and then %v", s, p, again)
		}
	})
}
