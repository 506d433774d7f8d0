package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	hereRequest = "GET /here HTTP/1.1\r\nHost: a\r\n\r\n"
	slowRequest = "GET /here/slow HTTP/1.1\r\nHost: a\r\n\r\n"
)

// handlers are what a handler may do to an answer.
var handlers = map[string]http.HandlerFunc{
	"nothing":                 func(http.ResponseWriter, *http.Request) {},
	"text":                    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "some text") },
	"page":                    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<!doctype html><title>a</title>") },
	"nothing, twice":          func(w http.ResponseWriter, _ *http.Request) { w.Write(nil); w.WriteHeader(404); w.WriteHeader(200) },
	"coded":                   with("x", "Content-Encoding", "gzip"),
	"typed":                   with("x", "Content-Type", "image/png", "Date", "Mon, 01 Jan 2001 00:00:00 GMT"),
	"length":                  with("12345", "Content-Length", "5"),
	"too short":               with("1234", "Content-Length", "5"),
	"too long":                with("123456", "Content-Length", "5"),
	"no length":               with("12345", "Content-Length", "five"),
	"negative length":         with("12345", "Content-Length", "-5"),
	"close":                   with("x", "Connection", "close"),
	"chunked by itself":       with("x", "Transfer-Encoding", "chunked"),
	"chunked beside a length": with("x", "Transfer-Encoding", "chunked", "Content-Length", "5"),
	"to the end":              with("x", "Transfer-Encoding", "identity"),
	"identity, a length":      with("x", "Transfer-Encoding", "identity", "Content-Length", "1"),
	"odd values":              with("x", "X-Odd", " a\r\nb\nc ", "X Y", "1", "", "2", "X-Empty", "", "x-lower", "3"),
	"several":                 func(w http.ResponseWriter, _ *http.Request) { w.Header()["X-Many"] = []string{"b", "a", "b"} },
	"204":                     status(204, "Content-Type", "text/plain", "Content-Length", "5"),
	"304":                     status(304, "Content-Type", "text/plain", "Content-Length", "5", "Etag", `"a"`),
	"404":                     status(404),
	"599":                     status(599),
	"early hints": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a>; rel=preload")
		w.Header().Set("Content-Length", "1")
		w.WriteHeader(103)
		w.WriteHeader(102)
		io.WriteString(w, "x")
	},
	"large":  func(w http.ResponseWriter, _ *http.Request) { write(w, 5, 1000) },
	"larger": func(w http.ResponseWriter, _ *http.Request) { write(w, 1, 100_000) },
	"large, with a length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		write(w, 100, 1000)
	},
	"just a buffer":      func(w http.ResponseWriter, _ *http.Request) { write(w, 2, bodyBytes/2) },
	"more than a buffer": func(w http.ResponseWriter, _ *http.Request) { write(w, 2, bodyBytes/2); write(w, 1, 1) },
	"flushed": func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			io.WriteString(w, "part")
			http.NewResponseController(w).Flush()
		}
	},
	"flushed at once": func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).Flush()
		io.WriteString(w, "x")
	},
	"large head":             with("x", "X-Large", strings.Repeat("y", 10_000)),
	"broken off":             breaksOff(0, ""),
	"broken off at 100":      breaksOff(100, ""),
	"broken off at 5000":     breaksOff(5000, ""),
	"broken off at 100/200":  breaksOff(100, "200"),
	"broken off at 9000/10k": breaksOff(9000, "10000"),
	"broken off, flushed": func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "part")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	},
	"a body where none may be": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(204)
		if _, err := io.WriteString(w, "x"); err != http.ErrBodyNotAllowed {
			panic(err)
		}
	},
}

// with writes a body under a head.
func with(body string, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header()[fields[i]] = []string{fields[i+1]}
		}
		io.WriteString(w, body)
	}
}

// status answers with a head alone.
func status(code int, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header()[fields[i]] = []string{fields[i+1]}
		}
		w.WriteHeader(code)
	}
}

// write writes a body in parts.
func write(w io.Writer, parts, size int) {
	for i := range parts {
		w.Write(bytes.Repeat([]byte{'a' + byte(i%26)}, size))
	}
}

// breaksOff breaks off after some of a body of that length, if one is announced.
func breaksOff(after int, length string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if length != "" {
			w.Header().Set("Content-Length", length)
		}
		for range after / 100 {
			write(w, 1, 100)
		}
		panic(http.ErrAbortHandler)
	}
}

// heard is what a client makes of all that came on a connection.
type heard struct {
	Heads  []string // of informational answers and the last one, fields sorted
	Body   string
	Broken string
	Lives  bool // the connection takes another request
}

