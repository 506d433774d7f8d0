package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/rueidis"
	"pgregory.net/rapid"

	"edge/internal/cache"
)

// stream is e as the stream gives it back.
func stream(at cache.Position, pairs ...string) rueidis.XRangeSlice {
	x := rueidis.XRangeSlice{ID: at.String()}
	for i := 0; i+1 < len(pairs); i += 2 {
		x.FieldValues = append(x.FieldValues, rueidis.XRangeFieldValue{Field: pairs[i], Value: pairs[i+1]})
	}
	return x
}

func TestEntriesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 8), func(b []byte) string { return string(b) })
		names := rapid.SliceOfN(name, 0, 3)
		some := func(label string) []string {
			if list := names.Draw(t, label); len(list) > 0 {
				return list
			}
			return nil
		}
		e := entry{
			at:    cache.Position{Ms: rapid.Uint64().Draw(t, "ms"), Seq: rapid.Uint64().Draw(t, "seq")},
			epoch: cache.Epoch(rapid.Uint64Min(1).Draw(t, "epoch")), process: "p",
			Entry: cache.Entry{ID: cache.EntryID{
				Node: rapid.Uint64Min(1).Draw(t, "node"), Generation: cache.Generation(rapid.Uint64Min(1).Draw(t, "generation")),
			}},
		}
		s := &e.Selector
		s.Soft = rapid.Bool().Draw(t, "soft")
		s.Tags, s.Paths, s.Prefixes, s.Routes, s.Hosts = some("tags"), some("paths"), some("prefixes"), some("routes"), some("hosts")
		if s.All = s.Empty(); s.All {
			s.Hosts = nil
		}
		if diff := cmp.Diff(e, parseEntry(stream(e.at, e.pairs()...)), cmp.AllowUnexported(entry{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestABeginningComesBack(t *testing.T) {
	e := entry{kind: beginning, at: cache.Position{Seq: 1}, epoch: nextEpoch(0), process: "p"}
	if got := parseEntry(stream(e.at, e.pairs()...)); got.name() != e.name() || got.kind != beginning || got.process != "p" {
		t.Errorf("got %+v, want %+v", got, e)
	}
}

func TestEntriesThatCannotBeRead(t *testing.T) {
	at := cache.Position{Ms: 5}
	for _, tt := range []struct {
		name, pairs string
		want        kind
	}{
		{"nothing", "", foreign},
		{"somebody else's", "hello world", foreign},
		{"whole", "v 1 e 1 r p n 2 g 3 tag a", invalidation},
		{"a later version", "v 2 e 1 r p n 2 g 3 tag a", unreadable},
		{"a field that nobody knows", "v 1 e 1 r p n 2 g 3 tag a language en", unreadable},
		{"no number", "v 1 e 1 r p n x g 3 tag a", unreadable},
		{"no node", "v 1 e 1 r p g 3 tag a", unreadable},
		{"no epoch", "v 1 r p n 2 g 3 tag a", unreadable},
		{"nothing selected", "v 1 e 1 r p n 2 g 3 soft 1", unreadable},
		{"a beginning", "v 1 e 1 r p k epoch", beginning},
		{"another kind", "v 1 e 1 r p k end", unreadable},
	} {
		got := parseEntry(stream(at, strings.Fields(tt.pairs)...))
		if got.kind != tt.want || got.at != at {
			t.Errorf("%s: kind %d at %v, want %d", tt.name, got.kind, got.at, tt.want)
		}
		if got.kind == unreadable && (!got.Selector.All || got.Selector.Soft) {
			t.Errorf("%s: %+v, want a purge of everything", tt.name, got.Selector)
		}
	}
}

func TestEpochsGrow(t *testing.T) {
	first := nextEpoch(0)
	if second := nextEpoch(first); first == 0 || second <= first || second == nextEpoch(first) {
		t.Errorf("%x and then %x, want them to grow and never to be the same", first, second)
	}
}

func TestAnnouncements(t *testing.T) {
	want := member{
		name: "web 1", until: now().Add(time.Minute),
		stamp: cache.Stamp{Epoch: 0xabc, At: cache.Position{Ms: 5, Seq: 6}},
	}
	got, ok := parseMember("abc 5-6 60000 web 1", want.until.Add(-time.Minute))
	if !ok || got != want {
		t.Errorf("got %+v, %v, want %+v", got, ok, want)
	}
	if got, ok := parseMember("abc 5-6 60000 ", 0); !ok || !got.gone {
		t.Errorf("without a name: %+v, %v, want it gone", got, ok)
	}
	for _, text := range []string{"", "a", "x 5-6 1 a", "abc 5 6 1", "abc five 6 a", "abc 5-6 -1 a"} {
		if got, ok := parseMember(text, 0); ok {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add("5-0", "v", "1", "e", "1", "tag", "a")
	f.Add("", "", "", "k", "epoch", "n", "ffffffffffffffffff")
	f.Fuzz(func(t *testing.T, id, f1, v1, f2, v2, f3, v3 string) {
		x := stream(cache.Position{}, f1, v1, f2, v2, f3, v3)
		x.ID = id
		if e := parseEntry(x); e.kind == invalidation && e.Selector.Empty() {
			t.Errorf("%+v invalidates nothing", e)
		}
	})
}

func TestPausesGrowAndAreSpread(t *testing.T) {
	b := backoff{least: time.Second, most: 10 * time.Second}
	seen := map[time.Duration]bool{}
	for i, most := range []time.Duration{1, 2, 4, 8, 10, 10} {
		most *= time.Second
		if got := b.next(); got < most/2 || got > most {
			t.Errorf("pause %d is %v, want it between %v and %v", i, got, most/2, most)
		} else {
			seen[got] = true
		}
	}
	if len(seen) < 5 {
		t.Errorf("pauses %v: not spread", seen)
	}
	if b.reset(); b.next() > time.Second {
		t.Error("after a success it is not short again")
	}
}
