package rfc9111

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"testing"
)

func TestRange(t *testing.T) {
	full := []ByteRange(nil)
	for _, tt := range []struct {
		name, value string
		size        int64
		kind        RangeKind
		want        []ByteRange
	}{
		{"first and last", "bytes=0-1", 10, RangePart, []ByteRange{{0, 2}}},
		{"one byte", "bytes=3-3", 10, RangePart, []ByteRange{{3, 1}}},
		{"open", "bytes=7-", 10, RangePart, []ByteRange{{7, 3}}},
		{"suffix", "bytes=-3", 10, RangePart, []ByteRange{{7, 3}}},
		{"a suffix longer than the body is the body", "bytes=-30", 10, RangePart, []ByteRange{{0, 10}}},
		{"last beyond the end is the end", "bytes=7-99999999999999999999", 10, RangePart, []ByteRange{{7, 3}}},
		{"the whole as a range is a part", "bytes=0-", 10, RangePart, []ByteRange{{0, 10}}},
		{"the unit has no case", "Bytes=0-1", 10, RangePart, []ByteRange{{0, 2}}},
		{"spaces and empty members", "bytes= , 0-1\t,", 10, RangePart, []ByteRange{{0, 2}}},
		{"first at the end", "bytes=10-", 10, RangeUnsatisfiable, full},
		{"first far beyond the end", "bytes=99999999999999999999-", 10, RangeUnsatisfiable, full},
		{"a suffix of 0", "bytes=-0", 10, RangeUnsatisfiable, full},
		{"anything of nothing", "bytes=0-", 0, RangeUnsatisfiable, full},
		{"the end of nothing", "bytes=-5", 0, RangeFull, full},
		{"several", "bytes=0-1,4-5,-2", 10, RangePart, []ByteRange{{0, 2}, {4, 2}, {8, 2}}},
		{"several in their order", "bytes=8-9,0-1", 10, RangePart, []ByteRange{{8, 2}, {0, 2}}},
		{"those beyond the end are left out", "bytes=0-1,20-30", 10, RangePart, []ByteRange{{0, 2}}},
		{"all beyond the end", "bytes=10-11,20-30", 10, RangeUnsatisfiable, full},
		{"overlapping ones are one", "bytes=0-4,2-6", 10, RangePart, []ByteRange{{0, 7}}},
		{"touching ones are one", "bytes=0-1,2-3", 10, RangePart, []ByteRange{{0, 4}}},
		{"touching ones in any order", "bytes=2-3,0-1", 10, RangePart, []ByteRange{{0, 4}}},
		{"one that bridges two", "bytes=0-1,6-7,1-6", 10, RangePart, []ByteRange{{0, 8}}},
		{"one that bridges two stands first", "bytes=6-7,9-9,0-1,1-6", 10, RangePart, []ByteRange{{0, 8}, {9, 1}}},
		{"many that come to everything", "bytes=0-4,5-9", 10, RangeFull, full},
		{"the same many times", "bytes=" + strings.Repeat("0-1,", rangesMax), 10, RangePart, []ByteRange{{0, 2}}},
		{"too many", "bytes=" + strings.Repeat("0-1,", rangesMax+1), 10, RangeFull, full},
		{"another unit", "items=0-1", 10, RangeFull, full},
		{"no unit", "0-1", 10, RangeFull, full},
		{"no range", "bytes=", 10, RangeFull, full},
		{"only a dash", "bytes=-", 10, RangeFull, full},
		{"backwards", "bytes=5-4", 10, RangeFull, full},
		{"one backwards", "bytes=0-1,5-4", 10, RangeFull, full},
		{"letters", "bytes=a-b", 10, RangeFull, full},
		{"a sign", "bytes=+1-2", 10, RangeFull, full},
		{"two dashes", "bytes=--2", 10, RangeFull, full},
		{"space within", "bytes=0 - 1", 10, RangeFull, full},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep := &Representation{Status: 200, Size: tt.size}
			kind, got := Range(nil, view(t, "Range: "+tt.value), rep, wall)
			if kind != tt.kind || !slices.Equal(got, tt.want) {
				t.Errorf("%q of %d: got %d %v, want %d %v", tt.value, tt.size, kind, got, tt.kind, tt.want)
			}
		})
	}
}

