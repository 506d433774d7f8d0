package stories

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"edge/e2e/harness"
)

// reloads is the series that tells that a reload has ended.
const reloads = "edge_config_reloads_total"

// story is the world of one script.
type story struct {
	origin *harness.Origin
	edge   *harness.Edge
	config string // the file edge runs with
	h1, h2 *harness.Client

	mu      sync.Mutex          // guards answers: the origin reads them while a script changes them
	answers map[string]scripted // by path, or by "METHOD path"
}

// scripted is what the origin was told to say.
type scripted struct {
	harness.Answer
	etag string
}

func (s *story) end() {
	if s.edge != nil {
		s.edge.Kill()
	}
	s.origin.Close()
}

func (s *story) answer(r harness.Request) harness.Answer {
	path, _, _ := strings.Cut(r.Target, "?")
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answers[r.Method+" "+path]
	if !ok {
		a, ok = s.answers[path]
	}
	switch {
	case !ok:
		return harness.Answer{Status: http.StatusNotFound, Body: "the story has no answer for this path"}
	case a.etag != "" && r.Header.Get("If-None-Match") == a.etag:
		return harness.Answer{Status: http.StatusNotModified, Header: a.Header}
	}
	return a.Answer
}

func (s *story) originCmd(_ *testscript.TestScript, args []string) error {
	flags := flag.NewFlagSet("origin", flag.ContinueOnError)
	cut := flags.Bool("cut", false, "break off the body")
	chunked := flags.Bool("chunked", false, "frame the body in chunks")
	if err := flags.Parse(args); err != nil {
		return err
	}
	a := scripted{Answer: harness.Answer{Chunked: *chunked, Truncate: *cut}}
	var target []string
	rest := flags.Args()
	if i := slices.Index(rest, "--"); i >= 0 {
		a.Body = strings.Join(rest[i+1:], " ")
		rest = rest[:i]
	}
	for _, arg := range rest {
		if status, err := strconv.Atoi(arg); err == nil {
			a.Status = status
		} else if name, value, ok := strings.Cut(arg, ": "); ok {
			a.Header = append(a.Header, arg)
			if strings.EqualFold(name, "etag") {
				a.etag = value
			}
		} else {
			target = append(target, arg)
		}
	}
	if len(target) == 0 || len(target) > 2 {
		return errors.New("usage: origin [-cut] [-chunked] [METHOD] PATH [STATUS] ['name: value' …] [-- BODY]")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[strings.Join(target, " ")] = a
	return nil
}

func (s *story) edgeCmd(ts *testscript.TestScript, args []string) (err error) {
	if len(args) != 1 || s.edge != nil {
		return errors.New("usage: edge FILE, once in a story")
	}
	s.config = ts.MkAbs(args[0])
	s.edge, err = harness.Start(harness.Options{
		Args: []string{"-c", s.config},
		Env:  []string{"ORIGIN=" + s.origin.URL},
		Dir:  ts.Getenv("WORK"),
	})
	return err
}

func (s *story) reloadCmd(ts *testscript.TestScript, args []string) error {
	if len(args) != 1 || s.edge == nil {
		return errors.New("usage: reload FILE, after edge")
	}
	before, err := s.edge.Metrics()
	if err != nil {
		return err
	}
	text := ts.ReadFile(args[0])
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		return err
	}
	if err := s.edge.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	if !harness.Eventually(func() bool {
		now, err := s.edge.Metrics()
		return err == nil && now.Sum(reloads) > before.Sum(reloads)
	}) {
		return fmt.Errorf("edge has not reloaded:\n%s", s.edge.Output())
	}
	return nil
}

// lines collects a flag that may be given often.
type lines []string

func (l *lines) String() string     { return strings.Join(*l, ", ") }
func (l *lines) Set(v string) error { *l = append(*l, v); return nil }

func (s *story) getCmd(ts *testscript.TestScript, args []string) error {
	flags := flag.NewFlagSet("get", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	method := flags.String("X", http.MethodGet, "")
	body := flags.String("d", "", "")
	h2 := flags.Bool("h2", false, "")
	broken := flags.Bool("broken", false, "")
	var header lines
	flags.Var(&header, "H", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.edge == nil || flags.NArg() == 0 {
		return errors.New("usage: get [-X METHOD] [-H 'name: value'] [-d BODY] [-h2] [-broken] PATH [PATTERN …], after edge")
	}
	req, err := harness.NewRequest(*method, s.edge.URL(flags.Arg(0)), *body, header...)
	if err != nil {
		return err
	}
	client := s.h1
	if *h2 {
		client = s.h2
	}
	res, err := client.Do(req)
	if *broken {
		if err == nil && res.Status < http.StatusInternalServerError {
			return fmt.Errorf("the answer is whole:\n%s", render(res))
		}
		return nil
	}
	if err != nil {
		return err
	}
	text := render(res)
	ts.Logf("%s", text)
	return match(text, flags.Args()[1:])
}

// render writes an answer as patterns see it.
func render(res harness.Response) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d %s\n", res.Status, http.StatusText(res.Status))
	var fields []string
	for name, values := range res.Header {
		for _, value := range values {
			fields = append(fields, strings.ToLower(name)+": "+value+"\n")
		}
	}
	slices.Sort(fields)
	return b.String() + strings.Join(fields, "") + "\n" + res.Body
}

func match(text string, patterns []string) error {
	for _, pattern := range patterns {
		expr, unwanted := strings.CutPrefix(pattern, "!")
		re, err := regexp.Compile("(?m)" + expr)
		if err != nil {
			return err
		}
		if re.MatchString(text) == unwanted {
			return fmt.Errorf("%s does not hold in:\n%s", pattern, text)
		}
	}
	return nil
}

func (s *story) sawCmd(_ *testscript.TestScript, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: saw COUNT PATH [PATTERN …]")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var heads []string
	for _, r := range s.origin.Requests() {
		if path, _, _ := strings.Cut(r.Target, "?"); path == args[1] {
			heads = append(heads, strings.ReplaceAll(r.Head, "\r\n", "\n"))
		}
	}
	if got := len(heads); got != want {
		return fmt.Errorf("the origin was asked %d times for %s, want %d:\n%s", got, args[1], want, strings.Join(heads, ""))
	}
	if want == 0 {
		return nil
	}
	return match(heads[want-1], args[2:])
}

func (s *story) forgetCmd(*testscript.TestScript, []string) error {
	s.origin.Forget()
	return nil
}

func (s *story) purgeCmd(ts *testscript.TestScript, args []string) error {
	binary, err := harness.Binary()
	if err != nil {
		return err
	}
	cmd := exec.Command(binary, append([]string{"purge", "--admin", s.edge.AdminURL("")}, args...)...)
	out, err := cmd.CombinedOutput()
	ts.Logf("%s", out)
	if err != nil {
		return fmt.Errorf("edge purge: %w\n%s", err, out)
	}
	return nil
}

func (s *story) idleCmd(*testscript.TestScript, []string) error {
	if !harness.Eventually(s.edge.Idle) {
		return errors.New("a fetch does not end")
	}
	return nil
}

func (s *story) metricCmd(_ *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: metric NAME VALUE")
	}
	want, err := strconv.ParseFloat(args[1], 64)
	if err != nil {
		return err
	}
	got := 0.0
	if !harness.Eventually(func() bool {
		m, failed := s.edge.Metrics()
		got, err = m.Sum(args[0]), failed
		return err == nil && got == want
	}) {
		return errors.Join(err, fmt.Errorf("%s is %v, want %v", args[0], got, want))
	}
	return nil
}
