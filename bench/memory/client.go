package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"edge/bench/peers/content"
)

// hostName is the host of every request: what the policy allows.
const hostName = "localhost"

// answerTime bounds one answer.
const answerTime = 30 * time.Second

// client asks on one connection, one request after the other.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, answerTime)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func (c *client) close() { c.conn.Close() }

// expect asks for t and compares the answer with what the origin says, byte for
// byte.
func (c *client) expect(t content.Target) error {
	if err := c.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", t, hostName); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	defer res.Body.Close()
	if c.body, err = io.ReadAll(res.Body); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	if res.StatusCode != http.StatusOK || !bytes.Equal(c.body, t.AppendBody(nil, "")) {
		return fmt.Errorf("%s: status %d and %d bytes that are not the origin's", t, res.StatusCode, len(c.body))
	}
	return nil
}

// fillers is how many connections fill a store.
const fillers = 16

// askAll asks for n targets and checks every answer.
func askAll(addr string, n int, target func(int) content.Target) error {
	errs := make([]error, fillers)
	var wg sync.WaitGroup
	for first := range errs {
		wg.Go(func() {
			c, err := dial(addr)
			if err != nil {
				errs[first] = err
				return
			}
			defer c.close()
			for i := first; i < n; i += fillers {
				if err := c.expect(target(i)); err != nil {
					errs[first] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
