package listen

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// dialFrom connects from one of the loopback addresses. Its error may be that of
// a connection that is closed at once.
func dialFrom(t *testing.T, s *Set, client string) (net.Conn, error) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}, Timeout: patience}
	conn, err := d.Dial("tcp", s.Bound()[here][0].String())
	if err == nil {
		t.Cleanup(func() { conn.Close() })
		err = conn.SetDeadline(time.Now().Add(patience))
	}
	return conn, err
}

// refused reports whether a connection was closed at once.
func refused(conn net.Conn, err error) bool {
	if err != nil {
		return true
	}
	_, err = conn.Read(make([]byte, 1))
	return err != nil && err != io.EOF // it is a reset
}

func TestConnectionsOfOneClient(t *testing.T) {
	var reasons atomic.Int64
	s := newSet(t, Options{
		Limits:  func() Limits { return Limits{PerClient: 2} },
		Trusted: func(peer string) bool { return netip.MustParseAddrPort(peer).Addr().String() == "127.0.0.9" },
		Refused: func(_ net.Addr, why Refusal, _ error) {
			if why == TooManyOfClient {
				reasons.Add(1)
			}
		},
	})
	update(t, s, Config{Address: here})
	var first net.Conn // of the server
	for i := range 2 {
		if _, err := dialFrom(t, s, "127.0.0.1"); err != nil {
			t.Fatal(err)
		}
		if conn := accepted(t, s, Plain); i == 0 {
			first = conn
		}
	}
	if !refused(dialFrom(t, s, "127.0.0.1")) || reasons.Load() != 1 {
		t.Errorf("a third connection is taken; %d were refused", reasons.Load())
	}
	for _, client := range []string{"127.0.0.2", "127.0.0.9", "127.0.0.9", "127.0.0.9"} { // a client of its own, a proxy
		if _, err := dialFrom(t, s, client); err != nil {
			t.Fatal(err)
		}
		accepted(t, s, Plain)
	}
	first.Close()
	first.Close() // which counts once
	if _, err := dialFrom(t, s, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	accepted(t, s, Plain)
	if !refused(dialFrom(t, s, "127.0.0.1")) {
		t.Error("one that ended twice made room for two")
	}
}

// The client that counts is the one that the proxy names.
func TestConnectionsOfOneClientBehindAProxy(t *testing.T) {
	reasons := make(chan Refusal, 4)
	s := newSet(t, Options{
		Limits:  func() Limits { return Limits{PerClient: 1} },
		Trusted: func(peer string) bool { return netip.MustParseAddrPort(peer).Addr().IsLoopback() },
		Refused: func(_ net.Addr, why Refusal, _ error) { reasons <- why },
	})
	update(t, s, Config{Address: here, ProxyProtocol: true})
	connect := func(client string) {
		io.WriteString(dial(t, s, here), "PROXY TCP6 "+client+" 2001:db8::1 5555 443\r\n")
	}
	connect("2001:db8:1:1::1")
	accepted(t, s, Plain)
	connect("2001:db8:1:2::1")
	accepted(t, s, Plain)
	connect("2001:db8:1:1::2") // of the same network
	expectRefusal(t, reasons, TooManyOfClient)
}

// At the limit a door waits; who connects is served when another has gone.
func TestConnectionsInAll(t *testing.T) {
	var full, free atomic.Int64
	s := newSet(t, Options{
		Limits: func() Limits { return Limits{Total: 4} },
		Crowded: func(now bool) {
			if now {
				full.Add(1)
			} else {
				free.Add(1)
			}
		},
	})
	update(t, s, Config{Address: here})
	var conns []net.Conn
	for range 4 {
		dial(t, s, here)
		conns = append(conns, accepted(t, s, Plain))
	}
	waiting := dial(t, s, here)
	for full.Load() == 0 {
		time.Sleep(time.Millisecond) // the door notices by itself
	}
	if n := s.Connections(); n != 4 || free.Load() != 0 {
		t.Errorf("%d connections; told %d times that there is room", n, free.Load())
	}
	for _, c := range conns {
		c.Close()
	}
	if got := accepted(t, s, Plain).RemoteAddr().String(); got != waiting.LocalAddr().String() {
		t.Errorf("accepted %s, want %s", got, waiting.LocalAddr())
	}
	for range 2 { // the door looks for room before it takes the second of them
		dial(t, s, here)
		accepted(t, s, Plain)
	}
	if free.Load() != 1 {
		t.Errorf("told %d times that there is room, want once", free.Load())
	}
}

func TestADoorThatWaitsCanBeClosed(t *testing.T) {
	s := newSet(t, Options{Limits: func() Limits { return Limits{Total: 1} }})
	update(t, s, Config{Address: here})
	dial(t, s, here)
	accepted(t, s, Plain)
	began := time.Now()
	update(t, s)
	s.StopAccepting(t.Context())
	if took := time.Since(began); took > patience/2 {
		t.Errorf("it took %s", took)
	}
}

// A write that its client does not take is broken off, one that moves is not.
func TestStalledWritesAreBrokenOff(t *testing.T) {
	var told atomic.Int64
	s := newSet(t, Options{Stalled: func(net.Addr) { told.Add(1) }})
	update(t, s, Config{Address: here})
	stuck := dial(t, s, here)
	stuckAt := accepted(t, s, Plain)
	moving := dial(t, s, here)
	movingAt := accepted(t, s, Plain)
	s.cancel() // from here on the ticks are those of the test
	s.watch.Wait()
	go io.Copy(io.Discard, moving) // ends with the connection
	failed := make(chan error, 1)
	go func() { // ends when it is broken off
		_, err := stuckAt.Write(make([]byte, 64<<20))
		failed <- err
	}()
	late := time.AfterFunc(patience, func() { stuckAt.Close() })
	defer late.Stop()
	for told.Load() == 0 {
		// Time goes faster than it does: each piece of the other is written in
		// one tick.
		s.stalls.ticks.Add(1)
		if _, err := movingAt.Write(make([]byte, 1<<10)); err != nil {
			t.Fatalf("the one that moves: %v", err)
		}
		s.breakOffStalled()
	}
	if err := <-failed; err == nil {
		t.Error("nothing was broken off")
	}
	if _, err := io.ReadAll(stuck); err == nil {
		t.Error("the client sees a clean end")
	}
	if _, err := movingAt.Write([]byte("x")); err != nil || told.Load() != 1 {
		t.Errorf("the one that moves: %v; %d are told", err, told.Load())
	}
}

// A connection that is slow to close, because somebody is about to read from it, holds up
// no other.
func TestAStalledConnectionThatDoesNotClose(t *testing.T) {
	told := make(chan net.Addr, 2)
	s := newSet(t, Options{Stalled: func(client net.Addr) { told <- client }})
	update(t, s, Config{Address: here})
	s.cancel() // from here on the ticks are those of the test
	s.watch.Wait()
	read := make(chan struct{})
	defer close(read)
	failed := make(chan error, 2)
	for range 2 {
		dial(t, s, here)
		c := accepted(t, s, Plain)
		raw, err := c.(*conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		reads := make(chan struct{})
		go raw.Read(func(uintptr) bool { // as wire does while it serves
			close(reads)
			<-read
			return true
		})
		<-reads
		go func() { // ends when it is broken off
			_, err := c.Write(make([]byte, 64<<20))
			failed <- err
		}()
	}
	broken := make(chan struct{})
	go func() {
		for len(failed) < cap(failed) && len(told) < cap(told) {
			s.stalls.ticks.Add(1)
			s.breakOffStalled()
		}
		close(broken)
	}()
	select {
	case <-broken:
	case <-time.After(patience):
		t.Fatalf("%d of 2 are broken off", len(told))
	}
	for range 2 {
		if err := <-failed; err == nil {
			t.Error("nothing was broken off")
		}
	}
}
