//go:build unix

package origin

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// overflowing answers each request with its path, and with an answer to nothing in
// the same packet.
func overflowing(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		head := readHead(r)
		if head == "" {
			return
		}
		path := strings.Fields(head)[1]
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%sHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", len(path), path)
	}
}

// withoutLog keeps net/http from writing about what is left on its connections.
func withoutLog(t *testing.T) {
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
}

// overflowingOrigins are a Set with an overflowing origin, without TLS and with it.
func overflowingOrigins(t *testing.T) map[string]*Set {
	t.Helper()
	withoutLog(t)
	dir := t.TempDir()
	cert, key := newAuthority(t, dir, "ca").issue(t, filepath.Join(dir, "server"), "app.internal")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	secure := rawOrigin(t, func(conn net.Conn) { overflowing(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}})) })
	return map[string]*Set{
		"http":  newSet(t, Config{}, rawOrigin(t, overflowing)),
		"https": newSet(t, Config{TLS: TLS{InsecureSkipVerify: true}}, strings.Replace(secure, "http:", "https:", 1)),
	}
}

// ways are the two ways to an origin: what does not ask for another protocol goes
// through an h1Client, what does through net/http.
var ways = map[string]string{"our own client": "", "net/http": "websocket"}

// fetch asks for a path, and for another protocol, and returns the body of the
// answer.
func fetch(ctx context.Context, t *testing.T, s *Set, method, path, upgrade string) (string, error) {
	t.Helper()
	req := newRequest(t, ctx, method, nil)
	req.URL.Path = path
	if upgrade != "" {
		req.Header.Set("Upgrade", upgrade)
	}
	resp, err := s.Transport("o").RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// The next request gets the connection in the moment in which it was put aside; of
// net/http's, before that has seen that something is left on it: the hook is called
// between the two. Without the guard each of these rounds hands on what is left.
func TestWhatIsLeftIsNotTheNextAnswer(t *testing.T) {
	for scheme, s := range overflowingOrigins(t) {
		for way, upgrade := range ways {
			t.Run(scheme+" through "+way, func(t *testing.T) {
				for round := range 20 {
					oneAfterTheOther(t, s, upgrade, fmt.Sprint("/next/", round))
				}
			})
		}
	}
}

// oneAfterTheOther asks for path as soon as the connection of another request is put
// aside.
func oneAfterTheOther(t *testing.T, s *Set, upgrade, path string) {
	t.Helper()
	var next sync.WaitGroup
	asked := false
	hurry := &httptrace.ClientTrace{PutIdleConn: func(error) {
		asked = true
		sent := make(chan struct{})
		var once sync.Once // it may be written again, on another connection
		next.Go(func() {
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { once.Do(func() { close(sent) }) }})
			if body, err := fetch(ctx, t, s, "GET", path, upgrade); err != nil || body != path {
				t.Errorf("%s: got %q, %v", path, body, err)
			}
		})
		select {
		case <-sent: // it did not wait for net/http
		case <-time.After(20 * time.Millisecond):
		}
	}}
	for range 20 { // on a busy machine net/http closes some
		if _, err := fetch(httptrace.WithClientTrace(t.Context(), hurry), t, s, "GET", "/first", upgrade); err != nil {
			t.Fatal(err)
		}
		if asked {
			break
		}
	}
	next.Wait()
	if !asked {
		t.Error("no connection was put aside")
	}
}

// Every attempt through net/http tells the guard of its connection, whatever else is
// traced.
func TestEveryAttemptIsTraced(t *testing.T) {
	s := newSet(t, Config{}, rawOrigin(t, overflowing))
	p := s.Transport("o").(*pool)
	traced := 0
	own := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { traced++ }})
	for name, ctx := range map[string]context.Context{"no trace": t.Context(), "its own": own} {
		req := newRequest(t, ctx, "GET", nil)
		req.Header.Set("Upgrade", "websocket")
		trial := p.attempt(req, nil, p.choose(time.Now(), nil, true))
		client, _ := ends(t, "tcp")
		trace := httptrace.ContextClientTrace(trial)
		if trace == nil || trace.GotConn == nil {
			t.Fatalf("a request with %s: nothing is told of its connection", name)
		}
		trace.GotConn(httptrace.GotConnInfo{Conn: client})
		if !client.(*guard).used {
			t.Errorf("a request with %s: the guard is not told", name)
		}
		trial.leave()
		trial.release()
	}
	if traced != 1 {
		t.Errorf("the request's own trace was called %d times, want once", traced)
	}
}

