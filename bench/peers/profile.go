package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// profiles is the case of where edge's time goes.
type profiles struct {
	entries []entry
	titles  map[string]string
}

func (c *profiles) measure(b *bench) (*result, error) {
	r := &result{Profiles: make(map[string]string)}
	for _, e := range c.entries {
		text, err := c.one(b, &e)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		r.Order = append(r.Order, e.name)
		r.Profiles[e.name] = text
	}
	return r, nil
}

// one returns the profile of edge under the load of e, as a tree.
func (c *profiles) one(b *bench, e *entry) (_ string, err error) {
	s, err := b.start(e.setup)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := b.fill(s, &e.load); err != nil {
		return "", err
	}
	d := max(3*time.Second, b.seconds)
	var profile []byte
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() {
		profile, failed = fetch(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.admin, d/time.Second))
	})
	_, err = wrk(b, s, &e.load, e.cores, fmt.Sprintf("p%d", time.Now().UnixNano()), d+time.Second)
	wg.Wait()
	if err := errors.Join(err, failed); err != nil {
		return "", err
	}
	file := b.file("profile")
	if err := os.WriteFile(file, profile, 0o644); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "tool", "pprof", "-traces", file).Output()
	if err != nil {
		return "", commandError("go tool pprof", err)
	}
	root, err := parseTraces(string(out))
	if err != nil {
		return "", err
	}
	return root.text(), nil
}

// frame is a function in the calls of a profile, with the time of it and of all
// that it called.
type frame struct {
	name    string
	time    time.Duration
	callees map[string]*frame
}

func (f *frame) callee(name string) *frame {
	if f.callees == nil {
		f.callees = make(map[string]*frame)
	}
	c := f.callees[name]
	if c == nil {
		c = &frame{name: name}
		f.callees[name] = c
	}
	return c
}

// parseTraces reads "go tool pprof -traces": stacks between lines of dashes, the
// innermost function first, with the time before it.
func parseTraces(text string) (*frame, error) {
	root := new(frame)
	var stack []string
	var took time.Duration
	flush := func() {
		f := root
		f.time += took
		for _, name := range slices.Backward(stack) {
			f = f.callee(name)
			f.time += took
		}
		stack, took = stack[:0], 0
	}
	begun := false
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "-----------+") {
			flush()
			begun = true
			continue
		}
		if !begun || line == "" {
			continue
		}
		if len(stack) == 0 {
			first, rest, _ := strings.Cut(line, " ")
			d, err := time.ParseDuration(first)
			if err != nil {
				return nil, fmt.Errorf("a trace begins with %q: %w", line, err)
			}
			took, line = d, strings.TrimSpace(rest)
		}
		stack = append(stack, strings.TrimSuffix(line, " (inline)"))
	}
	flush()
	if root.time == 0 {
		return nil, errors.New("the profile is empty")
	}
	return root, nil
}

// Of the tree that is printed: the least share of a line, and how deep it goes
// below where time parts.
const (
	leastShare = 0.02
	deepest    = 24
)

// text prints the tree: a line for every function with its share, those with
// most first. Functions that only call one other are left out.
func (f *frame) text() string {
	var b strings.Builder
	f.print(&b, f.time, 0)
	return b.String()
}

func (f *frame) print(b *strings.Builder, all time.Duration, depth int) {
	large := make([]*frame, 0, len(f.callees))
	for _, c := range f.callees {
		if float64(c.time) >= leastShare*float64(all) {
			large = append(large, c)
		}
	}
	slices.SortFunc(large, func(a, c *frame) int {
		if a.time != c.time {
			return int(c.time - a.time)
		}
		return strings.Compare(a.name, c.name)
	})
	for _, c := range large {
		c = c.straight()
		b.WriteString(fmt.Sprintf("%4.1f%% %s%s\n", 100*float64(c.time)/float64(all), strings.Repeat("  ", depth), short(c.name)))
		if depth < deepest {
			c.print(b, all, depth+1)
		}
	}
}

// straight follows calls for as long as one function takes nearly all the time
// of its caller.
func (f *frame) straight() *frame {
	for {
		var only *frame
		for _, c := range f.callees {
			if float64(c.time) >= 0.98*float64(f.time) {
				only = c
			}
		}
		if only == nil {
			return f
		}
		f = only
	}
}

// short is the name without the path of its package and type parameters.
func short(name string) string {
	var b strings.Builder
	depth := 0
	for _, c := range name {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth == 0:
			b.WriteRune(c)
		}
	}
	name = b.String()
	return name[strings.LastIndexByte(name, '/')+1:]
}

// report prints the trees.
func (c *profiles) report(w *report, r *result) {
	w.title("Where the time goes", "Shares of edge's CPU time under full load, callers above what they call; what takes less than "+
		strconv.Itoa(int(leastShare*100))+" % is left out, and so are functions that only call another.", r)
	for _, name := range r.Order {
		w.printf("%s:\n\n```\n%s```\n\n", c.titles[name], r.Profiles[name])
	}
}
