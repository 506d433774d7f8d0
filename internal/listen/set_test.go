package listen

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

func newSet(t *testing.T, o Options) *Set {
	s := NewSet(o)
	t.Cleanup(s.Close)
	return s
}

// openFiles is what the file descriptors of the process lead to.
func openFiles(t *testing.T) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]bool{}
	for _, e := range entries {
		if file, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil { // else it is that of ReadDir
			open[file] = true
		}
	}
	return open
}

// update changes the listeners of s.
func update(t *testing.T, s *Set, want ...Config) {
	t.Helper()
	c, err := s.Prepare(want)
	if err != nil {
		t.Fatal(err)
	}
	c.Commit()
}

// dial connects to the first socket of an address.
func dial(t *testing.T, s *Set, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Bound()[address][0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// accepted takes one connection out of a lane.
func accepted(t *testing.T, s *Set, l Lane) net.Conn {
	t.Helper()
	late := time.AfterFunc(patience, func() { s.Lane(l).Close() })
	defer late.Stop()
	conn, err := s.Lane(l).Accept()
	if err != nil {
		t.Fatalf("nothing comes into lane %d: %v", l, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

const here, there = "127.0.0.1:0", "127.0.0.2:0"

func TestConnectionsGoIntoTheirLanes(t *testing.T) {
	s := newSet(t, Options{})
	update(t, s, Config{Address: here}, Config{Address: there, H2C: true})
	for address, lane := range map[string]Lane{here: Plain, there: H2C} {
		client := dial(t, s, address)
		if got := accepted(t, s, lane).RemoteAddr().String(); got != client.LocalAddr().String() {
			t.Errorf("lane %d has a connection from %s, want %s", lane, got, client.LocalAddr())
		}
	}
}

func TestRulesOfADoorChangeWhileItIsOpen(t *testing.T) {
	s := newSet(t, Options{})
	update(t, s, Config{Address: here})
	before := s.Bound()[here][0]
	update(t, s, Config{Address: here, H2C: true})
	if now := s.Bound()[here][0]; now != before {
		t.Errorf("the socket is %s, before %s", now, before)
	}
	dial(t, s, here)
	accepted(t, s, H2C)
}

func TestWrap(t *testing.T) {
	type wrapped struct {
		net.Conn
		lane Lane
	}
	s := newSet(t, Options{Wrap: func(c net.Conn, l Lane) net.Conn { return wrapped{c, l} }})
	for lane, c := range map[Lane]Config{Plain: {Address: here}, H2C: {Address: here, H2C: true}, Redirect: {Address: here, RedirectHTTPS: true}} {
		update(t, s, c)
		dial(t, s, here)
		if got, ok := accepted(t, s, lane).(wrapped); !ok || got.lane != lane {
			t.Errorf("the server of lane %d gets a %T of lane %d", lane, got, got.lane)
		}
	}
}

func TestAChangeIsAllOrNothing(t *testing.T) {
	s := newSet(t, Options{})
	update(t, s, Config{Address: here})
	taken := s.Bound()[here][0].String()
	before := openFiles(t)
	_, err := s.Prepare([]Config{{Address: there}, {Address: taken}})
	var e *Error
	if !errors.As(err, &e) || e.Address != taken || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Prepare = %v", err)
	}
	for file := range openFiles(t) { // those of tests before may be closed meanwhile
		if !before[file] {
			t.Errorf("%s is open, and was not before", file)
		}
	}
	if len(s.Bound()) != 1 {
		t.Errorf("bound: %v", s.Bound())
	}
}

func TestAnAbortedChangeIsNone(t *testing.T) {
	s := newSet(t, Options{})
	update(t, s, Config{Address: here})
	c, err := s.Prepare([]Config{{Address: there}})
	if err != nil {
		t.Fatal(err)
	}
	at := c.Bound()
	if len(at) != 1 || len(at[there]) != 1 {
		t.Errorf("the change leads to %v", at)
	}
	c.Abort()
	if _, err := net.Dial("tcp", at[there][0].String()); err == nil {
		t.Error("what was aborted still listens")
	}
	dial(t, s, here)
	accepted(t, s, Plain)
}

// What came through a door before it was closed is served.
func TestStopAcceptingHandsOver(t *testing.T) {
	through := make(chan struct{})
	s := newSet(t, Options{Wrap: func(c net.Conn, _ Lane) net.Conn { close(through); return c }})
	update(t, s, Config{Address: here})
	at := s.Bound()[here][0].String()
	client := dial(t, s, here)
	<-through
	stopped := make(chan struct{})
	go func() { // ends when the connection is accepted
		s.StopAccepting(t.Context())
		close(stopped)
	}()
	for {
		if conn, err := net.Dial("tcp", at); err == nil {
			conn.Close() // the door is not closed yet
			continue
		}
		break
	}
	select {
	case <-stopped:
		t.Error("StopAccepting does not wait for what came through")
	default:
	}
	if got := accepted(t, s, Plain).RemoteAddr().String(); got != client.LocalAddr().String() {
		t.Errorf("accepted %s, want %s", got, client.LocalAddr())
	}
	<-stopped
}

func TestAClosedLaneTakesNothing(t *testing.T) {
	s := newSet(t, Options{})
	update(t, s, Config{Address: here})
	s.Lane(Plain).Close()
	client := dial(t, s, here)
	client.SetDeadline(time.Now().Add(patience))
	if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("a connection nobody serves: %v", err)
	}
	if _, err := s.Lane(Plain).Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept = %v", err)
	}
}

// broken is a socket that cannot accept.
type broken struct {
	net.Listener
	tries atomic.Int64
}

func (b *broken) Accept() (net.Conn, error) { b.tries.Add(1); return nil, syscall.EMFILE }
func (b *broken) Addr() net.Addr            { return &net.TCPAddr{} }
func (b *broken) Close() error              { return nil }

func TestAcceptDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broken{}
		d := newDoor(b)
		var told int
		s := &Set{o: Options{AcceptFailed: func(_ net.Addr, err error) {
			if errors.Is(err, syscall.EMFILE) {
				told++
			}
		}}.complete()}
		ended := make(chan struct{})
		go func() { // ends with close
			d.accept(s)
			close(ended)
		}()
		time.Sleep(time.Minute)
		d.close()
		<-ended
		// 5 ms, 10 ms, ... 640 ms, then one a second.
		if n := b.tries.Load(); n < 60 || n > 70 || int64(told) != n {
			t.Errorf("%d tries and %d told in a minute, want one a second and a few more", n, told)
		}
	})
}

func TestFirstAnswersAreAwaited(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"an answer": func(c net.Conn) { c.Write([]byte("x")) },
		"an end":    func(c net.Conn) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSet(t, Options{})
			update(t, s, Config{Address: here})
			dial(t, s, here)
			conn := accepted(t, s, Plain)
			s.StopAccepting(t.Context())
			short, cancel := context.WithCancel(t.Context())
			cancel()
			s.AwaitFirstAnswers(short) // ends with its context
			waited := make(chan struct{})
			go func() { // ends with the answer
				s.AwaitFirstAnswers(t.Context())
				close(waited)
			}()
			select {
			case <-waited:
				t.Error("it was not waited for")
			case <-time.After(10 * time.Millisecond):
			}
			answer(conn)
			<-waited
		})
	}
}
