package listen

import (
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// firstOfTest is far above the descriptors that the test itself has.
const firstOfTest = 700

// passOn opens sockets as a service manager would, and returns their addresses.
func passOn(t *testing.T, names ...string) (*Passed, []string) {
	t.Helper()
	var addrs []string
	for i := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		must(t, err)
		defer f.Close()
		must(t, syscall.Dup3(int(f.Fd()), firstOfTest+i, 0))
		addrs = append(addrs, l.Addr().String())
	}
	p, err := passedFrom(firstOfTest, environment(os.Getpid(), strconv.Itoa(len(names)), strings.Join(names, ":")))
	must(t, err)
	t.Cleanup(p.Close)
	return p, addrs
}

func environment(pid int, n, names string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := map[string]string{"LISTEN_PID": strconv.Itoa(pid), "LISTEN_FDS": n, "LISTEN_FDNAMES": names}[name]
		return value, ok
	}
}

func TestPassedSockets(t *testing.T) {
	p, at := passOn(t, "http", "https", "http", "")
	if got, want := p.Names(), []string{"http", "https", "unknown"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	for _, tt := range []struct {
		listen []string
		want   map[string][]string
	}{
		{[]string{"systemd"}, map[string][]string{"systemd": at}},
		{[]string{"fd:http"}, map[string][]string{"fd:http": {at[0], at[2]}}},
		{[]string{"fd:https", "systemd"}, map[string][]string{"fd:https": {at[1]}, "systemd": {at[0], at[2], at[3]}}},
	} {
		s := newSet(t, Options{Passed: &Passed{sockets: p.sockets}})
		var want []Config
		for _, address := range tt.listen {
			want = append(want, Config{Address: address})
		}
		c, err := s.Prepare(want)
		must(t, err)
		for address, sockets := range tt.want {
			var got []string
			for _, a := range c.Bound()[address] {
				got = append(got, a.String())
			}
			if !slices.Equal(got, sockets) {
				t.Errorf("%s of %v: %v, want %v", address, tt.listen, got, sockets)
			}
		}
		c.Abort()
	}
	s := newSet(t, Options{Passed: &Passed{sockets: p.sockets}})
	if _, err := s.Prepare([]Config{{Address: "fd:other"}}); !errors.Is(err, ErrNotPassed) {
		t.Errorf("a name that no socket has: %v", err)
	}
}

// Who connects while nobody accepts waits for the next one who does.
func TestPassedSocketsOutliveTheirDoors(t *testing.T) {
	p, at := passOn(t, "http")
	s := newSet(t, Options{Passed: p})
	update(t, s, Config{Address: "fd:http"})
	update(t, s) // the door is closed
	client, err := net.Dial("tcp", at[0])
	must(t, err)
	defer client.Close()
	update(t, s, Config{Address: "fd:http"})
	if got := accepted(t, s, Plain).RemoteAddr().String(); got != client.LocalAddr().String() {
		t.Errorf("accepted %s, want %s", got, client.LocalAddr())
	}
}

func TestSocketsForSomebodyElse(t *testing.T) {
	p, err := NewPassed(environment(os.Getpid()+1, "1", ""))
	if err != nil || len(p.Names()) != 0 {
		t.Errorf("took %v, %v", p.Names(), err)
	}
	if _, err := NewPassed(environment(os.Getpid(), "one", "")); err == nil {
		t.Error("a number that is none is taken")
	}
}

func TestOnlyTCPIsTaken(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	defer conn.Close()
	f, err := conn.(*net.UDPConn).File()
	must(t, err)
	defer f.Close()
	p := &Passed{sockets: []passedSocket{{"dns", f}}}
	var e *Error
	if _, err := p.open("fd:dns", nil); !errors.As(err, &e) || e.Address != "fd:dns" {
		t.Errorf("open = %v", err)
	}
}
