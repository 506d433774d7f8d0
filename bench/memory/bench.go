package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bench is what all measurements share.
type bench struct {
	options
	log    *slog.Logger
	dir    string // gone at the end
	origin *process
	// address is the origin's.
	address string
}

// open builds and starts the origin. Close it.
func open(o options, log *slog.Logger) (*bench, error) {
	dir, err := os.MkdirTemp("", "edge-memory-")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, log: log, dir: dir}
	binary := filepath.Join(dir, "origin")
	if out, err := exec.Command("go", "build", "-o", binary, "./bench/peers/origin").CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("go build: %w\n%s", err, out), b.close())
	}
	if b.origin, b.address, err = start(binary); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bench) close() error {
	var err error
	if b.origin != nil {
		err = b.origin.stop()
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}

// policy is the file of an edge with a store of so many MiB.
const policy = `version: 1
listen: "127.0.0.1:0"
hosts: [%s]
origin: {url: "http://%s"}
access_log: off
cache: {memory: %dMiB}
...
`

// with starts an edge with a store of so many MiB, for f.
func (b *bench) with(cacheMB int, f func(*edge) error) error {
	file := filepath.Join(b.dir, fmt.Sprintf("edge-%d.yaml", cacheMB))
	if err := os.WriteFile(file, fmt.Appendf(nil, policy, hostName, b.address, cacheMB), 0o644); err != nil {
		return err
	}
	p, line, err := start(b.edge, "run", "-c", file, "--admin", "127.0.0.1:0", "--print-addresses")
	if err != nil {
		return err
	}
	e := &edge{process: p, cacheMB: cacheMB}
	var at struct{ Listen, Admin string }
	if err = json.Unmarshal([]byte(line), &at); err == nil {
		e.addr, e.admin = at.Listen, at.Admin
		err = e.watched(f)
	}
	return errors.Join(err, p.stop())
}

// process is a program that this one has started.
type process struct{ cmd *exec.Cmd }

// start starts a program and returns the line that it prints when it is ready.
func start(name string, args ...string) (*process, string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	p := &process{cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s did not say that it is ready: %w", name, err), p.stop())
	}
	return p, strings.TrimSpace(line), nil
}

// stop ends the process at once: it has nothing to lose.
func (p *process) stop() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = p.cmd.Wait() // says that it was killed
	return nil
}