// Many clients over few connections, with and without bodies in the answers.
func TestNobodyGetsWhatIsLeft(t *testing.T) {
	for scheme, s := range overflowingOrigins(t) {
		for way, upgrade := range ways {
			t.Run(scheme+" through "+way, func(t *testing.T) {
				var clients sync.WaitGroup
				for client := range 8 {
					clients.Go(func() { askOften(t, s, upgrade, client) })
				}
				clients.Wait()
			})
		}
	}
}

// askOften asks for 100 paths of a client.
func askOften(t *testing.T, s *Set, upgrade string, client int) {
	for i := range 100 {
		path, method := fmt.Sprintf("/%d/%d", client, i), "GET"
		want := path
		if i%4 == 3 {
			method, want = "HEAD", ""
		}
		if body, err := fetch(t.Context(), t, s, method, path, upgrade); err != nil || body != want {
			t.Errorf("%s %s: got %q, %v", method, path, body, err)
		}
	}
}

// ends returns the two ends of a connection, the first of them guarded.
func ends(t *testing.T, network string) (client, server net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return guarded(conn, false), server
}

// arrived waits until there is something to read, and leaves it there.
func arrived(t *testing.T, g *guard) {
	t.Helper()
	err := g.raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		return err != syscall.EAGAIN
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What lies in the socket when a request begins, nobody has read yet.
func TestGuardLooksBeforeItWrites(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		client, server := ends(t, network)
		inTurn(httptrace.GotConnInfo{Conn: client})
		io.WriteString(server, "x")
		arrived(t, client.(*guard))
		if _, err := io.WriteString(client, "GET"); !errors.Is(err, errUnasked) {
			t.Errorf("%s: writing after something has come: %v", network, err)
		}
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, errUnasked) {
			t.Errorf("%s: reading what came: %v", network, err)
		}
	}
}

// What comes while nothing is asked is refused by the Read that waits for it, and
// from then on by every Write.
func TestGuardRefusesWhatComesUnasked(t *testing.T) {
	client, server := ends(t, "tcp")
	io.WriteString(server, "x")
	if n, err := client.Read(make([]byte, 10)); n != 0 || !errors.Is(err, errUnasked) {
		t.Errorf("reading: %d bytes, %v", n, err)
	}
	if _, err := io.WriteString(client, "GET"); !errors.Is(err, errUnasked) {
		t.Errorf("writing: %v", err)
	}
}

// A request waits for net/http to have read the answer before to its end: it begins
// when a Read waits, or when the connection is closed.
func TestARequestWaitsForTheReader(t *testing.T) {
	client, server := ends(t, "tcp")
	inTurn(httptrace.GotConnInfo{Conn: client})
	io.WriteString(client, "one")
	io.WriteString(server, "1")
	if _, err := io.ReadFull(client, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	go func() {
		inTurn(httptrace.GotConnInfo{Conn: client})
		close(begun)
	}()
	read := make(chan error, 1)
	select {
	case <-begun:
		t.Error("the second request began before the first answer was over")
	case <-time.After(10 * time.Millisecond):
	}
	go func() {
		_, err := io.ReadFull(client, make([]byte, 1))
		read <- err
	}()
	<-begun
	io.WriteString(client, "two")
	io.ReadFull(server, make([]byte, len("onetwo")))
	io.WriteString(server, "2")
	if err := <-read; err != nil {
		t.Error(err)
	}
	go client.Close()
	inTurn(httptrace.GotConnInfo{Conn: client})
}
