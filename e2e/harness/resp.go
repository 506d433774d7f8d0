package harness

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// respTimeout bounds one exchange with a server.
const respTimeout = 2 * time.Second

// resp is a connection to a redis-server that knows no more of its protocol than
// tests need. It is not the client that edge uses, on purpose.
type resp struct {
	conn net.Conn
	r    *bufio.Reader
}

func dialRESP(addr string) (*resp, error) {
	c, err := net.DialTimeout("tcp", addr, respTimeout)
	if err != nil {
		return nil, err
	}
	return &resp{c, bufio.NewReader(c)}, nil
}

func (c *resp) close() { c.conn.Close() }

// do sends a command and returns its answer: arrays with a line for each element.
func (c *resp) do(args ...string) (string, error) {
	c.conn.SetDeadline(time.Now().Add(respTimeout))
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c.conn, b.String()); err != nil {
		return "", err
	}
	return c.answer()
}

func (c *resp) answer() (string, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty answer")
	}
	switch kind, rest := line[0], line[1:]; kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	case '$':
		return c.bulk(rest)
	case '*':
		return c.array(rest)
	default:
		return "", fmt.Errorf("an answer that begins with %q", kind)
	}
}

func (c *resp) bulk(length string) (string, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return "", err
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(c.r, b); err != nil {
		return "", err
	}
	return string(b[:n]), nil
}

func (c *resp) array(length string) (string, error) {
	n, err := strconv.Atoi(length)
	if err != nil {
		return "", err
	}
	var list []string
	for range n {
		element, err := c.answer()
		if err != nil {
			return "", err
		}
		list = append(list, element)
	}
	return strings.Join(list, "\n"), nil
}
