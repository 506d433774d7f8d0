package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"edge/internal/app"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"edge": main})
}

var update = flag.Bool("update", false, "write what the scripts compare anew")

// The scripts are what a user sees of every command. Beside those of
// testscript they have these commands:
//
//	exits STATUS COMMAND...  runs a command that must end with STATUS
//	isjson FILE              FILE, or stdout, holds one JSON value
//	origin                   an origin that answers with the path; sets $ORIGIN
//	serve ARGS...            "edge run ARGS" on free ports; sets $EDGE, $ADMIN and
//	                         $LISTEN, the address without http://
//	get URL                  prints the status, the header and the body
//	await URL PATTERN        the same, until the output holds the text
//	signal NAME              sends TERM, INT or HUP to what serve runs
//	insist NAME              the same, again and again until it ends
//	ended STATUS             waits for its end; stdout is then what it logged
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Values[key{}] = &running{exited: make(chan struct{})}
			e.Setenv("EDGE_ADMIN", "http://127.0.0.1:1") // nothing listens there
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"isjson": isJSON,
			"origin": origin,
			"serve":  serveEdge,
			"get":    get,
			"await":  await,
			"signal": sendSignal,
			"insist": insist,
			"ended":  ended,
		},
	})
}

// patience is how long what should happen at once may take on a busy machine.
const patience = 20 * time.Second

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: isjson FILE")
	}
	if text := ts.ReadFile(args[0]); !json.Valid([]byte(text)) {
		ts.Fatalf("not JSON: %s", text)
	}
}

func origin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: origin")
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Tag", "all")
		fmt.Fprintln(w, r.URL.Path)
	}))
	ts.Defer(s.Close)
	ts.Setenv("ORIGIN", s.URL)
}

// running is the edge that serve runs, one for each script.
type running struct {
	cmd    *exec.Cmd       // nil before serve
	log    strings.Builder // complete when exited is closed
	exited chan struct{}
}

// key is where a script keeps its running.
type key struct{}

func serveEdge(ts *testscript.TestScript, neg bool, args []string) {
	path, err := exec.LookPath("edge") // testscript.Main has put it there
	ts.Check(err)
	r := ts.Value(key{}).(*running)
	if neg || r.cmd != nil {
		ts.Fatalf("serve runs once in a script")
	}
	r.cmd = exec.Command(path, append([]string{"run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--print-addresses"}, args...)...)
	r.cmd.Dir, r.cmd.Stderr = ts.Getenv("WORK"), &r.log
	r.cmd.Env = append(os.Environ(), "ORIGIN="+ts.Getenv("ORIGIN"), "EDGE_ADMIN_TOKEN="+ts.Getenv("EDGE_ADMIN_TOKEN"))
	stdout, err := r.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(r.cmd.Start())
	ts.Defer(func() {
		r.cmd.Process.Kill() // the error says that it has ended
		<-r.exited
	})
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadBytes('\n')
	go func() { // ends with the process
		io.Copy(io.Discard, lines)
		r.cmd.Wait() // ProcessState has what it says
		close(r.exited)
	}()
	var at app.Addresses
	if err != nil || json.Unmarshal(line, &at) != nil {
		<-r.exited
		ts.Fatalf("edge printed %q: %v\n%s", line, err, r.log.String())
	}
	ts.Setenv("LISTEN", at.Listen)
	ts.Setenv("EDGE", "http://"+at.Listen)
	ts.Setenv("ADMIN", "http://"+at.Admin)
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: get URL")
	}
	text, err := fetch(args[0])
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), text)
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await URL TEXT")
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		text, err := fetch(args[0])
		if strings.Contains(text, args[1]) {
			fmt.Fprint(ts.Stdout(), text)
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: %s%v", args[0], text, err)
		}
	}
}

func fetch(url string) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	res, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var b strings.Builder
	fmt.Fprintln(&b, res.Status)
	res.Header.Write(&b) // a Builder takes everything
	_, err = io.Copy(&b, res.Body)
	return strings.ReplaceAll(b.String(), "\r\n", "\n"), err
}

var signals = map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal TERM|INT|HUP")
	}
	ts.Check(ts.Value(key{}).(*running).cmd.Process.Signal(signals[args[0]]))
}

func insist(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || signals[args[0]] == 0 {
		ts.Fatalf("usage: insist TERM|INT|HUP")
	}
	r := ts.Value(key{}).(*running)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(patience); ; {
		select {
		case <-r.exited:
			return
		case <-deadline:
			ts.Fatalf("edge goes on")
		case <-again.C:
			_ = r.cmd.Process.Signal(signals[args[0]]) // it may have ended meanwhile
		}
	}
}

func ended(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ended STATUS")
	}
	r := ts.Value(key{}).(*running)
	select {
	case <-r.exited:
	case <-time.After(patience):
		ts.Fatalf("edge goes on")
	}
	fmt.Fprint(ts.Stdout(), r.log.String())
	if got := strconv.Itoa(r.cmd.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("exit status %s, want %s\n%s", got, args[0], r.log.String())
	}
}
