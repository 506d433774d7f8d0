// Command origin is the origin behind the benchmark's peers: it costs so little
// that what is measured is the peer, not the origin.
//
// It reads requests with a parser of its own, which takes a GET without a body
// and nothing else, and answers what package content says. GET /count returns
// how many other requests there were.
//
//	origin -listen 127.0.0.1:0
//
// prints its address as one line.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"edge/bench/peers/content"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	flag.Parse()
	fmt.Fprintln(os.Stderr, "origin:", run(*listen))
	os.Exit(1)
}

// run serves until the listener fails, and tells how.
func run(listen string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	o := new(origin)
	o.tick(time.Now())
	go func() { // ends with the process
		for now := range time.Tick(time.Second) {
			o.tick(now)
		}
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go o.serve(conn) // ends when the peer closes the connection
	}
}

// origin is what the connections share.
type origin struct {
	requests atomic.Int64
	date     atomic.Pointer[[]byte] // the line of the head, made once a second
}

func (o *origin) tick(now time.Time) {
	line := now.UTC().AppendFormat(nil, "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n")
	o.date.Store(&line)
}

// headMax bounds the head of a request.
const headMax = 16 << 10

// serve answers the requests of one connection, one after the other.
func (o *origin) serve(conn net.Conn) {
	defer conn.Close()
	in, out := make([]byte, headMax), make([]byte, 0, 4<<10)
	have := 0
	for {
		end := bytes.Index(in[:have], []byte("\r\n\r\n"))
		if end < 0 {
			if have == len(in) {
				return
			}
			n, err := conn.Read(in[have:])
			if err != nil {
				return
			}
			have += n
			continue
		}
		var err error
		if out, err = o.answer(out[:0], in[:end]); err != nil {
			out = append(out[:0], "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"...)
		}
		if _, failed := conn.Write(out); failed != nil || err != nil {
			return
		}
		have = copy(in, in[end+len("\r\n\r\n"):have])
	}
}

var errNotGet = errors.New("not a GET without a body")

// answer appends the answer to a head, which is without its empty line.
func (o *origin) answer(dst, head []byte) ([]byte, error) {
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	method, rest, _ := bytes.Cut(line, []byte(" "))
	path, _, ok := bytes.Cut(rest, []byte(" "))
	if !ok || string(method) != "GET" {
		return nil, errNotGet
	}
	if string(path) == "/count" {
		return o.count(dst), nil
	}
	o.requests.Add(1)
	t, err := content.Parse(string(path))
	if err != nil {
		return nil, err
	}
	if t.Delay > 0 {
		time.Sleep(t.Delay)
	}
	dst = append(dst, "HTTP/1.1 200 OK\r\n"...)
	dst = append(dst, *o.date.Load()...)
	dst = append(t.AppendHead(dst), "\r\n"...)
	return t.AppendBody(dst, string(cookie(fields))), nil
}

func (o *origin) count(dst []byte) []byte {
	n := strconv.FormatInt(o.requests.Load(), 10)
	return fmt.Appendf(dst, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(n), n)
}

// cookie returns the value of the Cookie field, if there is one.
func cookie(fields []byte) []byte {
	for len(fields) > 0 {
		var line []byte
		line, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		const name = "cookie:"
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return bytes.TrimSpace(line[len(name):])
		}
	}
	return nil
}
