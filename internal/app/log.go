package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"edge/internal/policy"
	"edge/internal/proxy"
	"edge/internal/rfc9111"
)

// openAccessLog opens what access_log names; nil for none.
func (a *App) openAccessLog(name string) (io.Writer, error) {
	switch {
	case a.o.AccessLog != nil:
		return a.o.AccessLog, nil
	case name == "off":
		return nil, nil
	case name == "stdout":
		return os.Stdout, nil
	case name == "stderr":
		return os.Stderr, nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("access_log: %w", err)
	}
	a.closeLog = f.Close
	return f, nil
}

// tell logs what the owner should know of a policy that is now in force.
func (a *App) tell(p *policy.Policy) {
	for _, w := range p.Warnings {
		a.log.LogAttrs(context.Background(), slog.LevelWarn, w.Message, told(slog.String("at", placeOf(&w)), slog.String("hint", w.Hint))...)
	}
	a.warnDescriptors(p.Settings.Limits)
	for _, c := range a.doors.Certificates() {
		a.warnExpired(c)
	}
}

// told are the attributes that say something.
func told(attrs ...slog.Attr) []slog.Attr {
	return slices.DeleteFunc(attrs, func(a slog.Attr) bool { return a.Value.String() == "" })
}

// placeOf is where a problem is, as editors write it.
func placeOf(p *policy.Problem) string {
	return policy.Place{File: p.File, Line: p.Line, Column: p.Column}.String()
}

// loggedProblem is a problem of a policy file in the log.
type loggedProblem struct {
	At      string `json:"at"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// problemsOf is a refused policy as an attribute of a log line.
func problemsOf(err error) slog.Attr {
	var problems policy.Problems
	if !errors.As(err, &problems) {
		return slog.String("error", err.Error())
	}
	list := make([]loggedProblem, len(problems))
	for i, p := range problems {
		list[i] = loggedProblem{placeOf(&p), p.Message, p.Hint}
	}
	return slog.Any("problems", list)
}

// trace logs the rare events of the proxy.
func (a *App) trace() proxy.Trace {
	failures := newQuiet[outage](a.now)
	return proxy.Trace{
		Violation: func(r *policy.Route, path string, v rfc9111.Violation, reason rfc9111.Reason) {
			a.log.Warn("the origin's answer contradicts the mode of its route",
				"route", r.Pattern, "mode", r.Mode.String(), "path", path,
				"violation", v.String(), "reason", reason.String(), "meaning", reason.Text())
		},
		OriginFailed: func(name string, reason rfc9111.Reason, err error) {
			text := ""
			if err != nil {
				text = err.Error()
			}
			if more, tell := failures.tell(outage{name, reason}); tell {
				a.log.Warn("the origin failed", "origin", name, "reason", reason.String(), "error", text, "failures_not_told", more)
			}
		},
		Panicked: func(v any) {
			a.log.Error("a request panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		},
	}
}

// outage is a kind of failure of an origin.
type outage struct {
	origin string
	reason rfc9111.Reason
}

// quiet keeps the log short while something goes wrong all the time: one line a
// second for each kind of it. The metrics count them all.
type quiet[K comparable] struct {
	now    func() rfc9111.Instant
	mu     sync.Mutex // protects byKind
	byKind map[K]*line
}

func newQuiet[K comparable](now func() rfc9111.Instant) *quiet[K] {
	return &quiet[K]{now: now, byKind: map[K]*line{}}
}

// line is when something was last told, and how often it was not since.
type line struct {
	at   rfc9111.Instant
	more int
}

// tell reports whether to tell of k now, and how many were not told before it.
func (q *quiet[K]) tell(k K) (more int, tell bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now, t := q.now(), q.byKind[k]
	if t != nil && now.Sub(t.at) < time.Second {
		t.more++
		return 0, false
	}
	if t != nil {
		more = t.more
	}
	q.byKind[k] = &line{at: now}
	return more, true
}