func TestRangeOnlyWhereItApplies(t *testing.T) {
	strong := Representation{Status: 200, ETag: `"x"`, LastModified: at(-100 * s), Date: at(0), Size: 10}
	weak := strong
	weak.ETag = `W/"x"`
	recent := strong
	recent.LastModified = at(-59 * s)
	for _, tt := range []struct {
		name   string
		method string
		rep    Representation
		fields []string
		want   RangeKind
	}{
		{"GET", "GET", strong, nil, RangePart},
		{"HEAD has no ranges", "HEAD", strong, nil, RangeFull},
		{"other statuses have none", "GET", Representation{Status: 404, Size: 10}, nil, RangeFull},
		{"two Ranges are none", "GET", strong, []string{"Range: bytes=0-1"}, RangeFull},
		{"If-Range with the tag", "GET", strong, []string{`If-Range: "x"`}, RangePart},
		{"If-Range with another tag", "GET", strong, []string{`If-Range: "y"`}, RangeFull},
		{"If-Range with a weak tag", "GET", strong, []string{`If-Range: W/"x"`}, RangeFull},
		{"If-Range on a weak tag", "GET", weak, []string{`If-Range: "x"`}, RangeFull},
		{"If-Range with the date", "GET", strong, []string{"If-Range: " + at(-100*s)}, RangePart},
		{"If-Range with a later date", "GET", strong, []string{"If-Range: " + at(0)}, RangeFull},
		{"If-Range with a date that is weak", "GET", recent, []string{"If-Range: " + at(-59*s)}, RangeFull},
		{"If-Range with a date and nothing stored", "GET", Representation{Status: 200, Size: 10}, []string{"If-Range: " + at(0)}, RangeFull},
		{"If-Range that is neither", "GET", strong, []string{"If-Range: x"}, RangeFull},
		{"two If-Ranges", "GET", strong, []string{`If-Range: "x"`, `If-Range: "x"`}, RangeFull},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := viewOf(t, tt.method, "https://example.com/a", append(tt.fields, "Range: bytes=0-1")...)
			if kind, _ := Range(nil, v, &tt.rep, wall); kind != tt.want {
				t.Errorf("%q: got %d, want %d", tt.fields, kind, tt.want)
			}
		})
	}
}

// Whatever is asked, the parts lie within the body, do not overlap, come to no
// more than the body, and are what was asked for.
func FuzzRange(f *testing.F) {
	f.Add("bytes=0-1,4-5,-2", int64(10))
	f.Add("bytes=6-7,9-9,0-1,1-6", int64(10))
	f.Add("bytes=-0, 5-", int64(1)<<62)
	f.Fuzz(func(t *testing.T, value string, size int64) {
		size = max(0, size)
		var specs [rangesMax]rangeSpec
		n, ok := parseRanges(&specs, value)
		if !ok {
			return
		}
		var parts []string
		for _, spec := range specs[:n] {
			parts = append(parts, spec.format())
		}
		var again [rangesMax]rangeSpec
		if m, ok := parseRanges(&again, "bytes="+strings.Join(parts, ",")); !ok || m != n || again != specs {
			t.Fatalf("%q: %v, and then %v", value, specs[:n], again[:m])
		}
		kind, ranges := selectRanges(nil, specs[:n], size)
		if kind != RangePart {
			return
		}
		sorted := slices.Clone(ranges)
		slices.SortFunc(sorted, func(a, b ByteRange) int { return int(min(1, max(-1, a.Start-b.Start))) })
		end := int64(-1)
		for _, r := range sorted {
			if r.Length <= 0 || r.Start <= end || r.Start+r.Length > size {
				t.Fatalf("%q of %d: %v", value, size, ranges)
			}
			end = r.Start + r.Length
		}
		for _, probe := range []int64{0, 1, size / 2, size - 1} {
			asked := slices.ContainsFunc(specs[:n], func(s rangeSpec) bool {
				r, ok := s.within(size)
				return ok && r.Start <= probe && probe < r.Start+r.Length
			})
			given := slices.ContainsFunc(ranges, func(r ByteRange) bool { return r.Start <= probe && probe < r.Start+r.Length })
			if asked != given && size > 0 {
				t.Fatalf("%q of %d: byte %d: asked %v, given %v by %v", value, size, probe, asked, given, ranges)
			}
		}
	})
}

// format writes a spec as it is read.
func (s rangeSpec) format() string {
	switch {
	case s.first < 0:
		return fmt.Sprintf("-%d", s.last)
	case s.last < 0:
		return fmt.Sprintf("%d-", s.first)
	}
	return fmt.Sprintf("%d-%d", s.first, s.last)
}

// A multipart body is what another reader of the format takes apart.
func TestMultipart(t *testing.T) {
	body := []byte("0123456789")
	ranges := []ByteRange{{8, 2}, {0, 3}}
	boundary := Boundary([16]byte{1, 2, 3})
	for _, contentType := range []string{"text/plain", ""} {
		var b []byte
		for _, r := range ranges {
			b = AppendPartHead(b, boundary, contentType, r, 10)
			b = append(b, body[r.Start:r.Start+r.Length]...)
		}
		b = AppendPartsEnd(b, boundary)
		if got := PartsLength(ranges, boundary, contentType, 10); got != int64(len(b)) {
			t.Errorf("PartsLength = %d, want %d", got, len(b))
		}
		_, params, err := mime.ParseMediaType(PartsType(boundary))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(bytes.NewReader(b), params["boundary"])
		for i, want := range []struct{ text, contentRange string }{{"89", "bytes 8-9/10"}, {"012", "bytes 0-2/10"}} {
			part, err := parts.NextPart()
			if err != nil {
				t.Fatalf("part %d: %v", i, err)
			}
			text, err := io.ReadAll(part)
			if err != nil || string(text) != want.text || part.Header.Get("Content-Range") != want.contentRange ||
				part.Header.Get("Content-Type") != contentType {
				t.Errorf("part %d: %q, %v, %v", i, text, part.Header, err)
			}
		}
		if _, err := parts.NextPart(); err != io.EOF {
			t.Errorf("after the last part: %v", err)
		}
	}
	if got := UnsatisfiedRange(10); got != "bytes */10" {
		t.Errorf("UnsatisfiedRange = %q", got)
	}
}
