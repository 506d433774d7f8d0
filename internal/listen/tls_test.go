package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/internal/testcert"
)

// pair writes a certificate for names into dir.
func pair(t *testing.T, a *testcert.Authority, dir string, names ...string) Pair {
	t.Helper()
	p := Pair{filepath.Join(dir, names[0]+".pem"), filepath.Join(dir, names[0]+".key")}
	a.Write(t, p.Cert, p.Key, names...)
	return p
}

// handshake shakes hands with the first socket of here, and tells what it was
// given.
func handshake(t *testing.T, s *Set, c *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	raw := dial(t, s, here)
	raw.SetDeadline(time.Now().Add(patience))
	conn := tls.Client(raw, c)
	err := conn.Handshake()
	return conn.ConnectionState(), err
}

// drain takes connections out of a lane and closes them, until the Set ends.
func drain(t *testing.T, s *Set, l Lane) {
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := s.Lane(l).Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	})
	t.Cleanup(func() { s.Close(); wg.Wait() })
}

func TestTheProtocolDecidesTheWay(t *testing.T) {
	a := testcert.New(t)
	p := pair(t, a, t.TempDir(), "a.example")
	type wrapped struct{ *tls.Conn }
	var bare atomic.Bool
	s := newSet(t, Options{Wrap: func(c net.Conn, l Lane) net.Conn {
		if l == H2 && bare.Load() {
			return c
		}
		return wrapped{c.(*tls.Conn)}
	}})
	update(t, s, Config{Address: here, TLS: &TLS{Pairs: []Pair{p}}})
	for _, is := range []struct {
		protocol string
		bare     bool // Wrap returns what it gets
		lane     Lane
	}{
		{"h2", false, H2}, {"h2", true, Plain}, {"http/1.1", false, Plain}, {"", false, Plain},
	} {
		protocol := is.protocol
		bare.Store(is.bare)
		c := &tls.Config{RootCAs: a.Pool(), ServerName: "a.example"}
		if protocol != "" {
			c.NextProtos = []string{protocol}
		}
		if state, err := handshake(t, s, c); err != nil || state.NegotiatedProtocol != protocol {
			t.Errorf("%q: got %q, %v", protocol, state.NegotiatedProtocol, err)
		}
		conn := accepted(t, s, is.lane)
		if _, ok := conn.(wrapped); ok == is.bare {
			t.Errorf("%q: the server gets a %T", protocol, conn)
		}
		if state, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); !ok || !state.ConnectionState().HandshakeComplete {
			t.Errorf("%q: the server is not told of TLS", protocol)
		}
	}
}

func TestClientsChooseTheirCertificate(t *testing.T) {
	a, dir := testcert.New(t), t.TempDir()
	s := newSet(t, Options{})
	update(t, s, Config{Address: here, TLS: &TLS{Pairs: []Pair{
		pair(t, a, dir, "first.example"), pair(t, a, dir, "a.example", "b.example"), pair(t, a, dir, "*.c.example"),
	}}})
	drain(t, s, Plain)
	for name, want := range map[string]string{
		"first.example": "first.example", "a.example": "a.example", "b.example": "a.example",
		"x.c.example": "*.c.example", "other.example": "first.example", "": "first.example",
	} {
		state, err := handshake(t, s, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			t.Errorf("%q: %v", name, err)
		} else if got := state.PeerCertificates[0].Subject.CommonName; got != want {
			t.Errorf("%q is shown %q, want %q", name, got, want)
		}
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	a := testcert.New(t)
	p := pair(t, a, t.TempDir(), "a.example")
	s := newSet(t, Options{})
	drain(t, s, Plain)
	for _, only13 := range []bool{false, true} {
		update(t, s, Config{Address: here, TLS: &TLS{Pairs: []Pair{p}, Only13: only13}})
		for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: !only13, tls.VersionTLS13: true} {
			_, err := handshake(t, s, &tls.Config{RootCAs: a.Pool(), ServerName: "a.example", MinVersion: tls.VersionTLS10, MaxVersion: version})
			if (err == nil) != want {
				t.Errorf("only 1.3 %t: %s: %v", only13, tls.VersionName(version), err)
			}
		}
	}
	update(t, s, Config{Address: here, TLS: &TLS{Pairs: []Pair{p}}})
	cbc := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}
	if _, err := handshake(t, s, &tls.Config{RootCAs: a.Pool(), ServerName: "a.example", MaxVersion: tls.VersionTLS12, CipherSuites: cbc}); err == nil {
		t.Error("CBC is accepted")
	}
}

// exchange is a test of a certificate whose files change.
type exchange struct {
	*Set
	t       *testing.T
	a       *testcert.Authority
	changes []error
}

