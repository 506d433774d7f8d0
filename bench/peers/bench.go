package main

import (
	"crypto/x509"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// files are the peers' configurations and the script of wrk.
//
//go:embed conf load.lua
var files embed.FS

// cores says which cores the server and the load generator run on. Both are
// lists as taskset takes them; count is how many the server has.
type cores struct {
	server, load string
	count        int
}

// One core each, or both for both.
var (
	apart  = cores{"0", "1", 1}
	shared = cores{"0,1", "0,1", 2}
)

// bench is what all cases share.
type bench struct {
	log     *slog.Logger
	dir     string // on tmpfs; gone at the end
	edge    string // the binary
	rounds  int
	seconds time.Duration // of one measurement
	objects int           // of edge in the case memory

	origin  *process
	address string // the origin's
	bare    string // the binary of the bare proxy
	floor   string // that of the program that answers without looking
	tls     tlsFiles
	roots   *x509.CertPool
	memory  warmMemory
}

// open builds and starts what every case needs. Close it.
func open(o options, log *slog.Logger) (*bench, error) {
	if runtime.NumCPU() < 2 {
		return nil, errors.New("it takes two cores: one for the server, one for the load")
	}
	dir, err := os.MkdirTemp(tmpfs(), "edge-peers-")
	if err != nil {
		return nil, err
	}
	b := &bench{
		log: log, dir: dir, edge: o.edge, rounds: o.rounds, seconds: time.Duration(o.seconds) * time.Second,
		objects: o.objects, bare: filepath.Join(dir, "bare"), floor: filepath.Join(dir, "floor"),
	}
	if err := b.prepare(); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bench) prepare() (err error) {
	if b.edge, err = filepath.Abs(b.edge); err != nil {
		return err
	}
	if err := raiseFiles(); err != nil {
		return err
	}
	// This process checks answers while others are measured: not on their core.
	if out, err := exec.Command("taskset", "-acp", apart.load, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
		return fmt.Errorf("taskset: %w\n%s", err, out)
	}
	script, err := files.ReadFile("load.lua")
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.file("load.lua"), script, 0o644); err != nil {
		return err
	}
	for _, program := range []string{"origin", "bare", "floor"} {
		if out, err := exec.Command("go", "build", "-o", b.file(program), "./bench/peers/"+program).CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	if b.tls, b.roots, err = makeCertificate(b.dir); err != nil {
		return err
	}
	if b.memory, err = warm(int(freeMemory() / 2)); err != nil {
		return err
	}
	b.origin, b.address, err = spawn{
		name: "origin", cores: apart.load, dir: b.dir, args: []string{b.file("origin")},
	}.startSaying()
	return err
}

func (b *bench) close() error {
	var err error
	if b.origin != nil {
		err = b.origin.stop()
	}
	return errors.Join(err, b.memory.release(), os.RemoveAll(b.dir))
}

// file is a path in the benchmark's directory.
func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }

// dial returns an asker in the protocol that the server is measured with.
func (b *bench) dial(s *server, header []string) (asker, error) {
	if s.tls != "" {
		return dialH2(s.tls, b.roots, header), nil
	}
	return dialH1(s.addr, header)
}

// asked returns how many requests the origin has had.
func (b *bench) asked() (int64, error) {
	c, err := dialH1(b.address, nil)
	if err != nil {
		return 0, err
	}
	defer c.close()
	_, body, err := c.ask("/count", nil)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(body), 10, 64)
}

// tmpfs is a directory whose files are in memory, if the system has one: no peer
// should wait for a disk.
func tmpfs() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return ""
}

// openFiles is how many files a peer may have open.
func openFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 1024
	}
	return int(min(l.Cur, 1<<17))
}

// raiseFiles takes the most open files that this process and those it starts may
// have.
func raiseFiles() error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	l.Cur = l.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}

// firstLine is the first line of what a program says of itself.
func firstLine(name string, args ...string) string {
	out, err := exec.Command(name, args...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil && line == "" {
		return "not there: " + err.Error()
	}
	return line
}