// hear asks for a target, and then for a hit.
func (w *world) hear(target string) heard {
	raw := converse(w, getOf(target), []byte(hitRequest))
	return hearFrom(bufio.NewReaderSize(bytes.NewReader(raw), len(raw)+16), func() {})
}

// hearOnSocket is hear for a world of sockets. It asks for the hit when it has the answer.
func (w *world) hearOnSocket(target string) heard {
	c := w.client(w.t)
	defer c.Close()
	send(w.t, c, string(getOf(target)))
	return hearFrom(bufio.NewReaderSize(c, 1<<17), func() {
		_, _ = io.WriteString(c, hitRequest) // it fails where the connection ends
	})
}

func getOf(target string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target)
}

// hearFrom reads what came, and calls goOn behind the answer.
func hearFrom(in *bufio.Reader, goOn func()) (h heard) {
	for {
		h.Heads = append(h.Heads, peekHead(in))
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			h.Broken = err.Error()
			return h
		}
		if res.StatusCode < 200 {
			continue
		}
		body, err := io.ReadAll(res.Body)
		if h.Body = string(body); err != nil {
			h.Broken = err.Error()
		}
		goOn()
		next, err := http.ReadResponse(in, nil)
		h.Lives = err == nil && next.StatusCode == http.StatusOK
		return h
	}
}

// peekHead returns the head that comes next, its fields sorted, and a date of now as
// such.
func peekHead(in *bufio.Reader) string {
	var head string
	for found, more := false, error(nil); !found && more == nil; {
		all, _ := in.Peek(in.Buffered())
		if head, _, found = strings.Cut(string(all), "\r\n\r\n"); !found {
			_, more = in.Peek(in.Buffered() + 1)
		}
	}
	lines := strings.Split(head, "\r\n")
	for i, line := range lines {
		if date, ok := strings.CutPrefix(line, "Date: "); ok {
			if at, err := http.ParseTime(date); err == nil && time.Since(at) < time.Minute {
				lines[i] = "Date: now"
			}
		}
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}

// Whatever a handler does, its client hears the same from a Task as from net/http:
// heads, body, where it breaks off, and whether the connection lives.
func TestAnswersAreThoseOfNetHTTP(t *testing.T) {
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.handler = handler
				theirs := w.hear("/miss")
				for _, target := range []string{"/here", "/here/slow"} {
					if diff := cmp.Diff(theirs, w.hear(target)); diff != "" {
						t.Errorf("- net/http, + Task for %s:\n%s", target, diff)
					}
				}
				if got := w.here.Load(); got != 2 {
					t.Errorf("%d Tasks, want 2", got)
				}
				if got := w.under.Load(); got != 0 {
					t.Errorf("%d Tasks have not left", got)
				}
			})
			w := newWorld(t, true)
			defer w.stop()
			w.handler = handler
			w.open.Store(true) // each connection loads it: from here on they see the handler
			theirs := w.hearOnSocket("/miss")
			for range 2 {
				if diff := cmp.Diff(theirs, w.hearOnSocket("/here")); diff != "" {
					t.Errorf("- net/http, + Task on a socket:\n%s", diff)
				}
			}
		})
	}
}

// The context of a Task ends when its client leaves, on sockets and without, also if
// that has sent the next request already.
func TestTaskHearsTheClientLeave(t *testing.T) {
	const left = "GET /here/left HTTP/1.1\r\nHost: a\r\n\r\n"
	ask := func(t *testing.T, w *world, raw string) {
		c := w.client(t)
		c.ask(hitRequest)
		if _, err := io.WriteString(c, raw); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
		if err := <-w.left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	inBubble(t, func(t *testing.T, w *world) { ask(t, w, left) })
	w := newWorld(t, true)
	defer w.stop()
	requests := []string{left}
	if runtime.GOOS == "linux" { // see hungUp
		requests = append(requests, left+hitRequest, left+hitRequest[:10])
	}
	for _, raw := range requests {
		ask(t, w, raw)
	}
}

// A Task may take longer than any deadline of a connection; afterwards the
// connection has the deadlines it had before.
func TestTaskTakesItsTime(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.handler = func(rw http.ResponseWriter, _ *http.Request) {
			time.Sleep(10 * testIdle)
			_, _ = io.WriteString(rw, "late")
		}
		c := w.client(t)
		for range 2 {
			c.ask(hitRequest)
			if got := c.ask(hereRequest); got != "late" {
				t.Errorf("got %q", got)
			}
		}
		c.ask(hitRequest)
		if got := c.ask(hereRequest); got != "late" {
			t.Errorf("got %q", got)
		}
		within(t, "the connection is closed", c.closedAfter(), testIdle*7/8, testIdle)
	})
}

