package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/internal/rfc9111"
)

func TestOutagesAreToldOnceASecond(t *testing.T) {
	var now rfc9111.Instant
	o := newQuiet[outage](func() rfc9111.Instant { return now })
	a, b := outage{"a", rfc9111.OriginDial}, outage{"b", rfc9111.OriginDial}
	for i, step := range []struct {
		after time.Duration
		of    outage
		more  int
		tell  bool
	}{
		{0, a, 0, true},
		{0, a, 0, false},
		{0, b, 0, true}, // another origin has its own turn
		{999 * time.Millisecond, a, 0, false},
		{time.Millisecond, a, 2, true},
		{time.Second, a, 0, true},
	} {
		now = now.Add(step.after)
		if more, tell := o.tell(step.of); more != step.more || tell != step.tell {
			t.Errorf("step %d: told %t with %d more, want %t with %d", i, tell, more, step.tell, step.more)
		}
	}
}

func TestAFailedOriginIsLogged(t *testing.T) {
	t.Parallel()
	f := start(t, "http://127.0.0.1:1", policyNamed("a"))
	if got := get(f.url("/")); got.status != 502 {
		t.Fatalf("GET / = %+v", got)
	}
	if got := f.log.lines("the origin failed"); len(got) != 1 || got[0]["origin"] != "default" || !strings.Contains(got[0]["error"].(string), "connection refused") {
		t.Errorf("log: %v", got)
	}
}

func TestAccessLogOfTheFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "access.log")
	a := &App{}
	w, err := a.openAccessLog(name)
	must(t, err)
	_, err = w.Write([]byte("line\n"))
	must(t, err)
	must(t, a.closeLog())
	if text, err := os.ReadFile(name); err != nil || string(text) != "line\n" {
		t.Errorf("%q, %v", text, err)
	}
	for name, want := range map[string]any{"stdout": os.Stdout, "stderr": os.Stderr} {
		if got, err := new(App).openAccessLog(name); got != want || err != nil {
			t.Errorf("openAccessLog(%q) = %v, %v", name, got, err)
		}
	}
	if got, err := new(App).openAccessLog("off"); got != nil || err != nil {
		t.Errorf("openAccessLog(off) = %v, %v", got, err)
	}
}
