package listen

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edge/internal/testcert"
)

// v2 is a header of version 2.
func v2(command, family byte, block []byte) string {
	h := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), command, family)
	h = binary.BigEndian.AppendUint16(h, uint16(len(block)))
	return string(append(h, block...))
}

// addresses are source and destination as version 2 has them.
func addresses(source, destination string) []byte {
	a, b := netip.MustParseAddrPort(source), netip.MustParseAddrPort(destination)
	block := append(a.Addr().AsSlice(), b.Addr().AsSlice()...)
	block = binary.BigEndian.AppendUint16(block, a.Port())
	return binary.BigEndian.AppendUint16(block, b.Port())
}

const (
	cmdLocal, cmdProxy  = 0x20, 0x21
	unspec, tcp4, tcp6  = 0x00, 0x11, 0x21
	udp4, unixStream    = 0x12, 0x31
	headerLongerThanOne = 300
)

// self stands for the proxy's own address.
const self = "self"

func TestProxiesSayWhomTheySpeakFor(t *testing.T) {
	four := addresses("203.0.113.7:5555", "192.0.2.1:443")
	six := addresses("[2001:db8::7]:5555", "[2001:db8::1]:443")
	extra := append([]byte{0x04, headerLongerThanOne >> 8, headerLongerThanOne & 0xff}, make([]byte, headerLongerThanOne)...)
	for name, tt := range map[string]struct{ header, client string }{
		"version 1, IPv4":             {"PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\n", "203.0.113.7:5555"},
		"version 1, IPv6":             {"PROXY TCP6 2001:db8::7 2001:db8::1 5555 443\r\n", "[2001:db8::7]:5555"},
		"version 1, unknown":          {"PROXY UNKNOWN\r\n", self},
		"version 1, unknown and more": {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", self},
		"version 2, IPv4":             {v2(cmdProxy, tcp4, four), "203.0.113.7:5555"},
		"version 2, IPv6":             {v2(cmdProxy, tcp6, six), "[2001:db8::7]:5555"},
		"version 2, mapped":           {v2(cmdProxy, tcp6, addresses("[::ffff:203.0.113.7]:5555", "[::1]:443")), "203.0.113.7:5555"},
		"version 2, with extensions":  {v2(cmdProxy, tcp4, append(four, extra...)), "203.0.113.7:5555"},
		"version 2, local":            {v2(cmdLocal, unspec, nil), self},
		"version 2, local with bytes": {v2(cmdLocal, tcp4, four), self},
		"version 2, a Unix socket":    {v2(cmdProxy, unixStream, make([]byte, 216)), self},
		"version 2, UDP":              {v2(cmdProxy, udp4, four), self},

		"nothing":                  {"", ""},
		"a request":                {"GET / HTTP/1.1\r\n\r\n", ""},
		"a handshake":              {"\x16\x03\x01\x00\x00", ""},
		"version 1, no such":       {"PROXY TCP5 203.0.113.7 192.0.2.1 5555 443\r\n", ""},
		"version 1, bad address":   {"PROXY TCP4 203.0.113.777 192.0.2.1 5555 443\r\n", ""},
		"version 1, zone":          {"PROXY TCP6 fe80::1%eth0 2001:db8::1 5555 443\r\n", ""},
		"version 1, bad port":      {"PROXY TCP4 203.0.113.7 192.0.2.1 65536 443\r\n", ""},
		"version 1, bare LF":       {"PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\n", ""},
		"version 1, too long":      {"PROXY UNKNOWN " + strings.Repeat("x", 200) + "\r\n", ""},
		"version 1, lower case":    {"proxy TCP4 203.0.113.7 192.0.2.1 5555 443\r\n", ""},
		"version 1, cut":           {"PROXY TCP4 203.0.1", ""},
		"version 2, no such":       {v2(0x31, tcp4, four), ""},
		"version 2, bad command":   {v2(0x2f, tcp4, four), ""},
		"version 2, bad family":    {v2(cmdProxy, 0x13, four), ""},
		"version 2, short":         {v2(cmdProxy, tcp4, four[:11]), ""},
		"version 2, cut":           {v2(cmdProxy, tcp4, four)[:20], ""},
		"version 2, unspecified":   {v2(cmdProxy, unspec, nil), ""},
		"version 2, larger than 4": {v2(cmdProxy, tcp4, make([]byte, 5000)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			refused := make(chan Refusal, 1)
			s := newSet(t, Options{
				Trusted: func(peer string) bool { return strings.HasPrefix(peer, "127.0.0.1:") },
				Refused: func(_ net.Addr, why Refusal, _ error) { refused <- why },
			})
			update(t, s, Config{Address: here, ProxyProtocol: true})
			client := dial(t, s, here).(*net.TCPConn)
			client.SetDeadline(time.Now().Add(patience))
			io.WriteString(client, tt.header)
			if tt.client != "" {
				io.WriteString(client, "the request")
			}
			client.CloseWrite()
			if tt.client == "" {
				if _, err := io.ReadAll(client); err != nil && !strings.Contains(err.Error(), "reset") {
					t.Errorf("the connection is not closed: %v", err)
				}
				expectRefusal(t, refused, BadProxyProtocol)
				return
			}
			conn := accepted(t, s, Plain)
			want := strings.Replace(tt.client, self, client.LocalAddr().String(), 1)
			if got := conn.RemoteAddr().String(); got != want {
				t.Errorf("the client is %s, want %s", got, want)
			}
			if got, err := io.ReadAll(conn); string(got) != "the request" || err != nil {
				t.Errorf("behind the header: %q, %v", got, err)
			}
		})
	}
}

func TestOthersAreRefused(t *testing.T) {
	refused := make(chan Refusal, 1)
	s := newSet(t, Options{
		Trusted: func(peer string) bool { return strings.HasPrefix(peer, "127.0.0.2:") },
		Refused: func(_ net.Addr, why Refusal, _ error) { refused <- why },
	})
	update(t, s, Config{Address: here, ProxyProtocol: true})
	client, err := dialFrom(t, s, "127.0.0.1")
	if err == nil { // else it was closed even sooner
		io.WriteString(client, "PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got, err := io.ReadAll(client); len(got) != 0 || err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q, %v", got, err)
		}
	}
	expectRefusal(t, refused, UntrustedProxy)
}

