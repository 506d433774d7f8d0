package fleet

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

var update = flag.Bool("update", false, "write testdata anew")

// aStored is an object with everything that an object may have.
func aStored() *stored {
	return &stored{
		object: &cache.Object{
			Meta: rfc9111.Meta{
				Lifetime: time.Hour, Heuristic: rfc9111.Unset, StaleWhileRevalidate: rfc9111.Unset, StaleIfError: rfc9111.Forever,
				Facts: rfc9111.FactPublic | rfc9111.FactETag, Status: 200, Dither: 7,
			},
			Head:      cache.MakeHead(http.Header{"Content-Type": {"text/html"}, "Link": {"a", "b"}}),
			Body:      cache.NewBody([][]byte{[]byte("hello, "), []byte("world")}),
			ETag:      `"abc"`,
			Labels:    cache.Labels{Tags: []string{"posts", "\xff\x00"}, Path: "/a", Place: &cache.Place{Scheme: "https", Host: "a.test", Route: "/[x]", Labelling: 9}},
			Selection: cache.NewSelection([]byte("selector"), http.Header{"Accept-Language": {"de", "en"}, "X-A": {""}}),
		},
		vary:  []string{"accept-language", "x-a"},
		stamp: cache.Stamp{Epoch: 1<<48 | 5, At: cache.Position{Ms: 1700000000000, Seq: 3}},
		age:   90 * time.Second,
	}
}

// flat is a stored object in a form that can be compared.
func flat(s *stored) map[string]any {
	o := s.object
	l := &o.Labels
	return map[string]any{
		"meta": o.Meta, "head": string(o.Head.Raw()), "body": string(bytes.Join(o.Body.AppendChunks(nil), nil)), "etag": o.ETag,
		"labels": []any{l.Tags, l.Scheme, l.Host, l.Path, l.Route, l.Labelling}, "selector": o.Selector(), "selecting": o.Selecting(), "vary": s.vary, "stamp": s.stamp, "age": s.age,
	}
}

func TestObjectsComeBackAsTheyWere(t *testing.T) {
	key := []byte("key")
	plain := aStored()
	plain.vary, plain.object.Selection, plain.object.Labels.Tags = nil, nil, nil
	plain.object.Body = cache.NewBody(nil)
	for _, s := range []*stored{aStored(), plain} {
		frame := encodeObject(key, s, time.Minute)
		if err := checkFrame(frame); err != nil {
			t.Fatal(err)
		}
		got, err := decodeObject(frame, key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(flat(s), flat(got)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if info, err := parseFrameHead(frame); err != nil || info.toLive != time.Minute || info.length != len(frame) {
			t.Errorf("head %+v, %v", info, err)
		}
		if _, err := decodeObject(frame, []byte("other")); !errors.Is(err, errOtherKey) {
			t.Errorf("for another key: %v", err)
		}
	}
}

func TestRulesComeBackAsTheyWere(t *testing.T) {
	frame := encodeRule([]byte("key"), []string{"accept", "cookie"}, time.Minute)
	if err := checkFrame(frame); err != nil {
		t.Fatal(err)
	}
	vary, err := decodeRule(frame, []byte("key"))
	if err != nil || !cmp.Equal(vary, []string{"accept", "cookie"}) {
		t.Errorf("got %q, %v", vary, err)
	}
	if _, err := decodeRule(frame, []byte("other")); !errors.Is(err, errOtherKey) {
		t.Errorf("for another key: %v", err)
	}
}

// The format does not change by accident: nodes of two versions share a server
// while they are rolled out. Who changes it raises frameVersion.
func TestTheFormatStays(t *testing.T) {
	const file = "testdata/frame.hex"
	got := hex.EncodeToString(encodeObject([]byte("key"), aStored(), time.Minute)) + "\n" +
		hex.EncodeToString(encodeRule([]byte("key"), []string{"accept"}, time.Minute)) + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the frame is another one than version %d has been: raise frameVersion, and write %s anew with -update\ngot  %swant %s", frameVersion, file, got, want)
	}
}

// A frame that lost something, or got something else, in any place, is no frame.
func TestBrokenFrames(t *testing.T) {
	frame := encodeObject([]byte("key"), aStored(), time.Minute)
	for n := range len(frame) {
		if checkFrame(frame[:n]) == nil {
			t.Fatalf("the first %d of %d bytes are a frame", n, len(frame))
		}
	}
	if checkFrame(append(bytes.Clone(frame), 0)) == nil {
		t.Error("one byte more is a frame")
	}
	for i := range frame {
		for bit := range 8 {
			broken := bytes.Clone(frame)
			broken[i] ^= 1 << bit
			if checkFrame(broken) == nil {
				t.Fatalf("bit %d of byte %d makes no difference", bit, i)
			}
		}
	}
	later := bytes.Clone(frame)
	later[4]++
	if err := checkFrame(later); !errors.Is(err, errVersion) {
		t.Errorf("a later version: %v, want it told apart from garbage", err)
	}
}

// resum gives a frame the sum that it ought to have: what a decoder must survive
// beyond accidents.
func resum(b []byte) []byte {
	if len(b) >= frameHead {
		binary.BigEndian.PutUint32(b[8:], uint32(len(b)))
		binary.BigEndian.PutUint64(b[sumAt:], frameSum(b))
	}
	return b
}

func TestDecodersSurviveAnything(t *testing.T) {
	whole := encodeObject([]byte("key"), aStored(), time.Minute)
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(whole)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			at := rapid.IntRange(frameHead, len(b)-1).Draw(t, "at")
			b[at] = rapid.Byte().Draw(t, "byte")
		}
		b = resum(b[:rapid.IntRange(frameHead, len(b)).Draw(t, "length")])
		if err := checkFrame(b); err != nil {
			t.Fatal(err)
		}
		decodeRule(b, []byte("key"))
		s, err := decodeObject(b, []byte("key"))
		if err == nil && (s.age < 0 || s.object.Meta.Status < 100) {
			t.Fatalf("decoded to %+v", flat(s))
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add(encodeObject([]byte("key"), aStored(), time.Minute))
	f.Add(encodeRule([]byte("key"), []string{"a"}, time.Minute))
	f.Add([]byte(frameMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if checkFrame(resum(bytes.Clone(b))) != nil {
			return
		}
		s, err := decodeObject(b, []byte("key"))
		if err != nil {
			return
		}
		again, err := decodeObject(encodeObject([]byte("key"), s, time.Minute), []byte("key"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(flat(s), flat(again)); diff != "" {
			t.Error(diff)
		}
	})
}
