package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// patience is how long a program may take to start, or to end when told to.
const patience = 20 * time.Second

// process is a program that the benchmark has started. It leads a process group
// of its own, which ends with it.
type process struct {
	name  string
	cmd   *exec.Cmd
	said  *os.File      // what it printed
	ended chan struct{} // closed when it has ended
}

// spawn says how to start a process.
type spawn struct {
	name string
	// cores are those it may run on, as taskset takes them.
	cores string
	// dir is its working directory; what it prints goes to a file there.
	dir string
	env []string
	// stdout takes its standard output instead, when it is not nil.
	stdout *os.File
	args   []string
}

// start starts a process. The caller must stop it.
func (s spawn) start() (*process, error) {
	said, err := os.Create(filepath.Join(s.dir, s.name+".out"))
	if err != nil {
		return nil, err
	}
	p := &process{name: s.name, said: said, ended: make(chan struct{})}
	p.cmd = exec.Command("taskset", append([]string{"-c", s.cores}, s.args...)...)
	p.cmd.Dir, p.cmd.Env = s.dir, append(os.Environ(), s.env...)
	p.cmd.Stdout, p.cmd.Stderr = said, said
	if s.stdout != nil {
		p.cmd.Stdout = s.stdout
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		said.Close()
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	go func() { // ends with the process
		_ = p.cmd.Wait() // how it ended does not matter; that it ended early is seen by who asks it
		close(p.ended)
	}()
	return p, nil
}

// startSaying starts a process that prints one line when it is ready, and
// returns that line.
func (s spawn) startSaying() (*process, string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	s.stdout = w
	p, err := s.start()
	w.Close()
	if err != nil {
		r.Close()
		return nil, "", err
	}
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, "", errors.Join(err, p.stop())
	}
	in := bufio.NewReader(r)
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s did not say that it is ready: %w\n%s", s.name, err, p.output()), p.stop())
	}
	_ = r.SetReadDeadline(time.Time{}) // it worked a moment ago
	go func() {                        // ends with the process
		_, _ = io.Copy(io.Discard, in)
		r.Close()
	}()
	return p, strings.TrimSpace(line), nil
}

// stop ends the process and its children at once: none has anything to lose.
func (p *process) stop() error {
	defer p.said.Close()
	family, err := tree([]int{p.cmd.Process.Pid})
	if err != nil {
		family = nil // it has ended by itself
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // the error says that all have ended
	select {
	case <-p.ended:
	case <-time.After(patience):
		return fmt.Errorf("%s does not end", p.name)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		family = slices.DeleteFunc(family, func(s stat) bool { return syscall.Kill(s.pid, 0) != nil })
		if len(family) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d of %s does not end", family[0].pid, p.name)
		}
	}
}

// output returns the end of what the process has printed.
func (p *process) output() string {
	text, err := os.ReadFile(p.said.Name())
	if err != nil {
		return err.Error()
	}
	const most = 2000
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}
