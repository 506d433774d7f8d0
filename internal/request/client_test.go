package request

import (
	"net/netip"
	"strings"
	"testing"
)

// inTens trusts as a policy does: what it is asked has a port.
func inTens(peer string) bool {
	at, err := netip.ParseAddrPort(peer)
	return err == nil && (strings.HasPrefix(at.Addr().String(), "10.") || at.Addr().String() == "fd00::1")
}

func TestClientIP(t *testing.T) {
	for _, test := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a peer that is not trusted", "192.0.2.1:4711", nil, "192.0.2.1"},
		{"and what it says", "192.0.2.1:4711", []string{"1.2.3.4"}, "192.0.2.1"},
		{"an IPv6 peer", "[2001:db8::1]:4711", nil, "2001:db8::1"},
		{"a peer without port", "192.0.2.1", nil, "192.0.2.1"},
		{"an IPv6 peer without port", "2001:db8::1", nil, "2001:db8::1"},
		{"a peer that is unknown", "", []string{"1.2.3.4"}, ""},
		{"a trusted peer that says nothing", "10.0.0.1:80", nil, "10.0.0.1"},
		{"a trusted peer", "10.0.0.1:80", []string{"1.2.3.4"}, "1.2.3.4"},
		{"a trusted IPv6 peer", "[fd00::1]:80", []string{"1.2.3.4"}, "1.2.3.4"},
		{"what the client itself wrote", "10.0.0.1:80", []string{"6.6.6.6, 1.2.3.4"}, "1.2.3.4"},
		{"a chain of trusted proxies", "10.0.0.1:80", []string{"6.6.6.6, 1.2.3.4, 10.0.0.3,10.0.0.2"}, "1.2.3.4"},
		{"a chain in several lines", "10.0.0.1:80", []string{"6.6.6.6", "1.2.3.4", "10.0.0.2"}, "1.2.3.4"},
		{"all trusted", "10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"with ports", "10.0.0.1:80", []string{"1.2.3.4:5678, 10.0.0.2:80"}, "1.2.3.4"},
		{"IPv6 in brackets", "10.0.0.1:80", []string{"[2001:db8::2]:5678"}, "2001:db8::2"},
		{"IPv6", "10.0.0.1:80", []string{"2001:db8::2"}, "2001:db8::2"},
		{"no address", "10.0.0.1:80", []string{"1.2.3.4, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"an empty line", "10.0.0.1:80", []string{""}, "10.0.0.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			raw := "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\n"
			for _, line := range test.forwarded {
				raw += "X-Forwarded-For: " + line + "\r\n"
			}
			rules := &Rules{Names: NewNames(), Trusted: inTens}
			var v View
			if _, f := Parse(&v, []byte(raw+"\r\n"), Conn{Peer: test.peer}, rules); f != NoFault {
				t.Fatal(f)
			}
			if got := v.ClientIP(); got != test.want {
				t.Errorf("ClientIP = %q, want %q", got, test.want)
			}
			if got := v.Peer(); !v.TrustedPeer && got != test.want || v.TrustedPeer && !inTens("["+got+"]:80") && !inTens(got+":80") {
				t.Errorf("Peer = %q", got)
			}
			if got := v.Clone().ClientIP(); got != test.want {
				t.Errorf("ClientIP of the clone = %q, want %q", got, test.want)
			}
		})
	}
}

func TestScheme(t *testing.T) {
	const lb, stranger = "10.0.0.1:80", "192.0.2.1:80"
	for _, test := range []struct {
		name  string
		rules Rules
		conn  Conn
		lines string
		want  string
	}{
		{"the connection", Rules{}, Conn{}, "", "http"},
		{"an encrypted connection", Rules{}, Conn{TLS: true}, "", "https"},
		{"the policy", Rules{Scheme: "https"}, Conn{}, "", "https"},
		{"the policy before all", Rules{Scheme: "http"}, Conn{Peer: lb, TLS: true}, "https", "http"},
		{"a trusted peer", Rules{}, Conn{Peer: lb}, "https", "https"},
		{"a trusted peer over TLS", Rules{}, Conn{Peer: lb, TLS: true}, "http", "http"},
		{"in any case", Rules{}, Conn{Peer: lb}, "HTTPS", "https"},
		{"a peer that is not trusted", Rules{}, Conn{Peer: stranger}, "https", "http"},
		{"the last of a list", Rules{}, Conn{Peer: lb}, "http, https", "https"},
		{"the last of several lines", Rules{}, Conn{Peer: lb}, "https\r\nX-Forwarded-Proto: http", "http"},
		{"no scheme", Rules{}, Conn{Peer: lb, TLS: true}, "gopher", "https"},
		{"nothing", Rules{}, Conn{Peer: lb}, "https,", "http"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.rules.Names, test.rules.Trusted = NewNames(), inTens
			raw := "GET / HTTP/1.1\r\nHost: a.test:443\r\n"
			if test.lines != "" {
				raw += "X-Forwarded-Proto: " + test.lines + "\r\n"
			}
			var parsed, filled View
			if _, f := Parse(&parsed, []byte(raw+"\r\n"), test.conn, &test.rules); f != NoFault {
				t.Fatal(f)
			}
			if f := FromHTTP(&filled, readHTTP(t, raw+"\r\n"), test.conn, &test.rules); f != NoFault {
				t.Fatal(f)
			}
			for _, v := range []*View{&parsed, &filled} {
				if v.Scheme != test.want || (v.Host == "a.test") != (test.want == "https") {
					t.Errorf("%s://%s, want %s", v.Scheme, v.Host, test.want)
				}
			}
		})
	}
}
