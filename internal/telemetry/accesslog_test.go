package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"edge/internal/rfc9111"
)

var sampleLine = LogLine{
	Time:   time.Date(2026, 11, 22, 15, 4, 5, 678e6, time.FixedZone("", 3600)),
	Method: "GET", Scheme: "https", Host: "www.example.com", Path: "/api/posts/1",
	Route: "/api/posts/[id]", Mode: "force-static", Served: "hit", Reason: "fresh",
	Client: "192.0.2.1", Status: 200, Bytes: 1234,
	Duration: 1500 * time.Microsecond, TTL: 41500 * time.Millisecond,
	Address: "10.0.0.1:3000", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
}

func TestLogLine(t *testing.T) {
	tests := []struct {
		name string
		line LogLine
		want string
	}{
		{"everything", sampleLine, `{"time":"2026-11-22T14:04:05.678Z","method":"GET","scheme":"https","host":"www.example.com","path":"/api/posts/1","status":200,"bytes":1234,"duration_seconds":0.001500,"route":"/api/posts/[id]","mode":"force-static","served":"hit","reason":"fresh","address":"10.0.0.1:3000","ttl_seconds":41,"client":"192.0.2.1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}`},
		{"a stale answer", LogLine{Method: "GET", TTL: -90 * time.Second}, `{"time":"0001-01-01T00:00:00.000Z","method":"GET","host":"","path":"","status":0,"bytes":0,"duration_seconds":0.000000,"ttl_seconds":-90}`},
		{"an answer that has just become stale", LogLine{Method: "GET", TTL: -time.Millisecond}, `{"time":"0001-01-01T00:00:00.000Z","method":"GET","host":"","path":"","status":0,"bytes":0,"duration_seconds":0.000000,"ttl_seconds":-1}`},
		{"an answer for ever", LogLine{Method: "GET", TTL: rfc9111.Forever}, `{"time":"0001-01-01T00:00:00.000Z","method":"GET","host":"","path":"","status":0,"bytes":0,"duration_seconds":0.000000}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tt.line.append(nil, newSecond())); got != tt.want+"\n" {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// What is remembered of one line's second does not get into another's.
func TestTimesAndDurations(t *testing.T) {
	remembered := newSecond()
	for _, at := range []time.Duration{0, 999_999_999, time.Second, 59*time.Second + 4_000_000, time.Second, -time.Nanosecond, 24 * time.Hour} {
		line := LogLine{Time: sampleLine.Time.Add(at), Duration: at}
		want := fmt.Sprintf(`{"time":"%s","method":"","host":"","path":"","status":0,"bytes":0,"duration_seconds":%.6f}`,
			line.Time.UTC().Format("2006-01-02T15:04:05.000Z"), at.Seconds())
		want = strings.ReplaceAll(want, "-0.000000", "0.000000")
		if got := string(line.append(nil, remembered)); got != want+"\n" {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	if got := string(openObject(nil).seconds("d", -1500*time.Millisecond).close()); got != `{"d":-1.500000}`+"\n" {
		t.Errorf("a duration of -1.5 s is %s", got)
	}
}

// Whatever a client sends, a line is one line of JSON without control
// characters, and reads back as what was sent.
func TestLogInjection(t *testing.T) {
	for _, evil := range []string{
		"\r\n{\"status\":200}", "\x1b[2J\x1b]0;title\x07", `","status":500,"x":"`, `\`, "\x00\x7f", "a\u2028b\u2029c",
		"\u009b31m", "ä€😀", "\xff\xfe\xc3", "\xed\xa0\x80",
	} {
		line := LogLine{Method: evil, Host: evil, Path: evil, Client: evil, TraceID: evil}
		got := line.append(nil, newSecond())
		if n := bytes.IndexByte(got, '\n'); n != len(got)-1 {
			t.Errorf("%q: a line break inside the line %q", evil, got)
		}
		for _, r := range string(got[:len(got)-1]) {
			if r < ' ' || r >= 0x7f && r <= 0x9f || r == '\u2028' || r == '\u2029' {
				t.Errorf("%q: control character %U in %q", evil, r, got)
			}
		}
		var fields map[string]any
		if err := json.Unmarshal(got, &fields); err != nil {
			t.Fatalf("%q: %v in %q", evil, err, got)
		}
		want := strings.ToValidUTF8(evil, "\x00")
		if utf8.ValidString(evil) && (fields["path"] != want || fields["client"] != want) {
			t.Errorf("%q reads back as %q", evil, fields["path"])
		}
		if fields["status"] != 0.0 {
			t.Errorf("%q changed the status to %v", evil, fields["status"])
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\"\\\x00\xff\u2028ä")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		quoted := appendText(nil, s)
		if err := json.Unmarshal(quoted, &got); err != nil {
			t.Fatalf("%q becomes %q: %v", s, quoted, err)
		}
		// encoding/json is another's opinion of what is not UTF-8.
		theirs, _ := json.Marshal(s)
		var want string
		json.Unmarshal(theirs, &want)
		if len(s) <= maxText && got != want {
			t.Errorf("%q reads back as %q, want %q", s, got, want)
		}
	})
}

func TestLongTextIsCut(t *testing.T) {
	line := LogLine{Path: strings.Repeat("ä", maxText)}
	got := line.append(nil, newSecond())
	if len(got) > maxText+300 || !bytes.Contains(got, []byte("…")) || !json.Valid(got) {
		t.Errorf("a path of %d bytes makes a line of %d", len(line.Path), len(got))
	}
}

func TestAccessLogWritesEverythingBeforeClose(t *testing.T) {
	var out bytes.Buffer
	c := New("", "")
	l := NewAccessLog(&out, c)
	if !l.Enabled() {
		t.Error("not enabled")
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 100 {
				l.Log(LogLine{Path: fmt.Sprintf("/%d/%d", g, i)})
			}
		})
	}
	wg.Wait()
	l.Close()
	seen := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		var fields struct{ Path string }
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		seen[fields.Path] = true
	}
	if len(seen) != 400 || c.droppedLines.Load() != 0 {
		t.Errorf("%d lines written, %d dropped; want 400 and none", len(seen), c.droppedLines.Load())
	}
	l.Log(LogLine{})
	if got := c.droppedLines.Load(); got != 1 {
		t.Errorf("%d lines dropped after Close, want 1", got)
	}
}

// writes are the sizes of what was written, one after the other.
type writes struct {
	mu    sync.Mutex
	sizes []int // guarded by mu
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sizes = append(w.sizes, len(p))
	return len(p), nil
}

// Lines are written together: once there are enough, and none waits longer than
// lineWait.
func TestLinesAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writes{}
		l := NewAccessLog(w, New("", ""))
		defer l.Close()
		size := len(sampleLine.append(nil, newSecond()))
		expect := func(when string, want ...int) {
			t.Helper()
			synctest.Wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			if !slices.Equal(w.sizes, want) {
				t.Fatalf("%s: %d bytes were written, want %d", when, w.sizes, want)
			}
		}
		for range 3 {
			l.Log(sampleLine)
			time.Sleep(lineWait/3 + 1)
		}
		expect("soon", 3*size)
		l.Log(sampleLine)
		time.Sleep(lineWait - time.Nanosecond)
		expect("just before its time", 3*size)
		time.Sleep(time.Nanosecond)
		expect("a line alone", 3*size, size)
		enough := (enoughQueued + size - 1) / size
		for range enough {
			l.Log(sampleLine)
		}
		expect("many", 3*size, size, enough*size)
	})
}

// A pipe that nobody reads holds up neither Log nor, for long, Close; what did
// not fit is counted; and when somebody reads, whole lines come out.
func TestAccessLogOnAStuckWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		c := New("", "")
		l := NewAccessLog(w, c)
		start := time.Now()
		const lines = 3 * maxQueued / 300
		for range lines {
			l.Log(sampleLine)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("Log waited %v", waited)
		}
		dropped := c.droppedLines.Load()
		if dropped == 0 || dropped >= lines {
			t.Errorf("%d of %d lines dropped, want some", dropped, lines)
		}
		l.Close()
		if waited := time.Since(start); waited != closeWait {
			t.Errorf("Close waited %v, want %v", waited, closeWait)
		}
		go func() { <-l.done; w.Close() }()
		out, _ := io.ReadAll(r)
		if got := uint64(bytes.Count(out, []byte("\n"))); got+dropped != lines {
			t.Errorf("%d lines written and %d dropped, want %d together", got, dropped, lines)
		}
	})
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAccessLogCountsWhatTheWriterRefuses(t *testing.T) {
	c := New("", "")
	l := NewAccessLog(failingWriter{}, c)
	for range 10 {
		l.Log(sampleLine)
	}
	l.Close()
	if got := c.droppedLines.Load(); got != 10 {
		t.Errorf("%d lines dropped, want 10", got)
	}
}

func TestNoAccessLog(t *testing.T) {
	l := NewAccessLog(nil, New("", ""))
	if l.Enabled() {
		t.Error("enabled without a writer")
	}
	l.Log(sampleLine)
	l.Close()
	if got := l.counters.droppedLines.Load(); got != 0 {
		t.Errorf("%d lines dropped, want none: there is no log", got)
	}
}

func BenchmarkAccessLog(b *testing.B) {
	l := NewAccessLog(io.Discard, New("", ""))
	defer l.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Log(sampleLine)
		}
	})
}

// An operator reads of every field in the handbook.
func TestAccessLogIsDocumented(t *testing.T) {
	handbook, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(handbook), "## The access log")
	section, _, _ = strings.Cut(section, "\n## ")
	var line map[string]any
	if err := json.Unmarshal(sampleLine.append(nil, newSecond()), &line); err != nil {
		t.Fatal(err)
	}
	if fields := reflect.TypeFor[LogLine]().NumField(); len(line) != fields {
		t.Errorf("the sample has %d of the %d fields: fill in the rest", len(line), fields)
	}
	for field := range line {
		if !strings.Contains(section, "`"+field+"`") {
			t.Errorf("docs/operations.md does not say what %s is: write it under The access log", field)
		}
	}
}