func expectRefusal(t *testing.T, refused <-chan Refusal, want Refusal) {
	t.Helper()
	select {
	case got := <-refused:
		if got != want {
			t.Errorf("refused as %s, want %s", got, want)
		}
	case <-time.After(patience):
		t.Error("nothing was refused")
	}
}

// TLS is behind the header, and what was read with it is not lost.
func TestTLSBehindTheProxyProtocol(t *testing.T) {
	a := testcert.New(t)
	s := newSet(t, Options{Trusted: func(string) bool { return true }})
	update(t, s, Config{Address: here, ProxyProtocol: true, TLS: &TLS{Pairs: []Pair{pair(t, a, t.TempDir(), "a.example")}}})
	raw := dial(t, s, here)
	raw.SetDeadline(time.Now().Add(patience))
	client := tls.Client(&prefixed{raw, "PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\n"}, &tls.Config{RootCAs: a.Pool(), ServerName: "a.example"})
	sent := make(chan error, 1)
	go func() { // ends with the write
		_, err := fmt.Fprint(client, "hello")
		sent <- err
	}()
	conn := accepted(t, s, Plain)
	if got := conn.RemoteAddr().String(); got != "203.0.113.7:5555" {
		t.Errorf("the client is %s", got)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(conn, got); string(got) != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// prefixed writes something before everything else, in one piece with it.
type prefixed struct {
	net.Conn
	first string
}

func (c *prefixed) Write(p []byte) (int, error) {
	if c.first == "" {
		return c.Conn.Write(p)
	}
	_, err := c.Conn.Write(append([]byte(c.first), p...))
	c.first = ""
	return len(p), err
}

// A proxy that says nothing is not waited for when the Set ends.
func TestASilentProxyEndsWithTheSet(t *testing.T) {
	asked, ended := make(chan struct{}), make(chan error, 1)
	s := newSet(t, Options{
		Trusted: func(string) bool { close(asked); return true },
		Refused: func(_ net.Addr, _ Refusal, err error) { ended <- err },
	})
	update(t, s, Config{Address: here, ProxyProtocol: true})
	dial(t, s, here)
	<-asked
	s.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
