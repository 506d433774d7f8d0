package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"edge/bench/peers/content"
)

// asker sends requests one after the other and returns the answers. The body is
// valid until the next request.
type asker interface {
	ask(target string, header []string) (status int, body []byte, err error)
	close()
}

// expect asks for t and compares the answer with what the origin says, byte for
// byte.
func expect(a asker, t content.Target, cookie string, header ...string) error {
	if cookie != "" {
		header = append(header[:len(header):len(header)], "Cookie: "+cookie)
	}
	status, got, err := a.ask(t.String(), header)
	if err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	want := t.AppendBody(nil, cookie)
	if status != http.StatusOK || !bytes.Equal(got, want) {
		return fmt.Errorf("%s: status %d and %d bytes which begin %.80q, want 200 and %d bytes which begin %.80q",
			t, status, len(got), got, len(want), want)
	}
	return nil
}

// hostName is the host of every request: what edge's policy allows.
const hostName = "localhost"

// secureHost is the authority of requests over TLS: with the port, which is not the
// usual one.
func secureHost(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return net.JoinHostPort(hostName, port)
}

// answerTime bounds one answer. NGINX holds those back that wait for a private
// one for as long as 5 s.
const answerTime = 30 * time.Second

// h1 asks on one connection, in HTTP/1.1. It costs little: it shares a core with
// the load.
type h1 struct {
	conn   net.Conn
	in     *bufio.Reader
	out    []byte
	body   []byte
	header []string // of every request
}

// dialH1 connects. header are lines of every request.
func dialH1(addr string, header []string) (*h1, error) {
	conn, err := net.DialTimeout("tcp", addr, answerTime)
	if err != nil {
		return nil, err
	}
	return &h1{conn: conn, in: bufio.NewReaderSize(conn, 16<<10), header: header}, nil
}

func (c *h1) close() { c.conn.Close() }

func (c *h1) ask(target string, header []string) (int, []byte, error) {
	if err := c.send(target, header); err != nil {
		return 0, nil, err
	}
	return c.receive()
}

func (c *h1) send(target string, header []string) error {
	c.out = append(c.out[:0], "GET "+target+" HTTP/1.1\r\nHost: "+hostName+"\r\n"...)
	for _, lines := range [...][]string{c.header, header} {
		for _, line := range lines {
			c.out = append(append(c.out, line...), "\r\n"...)
		}
	}
	c.out = append(c.out, "\r\n"...)
	if err := c.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	_, err := c.conn.Write(c.out)
	return err
}

func (c *h1) receive() (int, []byte, error) {
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, nil, err
	}
	if n := res.ContentLength; n >= 0 && int64(cap(c.body)) >= n {
		c.body = c.body[:n]
		_, err = io.ReadFull(res.Body, c.body)
	} else {
		c.body, err = io.ReadAll(res.Body)
	}
	if err == nil {
		err = res.Body.Close()
	}
	return res.StatusCode, c.body, err
}

// h2 asks in HTTP/2 over TLS.
type h2 struct {
	client *http.Client
	addr   string
	header []string
}

// dialH2 returns an asker that trusts the benchmark's own certificate alone.
func dialH2(addr string, roots *x509.CertPool, header []string) *h2 {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	return &h2{addr: addr, header: header, client: &http.Client{
		Timeout: answerTime,
		Transport: &http.Transport{
			Protocols:          protocols,
			TLSClientConfig:    &tls.Config{RootCAs: roots, ServerName: hostName},
			DisableCompression: true,
		},
	}}
}

func (c *h2) close() { c.client.CloseIdleConnections() }

func (c *h2) ask(target string, header []string) (int, []byte, error) {
	r, err := http.NewRequest(http.MethodGet, "https://"+c.addr+target, nil)
	if err != nil {
		return 0, nil, err
	}
	r.Host = secureHost(c.addr)
	for _, lines := range [...][]string{c.header, header} {
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Add(name, value)
		}
	}
	res, err := c.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	if res.ProtoMajor != 2 {
		return 0, nil, fmt.Errorf("the answer came in %s", res.Proto)
	}
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, body, err
}
