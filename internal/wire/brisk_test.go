//go:build linux && (amd64 || arm64 || riscv64)

package wire

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"edge/internal/request"
)

// waiting is a fake that answers /hit/first when it is told to.
type waiting struct {
	fake
	asked chan struct{} // gets a token before
	gate  chan struct{}
}

func (w *waiting) Answer(dst []byte, now time.Duration) (head []byte, body [][]byte, ok bool) {
	if w.view.Path == "/hit/first" {
		w.asked <- struct{}{}
		<-w.gate
	}
	return w.fake.Answer(dst, now)
}

// deadlined is a socket that tells of the read deadlines that are set.
type deadlined struct {
	*net.TCPConn
	set chan time.Time
}

func (c deadlined) SetReadDeadline(t time.Time) error {
	c.set <- t
	return c.TCPConn.SetReadDeadline(t)
}

// brisk is a brisk connection: no time passes between its answers but what now says.
type brisk struct {
	*client
	clerk *waiting
	set   chan time.Time
	ended chan error   // how Read ends
	now   atomic.Int64 // Options.Now
}

func newBrisk(t *testing.T) *brisk {
	t.Helper()
	return newBriskAfter(t, briskAfter)
}

// newBriskAfter returns a connection that has had so many quick answers.
func newBriskAfter(t *testing.T, quick int) *brisk {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := &world{dial: func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}}
	b := &brisk{client: w.client(t), set: make(chan time.Time, 16), ended: make(chan error, 1)}
	t.Cleanup(func() { b.Close() })
	if err := b.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	b.clerk = &waiting{
		fake:  fake{rules: &request.Rules{Names: request.NewNames()}, sent: new(atomic.Int64)},
		asked: make(chan struct{}), gate: make(chan struct{}),
	}
	ours, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a := New(Options{
		Clerk: func() Clerk { return b.clerk }, Open: func() bool { return true },
		Now: func() time.Duration { return time.Duration(b.now.Load()) }, Idle: time.Hour, Head: time.Minute,
	})
	c := newConn(a, deadlined{ours.(*net.TCPConn), b.set}, false)
	c.source = newSource(c)
	c.deadlines = deadlines{settled: true, ours: true, quick: quick}
	go func() {
		defer c.Close()
		_, err := c.Read(make([]byte, 4096))
		b.ended <- err
	}()
	return b
}

// The end of a brisk connection that came together with its last request is found
// within some moments, though no read tells of it.
func TestTheEndOfABriskConnection(t *testing.T) {
	var all [4]*brisk // the kernel may tell of the end apart; hardly ever each time
	for i := range all {
		b := newBrisk(t)
		all[i] = b
		send(t, b, "GET /hit/first HTTP/1.1\r\nHost: a\r\n\r\n")
		<-b.clerk.asked
		send(t, b, hitRequest)
		if err := b.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		close(b.clerk.gate)
	}
	for _, b := range all {
		b.answer()
		b.answer()
		if n, err := b.in.ReadByte(); err != io.EOF {
			t.Errorf("after the answers: %q, %v", n, err)
		}
		if err := <-b.ended; err != io.EOF {
			t.Errorf("the connection has ended with %v", err)
		}
	}
}

// A brisk connection whose requests cease goes on when they come again, and is no
// longer brisk.
func TestABriskConnectionRests(t *testing.T) {
	b := newBrisk(t)
	b.ask(hitRequest) // the first deadline is of the wait for it
	for _, want := range []time.Duration{time.Hour, lookAfter, time.Hour - lookAfter} {
		select {
		case at := <-b.set:
			if left := time.Until(at); left > want || left < want-time.Minute {
				t.Errorf("a deadline %v ahead, want %v", left, want)
			}
		case err := <-b.ended:
			t.Fatalf("the connection has ended with %v", err)
		case <-time.After(time.Minute):
			t.Fatalf("no deadline %v ahead is set", want)
		}
	}
	b.ask(hitRequest)
	send(t, b, hitRequest[:20]) // a head in pieces
	b.ask(hitRequest[20:])
	b.Close()
	if err := <-b.ended; err != io.EOF {
		t.Errorf("the connection has ended with %v", err)
	}
}

// Behind a Task that took as long as the wait for it may take, the wait begins anew,
// though the connection has been waited for all the while.
func TestTheWaitBehindATask(t *testing.T) {
	b := newBriskAfter(t, 0)
	b.clerk.w = &world{handler: func(http.ResponseWriter, *http.Request) { b.now.Add(int64(time.Hour)) }}
	b.now.Store(0) // the connection loads it: from here on it sees the handler
	b.ask(hitRequest)
	<-b.set
	b.ask(hereRequest)
	select {
	case at := <-b.set:
		if left := time.Until(at); left > time.Hour || left < time.Hour-time.Minute {
			t.Errorf("a deadline %v ahead, want an hour", left)
		}
	case <-time.After(time.Minute):
		t.Error("no deadline is set")
	}
	b.ask(hitRequest)
}