// Who is stuck in a Write of a Task's is freed by a write deadline, which any goroutine
// may set at any time, also where a hit has left one before.
func TestADeadlineFreesATaskThatWrites(t *testing.T) {
	w := newWorld(t, true)
	defer w.stop()
	freed := make(chan error, 1)
	w.handler = func(rw http.ResponseWriter, _ *http.Request) {
		go func() { _ = http.NewResponseController(rw).SetWriteDeadline(time.Unix(1, 0)) }()
		part, err := make([]byte, 32<<10), error(nil)
		for err == nil {
			_, err = rw.Write(part)
		}
		freed <- err
		panic(http.ErrAbortHandler)
	}
	w.open.Store(true) // the connection loads it: from here on it sees the handler
	c := w.client(t)
	defer c.Close()
	c.ask(hitRequest)
	send(t, c, hereRequest) // and reads nothing
	select {
	case err := <-freed:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the Task still writes")
	}
}

// A connection lives as long as there are Tasks, and then until the idle timeout, also
// if somebody had to listen during the last one.
func TestTasksAloneKeepAConnection(t *testing.T) {
	for _, last := range []string{hereRequest, slowRequest} {
		inBubble(t, func(t *testing.T, w *world) {
			c := w.client(t)
			c.ask(missRequest) // from then on net/http has room for a head in one piece
			for range 5 {
				c.ask(hereRequest)
				time.Sleep(testIdle * 6 / 10)
			}
			c.ask(hereRequest)
			c.ask(last)
			within(t, "the connection is closed", c.closedAfter(), testIdle*7/8, testIdle)
		})
	}
}

// The head behind a Task has as much time as any other, though that of the Task came
// in pieces.
func TestHeadBehindATask(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.client(t)
		c.ask(missRequest)
		c.ask(hitRequest)
		if _, err := io.WriteString(c, hereRequest[:10]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(testHead * 6 / 10)
		c.ask(hereRequest[10:] + hitRequest[:10])
		time.Sleep(testHead * 6 / 10)
		if got := c.ask(hitRequest[10:]); got != "hit /hit" {
			t.Errorf("got %q", got)
		}
	})
}

// What comes while a Task is at work is served after it, in turn, however much it is.
func TestPipelineBehindATask(t *testing.T) {
	for _, many := range []int{1, 100, 2000} {
		inBubble(t, func(t *testing.T, w *world) {
			c := w.client(t)
			go func() { _, _ = io.WriteString(c, slowRequest+strings.Repeat(hitRequest, many)+slowRequest) }()
			if got := c.answer(); got != `GET /here/slow ""` {
				t.Errorf("got %q", got)
			}
			for i := range many {
				if got := c.answer(); got != "hit /hit" {
					t.Fatalf("answer %d: %q", i, got)
				}
			}
			if got := c.answer(); got != `GET /here/slow ""` {
				t.Errorf("got %q", got)
			}
		})
	}
}

// Shutdown waits for a Task, and ends its context when the time is over.
func TestShutdownAndTasks(t *testing.T) {
	for _, takes := range []time.Duration{8 * time.Second, time.Minute} {
		inBubble(t, func(t *testing.T, w *world) {
			w.handler = func(rw http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(takes):
					_, _ = io.WriteString(rw, "late")
				case <-r.Context().Done():
					panic(http.ErrAbortHandler)
				}
			}
			c := w.client(t)
			if _, err := io.WriteString(c, hereRequest); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			done := make(chan error)
			began := time.Now()
			go func() {
				_, err := w.shutdown(10 * time.Second)
				done <- err
			}()
			all, _ := io.ReadAll(c)
			err := <-done
			if late := takes > 10*time.Second; late != (err != nil) || late == strings.Contains(string(all), "late") {
				t.Errorf("a Task of %v: %q, %v", takes, all, err)
			}
			within(t, "Shutdown returned", time.Since(began), min(takes, 10*time.Second), 11*time.Second)
		})
	}
}

// Where no Task may begin the connection is closed, and the Task has not begun.
func TestNoTaskEnters(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.client(t)
		c.ask(hitRequest)
		w.full.Store(true)
		if _, err := io.WriteString(c, hereRequest); err != nil {
			t.Fatal(err)
		}
		within(t, "the connection is closed", c.closedAfter(), 0, 0)
		if got := w.here.Load(); got != 0 {
			t.Errorf("%d Tasks", got)
		}
	})
}

// A panic of a Clerk's closes the connection, and does not hold up Shutdown.
func TestClerkPanics(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.client(t)
		c.ask(hitRequest)
		if _, err := io.WriteString(c, "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		within(t, "the connection is closed", c.closedAfter(), 0, 0)
		began := time.Now()
		if _, err := w.shutdown(time.Minute); err != nil {
			t.Error(err)
		}
		within(t, "Shutdown returned", time.Since(began), 0, time.Second)
	})
}
