package harness

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Response is an answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Raw writes request to addr as it is, byte for byte, and reads one answer. An
// error means that the connection ended without a whole one.
func Raw(addr, request string) (Response, error) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return Response{}, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, request); err != nil {
		return Response{}, fmt.Errorf("write the request: %w", err)
	}
	return read(bufio.NewReader(c), request)
}

// read reads the final answer to a raw request.
func read(r *bufio.Reader, request string) (Response, error) {
	method := request
	for i, c := range request {
		if c == ' ' {
			method = request[:i]
			break
		}
	}
	for {
		res, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return Response{}, fmt.Errorf("read the answer: %w", err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return Response{}, fmt.Errorf("read the body of the answer: %w", err)
		}
		if res.StatusCode >= 200 || res.StatusCode == http.StatusSwitchingProtocols {
			return Response{Status: res.StatusCode, Header: res.Header, Body: string(body)}, nil
		}
	}
}

// Client is an HTTP client that shows what is on the wire: it follows no
// redirect, asks for no compression and adds no field but User-Agent.
type Client struct{ http http.Client }

// NewClient returns a client that speaks HTTP/1.1.
func NewClient() *Client { return newClient(new(http.Protocols), false) }

// NewH2Client returns a client that speaks HTTP/2 without TLS, from the first
// byte.
func NewH2Client() *Client { return newClient(new(http.Protocols), true) }

func newClient(p *http.Protocols, h2 bool) *Client {
	p.SetHTTP1(!h2)
	p.SetUnencryptedHTTP2(h2)
	return &Client{http: http.Client{
		Transport:     &http.Transport{DisableCompression: true, Protocols: p},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}}
}

// Close closes the connections that the client keeps.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do sends a request and reads the answer to its end.
func (c *Client) Do(req *http.Request) (Response, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return Response{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return Response{Status: res.StatusCode, Header: res.Header, Body: string(body)}, err
}

// Send is Do for tests. header are lines, "name: value".
func (c *Client) Send(t testing.TB, method, url, body string, header ...string) Response {
	t.Helper()
	req, err := NewRequest(method, url, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return res
}

// Get is Send of a GET without a body.
func (c *Client) Get(t testing.TB, url string, header ...string) Response {
	t.Helper()
	return c.Send(t, http.MethodGet, url, "", header...)
}
