package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything that should happen at once may take on a busy
// machine before a test gives up.
const patience = 30 * time.Second

// Options say how to run edge.
type Options struct {
	// Args follow "edge run": "--origin", url, or "-c", file.
	Args []string
	// Env is added to the environment of the test.
	Env []string
	// Dir is the working directory; empty for the test's own.
	Dir string
	// OwnListen leaves it to the policy file where edge listens.
	OwnListen bool
	// Sockets are passed on as systemd does it, under Names.
	Sockets []*os.File
	Names   []string
}

// Edge is a running "edge run". Its methods are safe for concurrent use.
type Edge struct {
	// Listen and Admin are the addresses it is bound to, "127.0.0.1:port";
	// Listeners has all of the data plane, Listen the first of them.
	Listen, Admin string
	Listeners     []string

	cmd    *exec.Cmd
	output *syncBuffer
	exited chan struct{} // closed when the process has ended; then err is set
	err    error
}

// Start runs edge on ports of the system's choice and returns when it accepts
// connections. The caller must Kill it.
func Start(o Options) (*Edge, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	args := append([]string{"run"}, o.Args...)
	if !o.OwnListen {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	args = append(args, "--admin", "127.0.0.1:0", "--print-addresses")
	e := &Edge{cmd: o.command(binary, args), output: new(syncBuffer), exited: make(chan struct{})}
	e.cmd.Stderr = e.output
	stdout, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan error, 1)
	go e.watch(stdout, ready) // ends when the process closes its stdout
	select {
	case err = <-ready:
	case <-time.After(patience):
		err = errors.New("it printed no addresses")
	}
	if err != nil {
		e.Kill()
		return nil, fmt.Errorf("start edge %s: %w\n%s", strings.Join(args, " "), err, e.Output())
	}
	return e, nil
}

// command is the process to start.
func (o *Options) command(binary string, args []string) *exec.Cmd {
	c := exec.Command(binary, args...)
	c.Env = append(os.Environ(), o.Env...)
	if o.Sockets != nil {
		// LISTEN_PID is that of the process itself, which exec keeps.
		c.Path, c.Args = "/bin/sh", append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, binary}, args...)
		c.Env = append(c.Env, fmt.Sprint("LISTEN_FDS=", len(o.Sockets)), "LISTEN_FDNAMES="+strings.Join(o.Names, ":"))
		c.ExtraFiles = o.Sockets
	}
	c.Dir = o.Dir
	return c
}

// Run is Start for tests: it fails t on an error and kills edge when t ends.
func Run(t testing.TB, o Options) *Edge {
	t.Helper()
	e, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.Kill()
		if t.Failed() {
			t.Logf("edge said:\n%s", e.Output())
		}
	})
	return e
}

// watch reads the line with the addresses and then keeps what else is printed.
func (e *Edge) watch(stdout io.Reader, ready chan<- error) {
	r := bufio.NewReader(stdout)
	line, err := r.ReadBytes('\n')
	if err == nil {
		var at struct {
			Listen, Admin string
			Listeners     []string
		}
		err = json.Unmarshal(line, &at)
		e.Listen, e.Admin, e.Listeners = at.Listen, at.Admin, at.Listeners
	}
	if err != nil {
		e.output.Write(line)
	}
	ready <- err
	io.Copy(e.output, r)
	e.err = e.cmd.Wait()
	close(e.exited)
}

// URL returns the URL of a path on the data plane.
func (e *Edge) URL(path string) string { return "http://" + e.Listen + path }

// AdminURL returns the URL of a path on the admin listener.
func (e *Edge) AdminURL(path string) string { return "http://" + e.Admin + path }

// Output returns what edge has printed so far, but for the addresses.
func (e *Edge) Output() string { return e.output.String() }

// Signal sends a signal.
func (e *Edge) Signal(s syscall.Signal) error { return e.cmd.Process.Signal(s) }

// Stop stops the process, until it gets SIGCONT. It returns when no thread of it
// runs any more: on a busy machine some go on for a while after the signal.
func (e *Edge) Stop(t testing.TB) {
	t.Helper()
	if err := e.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	Await(t, "edge has stopped", func() bool {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", e.PID()))
		return len(threads) > 0 && !slices.ContainsFunc(threads, running)
	})
}

// running reports whether a thread, by its file in /proc, is not stopped.
func running(stat string) bool {
	text, err := os.ReadFile(stat)
	// The state stands behind the name, which is in parentheses.
	return err == nil && !bytes.HasPrefix(text[bytes.LastIndexByte(text, ')')+1:], []byte(" T "))
}

// PID returns the process id.
func (e *Edge) PID() int { return e.cmd.Process.Pid }

// Wait returns when the process has ended, with its error: nil for exit status
// 0.
func (e *Edge) Wait() error {
	select {
	case <-e.exited:
		return e.err
	case <-time.After(patience):
		return fmt.Errorf("edge did not end within %v", patience)
	}
}

// Kill ends the process at once, without the graceful drain, and waits for it.
func (e *Edge) Kill() {
	e.cmd.Process.Kill() // the error says that it has ended already
	<-e.exited
}

// syncBuffer is a bytes.Buffer that one may write while another reads.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
