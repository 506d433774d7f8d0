package rfc9111

import (
	"strings"
	"testing"

	"edge/internal/request"
)

func TestPrecondition(t *testing.T) {
	now, old := at(0), at(-3000*s)
	rep := Representation{Status: 200, ETag: `"x"`, LastModified: old, Date: now}
	weak := Representation{Status: 200, ETag: `W/"x"`}
	dated := Representation{Status: 200, Date: old}
	bare := Representation{Status: 200}
	for _, tt := range []struct {
		name   string
		rep    Representation
		fields []string
		want   int
	}{
		{"no conditions", rep, nil, 0},
		{"the tag is the one", rep, []string{`If-None-Match: "x"`}, 304},
		{"the tag is another", rep, []string{`If-None-Match: "y"`}, 0},
		{"the tag is among several", rep, []string{`If-None-Match: "a", W/"b","x" , "c"`}, 304},
		{"the tag is on the second line", rep, []string{`If-None-Match: "a"`, `If-None-Match: "x"`}, 304},
		{"the comparison is weak", rep, []string{`If-None-Match: W/"x"`}, 304},
		{"the comparison is weak both ways", weak, []string{`If-None-Match: "x"`}, 304},
		{"* is any", bare, []string{"If-None-Match: *"}, 304},
		{"* within a list is none", rep, []string{`If-None-Match: "a", *`}, 0},
		{"a tag with a comma is one tag", Representation{Status: 200, ETag: `"x,y"`}, []string{`If-None-Match: "a", "x,y"`}, 304},
		{"a part of a tag is none", rep, []string{`If-None-Match: "a,"x",b"`}, 0},
		{"a tag without quotes is none", rep, []string{"If-None-Match: x"}, 0},
		{"a tag after one that is none", rep, []string{`If-None-Match: junk, "x"`}, 304},
		{"a tag with something behind it is none", rep, []string{`If-None-Match: "x"y`}, 0},
		{"nothing to compare with", bare, []string{`If-None-Match: "x"`}, 0},
		{"a stored tag that is none matches nothing", Representation{Status: 200, ETag: "x"}, []string{"If-None-Match: x"}, 0},
		{"bytes beyond ASCII match", Representation{Status: 200, ETag: "\"\xc3\xbc\""}, []string{"If-None-Match: \"\xc3\xbc\""}, 304},

		{"not modified since", rep, []string{"If-Modified-Since: " + old}, 304},
		{"not modified since later", rep, []string{"If-Modified-Since: " + now}, 304},
		{"modified since", rep, []string{"If-Modified-Since: " + at(-3001*s)}, 0},
		{"an old form of date", rep, []string{"If-Modified-Since: " + wall.Format("Monday, 02-Jan-06 15:04:05 GMT")}, 304},
		{"a date that is none", rep, []string{"If-Modified-Since: soon"}, 0},
		{"two dates are none", rep, []string{"If-Modified-Since: " + now, "If-Modified-Since: " + now}, 0},
		{"without Last-Modified Date counts", dated, []string{"If-Modified-Since: " + old}, 304},
		{"without Last-Modified a later Date counts", dated, []string{"If-Modified-Since: " + at(-3001*s)}, 0},
		{"without any date", bare, []string{"If-Modified-Since: " + now}, 0},
		{"If-None-Match that fails silences it", rep, []string{`If-None-Match: "y"`, "If-Modified-Since: " + now}, 0},
		{"If-None-Match that holds needs no date", rep, []string{`If-None-Match: "x"`, "If-Modified-Since: " + at(-9000*s)}, 304},

		{"If-Match holds", rep, []string{`If-Match: "a", "x"`}, 0},
		{"If-Match fails", rep, []string{`If-Match: "y"`}, 412},
		{"If-Match is compared strongly", weak, []string{`If-Match: W/"x"`}, 412},
		{"If-Match: * holds", bare, []string{"If-Match: *"}, 0},
		{"If-Match without a stored tag fails", bare, []string{`If-Match: "x"`}, 412},
		{"If-Match goes first", rep, []string{`If-Match: "y"`, `If-None-Match: "x"`}, 412},
		{"If-Match and then If-None-Match", rep, []string{`If-Match: "x"`, `If-None-Match: "x"`}, 304},
		{"unmodified since", rep, []string{"If-Unmodified-Since: " + old}, 0},
		{"modified meanwhile", rep, []string{"If-Unmodified-Since: " + at(-3001*s)}, 412},
		{"If-Match silences it", rep, []string{`If-Match: "x"`, "If-Unmodified-Since: " + at(-3001*s)}, 0},
		{"If-Unmodified-Since that is no date", rep, []string{"If-Unmodified-Since: never"}, 0},
		{"If-Unmodified-Since without Last-Modified", dated, []string{"If-Unmodified-Since: " + at(-9000*s)}, 0},

		{"a redirect has no preconditions", Representation{Status: 301, ETag: `"x"`}, []string{`If-None-Match: "x"`, `If-Match: "y"`}, 0},
		{"an absence neither", Representation{Status: 404, ETag: `"x"`}, []string{`If-None-Match: "x"`}, 0},
		{"203 has", Representation{Status: 203, ETag: `"x"`}, []string{`If-None-Match: "x"`}, 304},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD"} {
				v := viewOf(t, method, "https://example.com/a", tt.fields...)
				if got := Precondition(v, &tt.rep, wall); got != tt.want {
					t.Errorf("%s %q on %+v: got %d, want %d", method, tt.fields, tt.rep, got, tt.want)
				}
			}
		})
	}
	v := viewOf(t, "POST", "https://example.com/a", `If-None-Match: "x"`)
	if got := Precondition(v, &rep, wall); got != 0 {
		t.Errorf("POST: got %d: that is for the origin", got)
	}
}

// A list of tags that was read and written is read as the same; and each of the
// tags is one.
func FuzzEntityTags(f *testing.F) {
	f.Add(`"a", W/"b", x, "c,d" , "`)
	f.Add(`,, W/""`)
	f.Add(`"a"b, "c"`)
	f.Fuzz(func(t *testing.T, list string) {
		tags := allETags(list)
		var parts []string
		for _, tag := range tags {
			text := tag.opaque
			if tag.weak {
				text = "W/" + text
			}
			if got, ok := parseETag(text); !ok || got != tag {
				t.Errorf("%q: %q is read as %v, %v", list, text, got, ok)
			}
			parts = append(parts, text)
		}
		again := allETags(strings.Join(parts, ", "))
		if len(again) != len(tags) {
			t.Fatalf("%q: %v, and then %v", list, tags, again)
		}
		for i := range tags {
			if tags[i] != again[i] {
				t.Errorf("%q: %v, and then %v", list, tags, again)
			}
		}
	})
}

// allETags reads all tags of a list.
func allETags(list string) (tags []entityTag) {
	for list != "" {
		before := len(list)
		tag, rest, ok := nextETag(list)
		if len(rest) >= before {
			panic("nextETag does not go on")
		}
		if list = rest; ok {
			tags = append(tags, tag)
		}
	}
	return tags
}

func BenchmarkPrecondition(b *testing.B) {
	rep := &Representation{Status: 200, ETag: `"0123456789abcdef"`}
	for name, v := range map[string]*request.View{
		"none": view(b), "if-none-match": view(b, `If-None-Match: "0123456789abcdef"`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Precondition(v, rep, wall)
			}
		})
	}
}
