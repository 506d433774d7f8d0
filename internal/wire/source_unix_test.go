//go:build unix

package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edge/internal/request"
)

// What a full socket takes of an answer at once, or not at all, is neither lost nor
// sent again.
func TestWriteWithoutRoom(t *testing.T) {
	client, ours := loopback(t)
	c := newConn(New(Options{}), ours, false)
	c.source = newSource(c)
	written := make(chan []byte, 1)
	full := make(chan bool)
	go func() {
		defer ours.Close()
		written <- overfill(t, c, full)
	}()
	<-full
	if err := client.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(client)
	if want := <-written; err != nil || !bytes.Equal(got, want) {
		t.Errorf("the client got %d bytes and %v, want %d bytes", len(got), err, len(want))
	}
}

// overfill writes answers within an attempt until the socket has no room left, tells
// that it is full, and then as many more. It returns what it wrote.
func overfill(t *testing.T, c *conn, full chan<- bool) (all []byte) {
	s := c.source.(*polled)
	err := s.raw.Read(func(fd uintptr) bool {
		s.socket = fd
		answers := 0
		for sent := -1; sent == -1 || sent == joinBytes; answers++ {
			answer := bytes.Repeat([]byte{byte(answers)}, joinBytes)
			sent = sendNow(fd, answer)
			all = append(all, answer[:sent]...)
		}
		close(full)
		for range answers {
			answer := bytes.Repeat([]byte{byte(answers)}, joinBytes-1)
			if n, err := c.write(answer); n != len(answer) || err != nil {
				t.Errorf("write: %d, %v", n, err)
			}
			all = append(all, answer...)
		}
		s.socket = 0
		return true
	})
	if err != nil { // nothing was called
		t.Error(err)
		close(full)
	}
	return all
}

// A client that resets its connection while it is answered leaves nothing behind: the
// socket is closed, and whoever served it goes home.
func TestAClientThatResets(t *testing.T) {
	for _, asked := range []string{
		"GET /hit/9000000 HTTP/1.1\r\nHost: a\r\n\r\n",                    // written in parts
		strings.Repeat("GET /hit/9000 HTTP/1.1\r\nHost: a\r\n\r\n", 1000), // in one
	} {
		client, ours := loopback(t)
		rules := &request.Rules{Names: request.NewNames()}
		c := newConn(New(Options{
			Clerk: func() Clerk { return &fake{rules: rules, sent: new(atomic.Int64)} }, Open: func() bool { return true },
			Now: func() time.Duration { return 0 }, Idle: time.Hour, Head: time.Minute,
		}), ours, false)
		c.source = newSource(c)
		ended := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 4096))
			ended <- err
		}()
		send(t, client, asked)
		if _, err := client.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := client.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		_ = client.Close()
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Fatal("somebody still serves the connection")
		}
		if err := ours.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the socket is not closed: %v", err)
		}
	}
}

// loopback returns the two ends of a connection.
func loopback(t testing.TB) (client, server *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}