// shown is the certificate that a client is shown.
func (x *exchange) shown() string {
	x.t.Helper()
	state, err := handshake(x.t, x.Set, &tls.Config{RootCAs: x.a.Pool(), ServerName: "a.example"})
	if err != nil {
		x.t.Fatal(err)
	}
	return string(state.PeerCertificates[0].Raw)
}

func TestCertificatesAreExchanged(t *testing.T) {
	x := &exchange{t: t, a: testcert.New(t)}
	p := pair(t, x.a, t.TempDir(), "a.example")
	x.Set = newSet(t, Options{CertificateChanged: func(_ Certificate, err error) { x.changes = append(x.changes, err) }})
	update(t, x.Set, Config{Address: here, TLS: &TLS{Pairs: []Pair{p}}})
	drain(t, x.Set, Plain)
	before := x.shown()
	cert, key := x.a.Issue(t, time.Now().Add(time.Hour), "a.example")
	for _, step := range []struct {
		name    string
		do      func()
		wants   string // in the error
		another bool   // certificate is shown
	}{
		{"half a pair", func() { write(t, p.Cert, cert) }, "private key does not match public key", false},
		{"the other half", func() { write(t, p.Key, key) }, "", true},
		{"half a key", func() { write(t, p.Key, key[:len(key)/2]) }, "failed to find any PEM data in key input", false},
		{"no file", func() { must(t, os.Remove(p.Cert)) }, "no such file or directory", false},
		{"a new pair", func() { x.a.Write(t, p.Cert, p.Key, "a.example") }, "", true},
	} {
		step.do()
		x.changes = nil
		x.RefreshCertificates()
		x.RefreshCertificates() // there is nothing new to tell
		if len(x.changes) != 1 {
			t.Fatalf("%s: told %v, want one change", step.name, x.changes)
		}
		err := x.changes[0]
		var e *CertificateError
		if (err == nil) != (step.wants == "") || err != nil && (!strings.Contains(err.Error(), step.wants) || !errors.As(err, &e) || e.Pair != p) {
			t.Errorf("%s: told %v, want %q", step.name, err, step.wants)
		}
		if list := x.Certificates(); len(list) != 1 || list[0].Current != (err == nil) {
			t.Errorf("%s: certificates %+v", step.name, list)
		}
		now := x.shown()
		if (now != before) != step.another {
			t.Errorf("%s: another certificate is shown: %t, want %t", step.name, now != before, step.another)
		}
		before = now
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestABadCertificateRefusesTheChange(t *testing.T) {
	a, dir := testcert.New(t), t.TempDir()
	good, bad := pair(t, a, dir, "a.example"), pair(t, a, dir, "b.example")
	bad.Key = good.Key
	s := newSet(t, Options{})
	update(t, s, Config{Address: here, TLS: &TLS{Pairs: []Pair{good}}})
	_, err := s.Prepare([]Config{{Address: there}, {Address: here, TLS: &TLS{Pairs: []Pair{good, bad}}}})
	var e *CertificateError
	if !errors.As(err, &e) || e.Pair != bad {
		t.Errorf("Prepare = %v", err)
	}
	if len(s.Certificates()) != 1 || len(s.Bound()) != 1 {
		t.Errorf("certificates %v, sockets %v", s.Certificates(), s.Bound())
	}
}

func TestRequestsWithoutTLSAreTold(t *testing.T) {
	s := newSet(t, Options{})
	update(t, s, Config{Address: here, TLS: &TLS{Pairs: []Pair{pair(t, testcert.New(t), t.TempDir(), "a.example")}}})
	client := dial(t, s, here)
	client.SetDeadline(time.Now().Add(patience))
	io.WriteString(client, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
	if got, err := io.ReadAll(client); err != nil && len(got) == 0 || !strings.HasPrefix(string(got), "HTTP/1.0 400 Bad Request\r\n") {
		t.Errorf("%q, %v", got, err)
	}
}

// Handshakes that do not go on end with the Set, and hold up nobody meanwhile.
func TestStalledHandshakes(t *testing.T) {
	a := testcert.New(t)
	var failed atomic.Int64
	s := newSet(t, Options{Refused: func(_ net.Addr, _ Refusal, err error) {
		if errors.Is(err, context.Canceled) { // not at the end of its time
			failed.Add(1)
		}
	}})
	update(t, s, Config{Address: here, TLS: &TLS{Pairs: []Pair{pair(t, a, t.TempDir(), "a.example")}}})
	const stalled = 20
	for range stalled {
		io.WriteString(dial(t, s, here), "\x16\x03\x01")
	}
	if _, err := handshake(t, s, &tls.Config{RootCAs: a.Pool(), ServerName: "a.example"}); err != nil {
		t.Fatal(err)
	}
	accepted(t, s, Plain)
	s.Close()
	if failed.Load() != stalled {
		t.Errorf("%d handshakes ended with the Set, want %d", failed.Load(), stalled)
	}
}
