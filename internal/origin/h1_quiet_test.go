//go:build unix

package origin

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// kept are the connections that the only address of s keeps.
func kept(s *Set) *h1Client {
	return (*s.Transport("o").(*pool).addresses.Load())[0].client
}

// stirs waits until something has happened on the connection that s keeps.
func stirs(t *testing.T, s *Set) {
	t.Helper()
	c := kept(s)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		c.mu.Lock()
		quiet := len(c.unused) == 1 && c.unused[0].quiet() == nil
		c.mu.Unlock()
		if !quiet {
			return
		}
	}
	t.Fatal("nothing came on the connection")
}

// secureOrigin is rawOrigin with TLS.
func secureOrigin(t *testing.T, answer func(conn net.Conn)) string {
	t.Helper()
	cert, key := newAuthority(t, t.TempDir(), "ca").issue(t, filepath.Join(t.TempDir(), "server"), "app.internal")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	url := rawOrigin(t, func(conn net.Conn) { answer(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}})) })
	return strings.Replace(url, "http:", "https:", 1)
}

// What comes between two requests makes a connection useless, and costs nobody a
// request: not one that must not be repeated either.
func TestH1ComesUnasked(t *testing.T) {
	for name, then := range map[string]func(conn net.Conn){
		"an answer to nothing": func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil") },
		"a byte":               func(conn net.Conn) { io.WriteString(conn, "\n") },
		"a timeout":            func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 408 Request Timeout\r\n\r\n") },
		"the end":              func(conn net.Conn) { conn.Close() },
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+" over "+scheme, func(t *testing.T) {
				var conns atomic.Int32
				serve := func(conn net.Conn) {
					r := bufio.NewReader(conn)
					first := conns.Add(1) == 1
					for readHead(r) != "" {
						io.WriteString(conn, ok200)
						if first {
							then(conn)
							first = false
						}
					}
				}
				url := ""
				if scheme == "https" {
					url = secureOrigin(t, serve)
				} else {
					url = rawOrigin(t, serve)
				}
				s := newSet(t, Config{TLS: TLS{InsecureSkipVerify: true}}, url)
				for i, method := range []string{"GET", "POST", "POST"} {
					body, err := fetch(t.Context(), t, s, method, "/", "")
					if err != nil || body != "ok" {
						t.Fatalf("request %d: %q, %v", i, body, err)
					}
					if i == 0 {
						stirs(t, s)
					}
				}
				if got := conns.Load(); got != 2 {
					t.Errorf("%d connections, want 2", got)
				}
			})
		}
	}
}

// An origin that speaks before it is asked is not believed.
func TestH1SpeaksFirst(t *testing.T) {
	client, server := ends(t, "tcp")
	io.WriteString(server, ok200)
	arrived(t, client.(*guard))
	conn := newH1Conn(&h1Client{}, client.(*guard).socket)
	req := newRequest(t, t.Context(), "GET", nil)
	if _, err := conn.exchange(req, []byte("GET / HTTP/1.1\r\n\r\n"), &untraced); !errors.Is(err, errUnasked) {
		t.Errorf("got %v", err)
	}
}

// TLS reads ahead: what it has of the origin beyond an answer, in the same record or
// in others, no buffer of ours shows.
func TestH1WhatTLSHasRead(t *testing.T) {
	const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	answer := func(size int) string {
		head := func(n int) string { return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", n) }
		n := size - len(head(size))
		return head(n) + strings.Repeat("x", n)
	}
	for name, says := range map[string]func(conn net.Conn){
		"in one record": func(conn net.Conn) { io.WriteString(conn, answer(4096)+evil) },
		"in records of one write": func(conn net.Conn) {
			io.WriteString(conn, answer(4096))
			io.WriteString(conn, evil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSet(t, Config{TLS: TLS{InsecureSkipVerify: true}}, secureOrigin(t, func(conn net.Conn) {
				r := bufio.NewReader(conn)
				for readHead(r) != "" {
					says(conn)
				}
			}))
			for i := range 20 {
				if body, err := fetch(t.Context(), t, s, "GET", "/", ""); err != nil || strings.Trim(body, "x") != "" {
					t.Fatalf("request %d: %q, %v", i, body, err)
				}
				if len(kept(s).unused) == 1 { // the rest comes later
					stirs(t, s)
				}
			}
		})
	}
}

// The tickets of TLS 1.3 come before the first answer: they are no reason to give a
// connection up.
func TestH1OverTLS(t *testing.T) {
	var conns atomic.Int32
	s := newSet(t, Config{TLS: TLS{InsecureSkipVerify: true}}, secureOrigin(t, func(conn net.Conn) {
		conns.Add(1)
		replies(conn, ok200)
	}))
	for range 5 {
		resp, body, err := get(t, s)
		if err != nil || body != "ok" {
			t.Fatalf("%q, %v", body, err)
		}
		if resp.TLS == nil || resp.TLS.Version != tls.VersionTLS13 {
			t.Errorf("the state of TLS is %+v", resp.TLS)
		}
	}
	if got := conns.Load(); got != 1 {
		t.Errorf("%d connections, want 1", got)
	}
}

// The look before each request is not paid with memory.
func TestH1LooksForFree(t *testing.T) {
	client, _ := ends(t, "tcp")
	conn := newH1Conn(&h1Client{}, client.(*guard).socket)
	if got := testing.AllocsPerRun(100, func() { conn.quiet() }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
