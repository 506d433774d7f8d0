package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"edge/bench/peers/content"
)

// server is a running peer.
type server struct {
	peer string
	// addr takes HTTP/1.1, tls HTTP/2 over TLS; admin is edge's own.
	addr, tls, admin string
	processes        []*process
	dir              string // what it keeps
	log              string // the file with its access log; empty for none
	// only is the one target that it knows; nil when it knows all.
	only *content.Target
	// h2Rate is how many requests a second h2load made of it last; 0 at first.
	h2Rate float64
}

func (s *server) stop() error {
	var errs []error
	for _, p := range s.processes {
		errs = append(errs, p.stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// tree returns all processes of the server.
func (s *server) tree() ([]stat, error) {
	roots := make([]int, len(s.processes))
	for i, p := range s.processes {
		roots[i] = p.cmd.Process.Pid
	}
	return tree(roots)
}

// cpu is the time all processes of the server have used.
func (s *server) cpu() (time.Duration, error) {
	processes, err := s.tree()
	var sum time.Duration
	for _, p := range processes {
		sum += p.cpu
	}
	return sum, err
}

// ready waits until the server answers with what the origin said: another
// program on its port would not.
func (s *server) ready() error {
	t := content.Target{Kind: content.NoStore, Size: 100, Name: fmt.Sprintf("ready-%d", time.Now().UnixNano())}
	if s.only != nil {
		t = *s.only
	}
	deadline := time.Now().Add(patience)
	for {
		err := s.answers(t)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			said := ""
			for _, p := range s.processes {
				said += p.output() + "\n"
			}
			return fmt.Errorf("%s does not answer: %w\n%s", s.peer, err, said)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *server) answers(t content.Target) error {
	c, err := dialH1(s.addr, nil)
	if err != nil {
		return err
	}
	defer c.close()
	return expect(c, t, "")
}

// lines counts the lines of the access log; 0 when there is none.
func (s *server) lines() (int64, error) {
	if s.log == "" {
		return 0, nil
	}
	f, err := os.Open(s.log)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var n int64
	for buf := make([]byte, 1<<20); ; {
		k, err := f.Read(buf)
		n += int64(bytes.Count(buf[:k], []byte("\n")))
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// freeAddr is an address that was free a moment ago. The peers cannot take a
// listener, or tell which port the system gave them.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
