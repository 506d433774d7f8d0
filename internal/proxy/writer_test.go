package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

// timedWriter is the ResponseWriter of a connection that knows deadlines.
type timedWriter struct {
	*httptest.ResponseRecorder
	takes    time.Duration // each Write
	deadline time.Time
	late     bool // a Write began without a deadline in the future
	set      bool // there was one
}

func (w *timedWriter) SetWriteDeadline(at time.Time) error {
	w.deadline, w.set = at, true
	return nil
}

func (w *timedWriter) Write(p []byte) (int, error) {
	time.Sleep(w.takes)
	left := time.Until(w.deadline)
	w.late = w.late || w.Body.Len()+len(p) > 64<<10 && (left <= 0 || left > time.Minute)
	return w.ResponseRecorder.Write(p)
}

// A client that reads nothing is given up, from the store, from a fetch and on
// a pass alike; and the next request on its connection has all the time again.
func TestClientsThatDoNotReadAreGivenUp(t *testing.T) {
	routes := config("routes:\n  - {path: /stored, mode: force-static}\n  - {path: /passed, mode: force-dynamic}\n")
	newRig(t, routes, func(r *rig) {
		for _, c := range []struct {
			what, path string
			size       int
			timed      bool
		}{
			{"a fetch", "/stored", 1 << 20, true},
			{"a hit", "/stored", 1 << 20, true},
			{"a pass", "/passed", 1 << 20, true},
			{"a small answer", "/passed?", 4 << 10, false},
		} {
			r.origin.says(200, strings.Repeat("x", c.size))
			w := &timedWriter{ResponseRecorder: httptest.NewRecorder(), takes: time.Second}
			req := httptest.NewRequest(http.MethodGet, "http://example.com"+c.path, nil)
			req.RequestURI, req.Body = c.path, http.NoBody
			r.proxy.ServeHTTP(w, req)
			if got := w.Body.Len(); got != c.size {
				t.Errorf("%s: %d bytes, want %d", c.what, got, c.size)
			}
			if w.set != c.timed || w.late {
				t.Errorf("%s: had deadlines: %v, want %v; written without one: %v", c.what, w.set, c.timed, w.late)
			}
			if strings.HasPrefix(c.path, "/passed") && !w.Flushed {
				t.Errorf("%s: was held back in a buffer", c.what)
			}
			if !w.deadline.IsZero() {
				t.Errorf("%s: left the deadline %v on its connection", c.what, w.deadline)
			}
		}
	})
}

// In HTTP/2 a client that opens no window holds up nothing but its own stream,
// for as long as it likes. So the end of every answer is timed, and every write
// that net/http does not only keep; but not the wait for an origin.
func TestStreamsWithoutAWindow(t *testing.T) {
	routes := config("routes:\n  - {path: /stored, mode: force-static}\n  - {path: /passed, mode: force-dynamic}\n")
	newRig(t, routes, func(r *rig) {
		ask := func(path string) (*timedWriter, <-chan struct{}) {
			w := &timedWriter{ResponseRecorder: httptest.NewRecorder()}
			req := httptest.NewRequest(http.MethodGet, "http://example.com"+path, nil)
			req.RequestURI, req.Body = path, http.NoBody
			req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/2.0", 2, 0
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				r.proxy.ServeHTTP(w, req)
			}()
			return w, ended
		}
		timed := func(what string, w *timedWriter) {
			t.Helper()
			if left := time.Until(w.deadline); left <= 0 || left > time.Minute {
				t.Errorf("%s: the deadline is in %s", what, left)
			}
		}
		for _, what := range []string{"a fetch", "a hit"} {
			w, ended := ask("/stored")
			<-ended
			timed(what, w)
		}
		body, origin := io.Pipe()
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(200, "")
			res.Body, res.ContentLength, res.TransferEncoding = body, -1, []string{"chunked"}
			return res, nil
		})
		for _, path := range []string{"/passed", "/stored?other"} {
			if path != "/passed" {
				r.purge(cache.Selector{All: true})
				body, origin = io.Pipe()
			}
			w, ended := ask(path)
			for range 2 {
				io.WriteString(origin, "data: x\n\n")
				time.Sleep(50 * time.Second) // the origin has nothing to say
				synctest.Wait()
				if !w.deadline.IsZero() {
					t.Errorf("%s: while the origin is silent the deadline is in %s", path, time.Until(w.deadline))
				}
			}
			origin.Close()
			<-ended
			timed(path, w)
		}
	})
}

// In HTTP/1.0 net/http does not tell of a body without a length: where wire has not read
// the head, a connection ends with the answer, passed or refused.
func TestHTTP10EndsBehindWhatMayHaveABody(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /static, mode: force-static}\n"), func(r *rig) {
		for _, c := range []struct {
			method, path string
			minor        int
			want         string
		}{
			{"POST", "/a", 0, "close"}, {"POST", "/static", 0, "close"}, {"OPTIONS", "/static", 0, "close"}, {"POST", "/%zz", 0, "close"},
			{"GET", "/a", 0, "close"}, {"HEAD", "/a", 0, "close"}, {"GET", "/a", 1, ""}, {"POST", "/a", 1, ""},
		} {
			req := httptest.NewRequest(c.method, "http://example.com/", nil)
			req.RequestURI, req.Body, req.ProtoMinor = c.path, http.NoBody, c.minor
			w := httptest.NewRecorder()
			r.proxy.ServeHTTP(w, req)
			if got := w.Header().Get("Connection"); got != c.want {
				t.Errorf("%s %s in HTTP/1.%d: Connection is %q, want %q", c.method, c.path, c.minor, got, c.want)
			}
		}
	})
}

// What is behind a coding in HTTP/1.0 is not run, also where wire does not look: on
// connections that it has left to net/http, whatever for, and on those it never had.
func TestACodingInHTTP10WhereNobodyLooks(t *testing.T) {
	const (
		lines    = " HTTP/1.1\r\nHost: example.com\r\n"
		old      = " HTTP/1.0\r\nHost: example.com\r\nConnection: keep-alive\r\n"
		doubtful = "GET /doubtful" + old + "Transfer-Encoding: chunked\r\n\r\nGET /behind" + lines + "\r\n"
	)
	newRig(t, config(""), func(r *rig) {
		behind := false
		r.origin.answers(func(req *http.Request) (*http.Response, error) {
			behind = behind || req.URL.Path == "/behind"
			return response(200, "hello"), nil
		})
		for what, first := range map[string]string{
			"nothing":         "",
			"an expectation":  "POST /a" + lines + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
			"an upgrade":      "GET /a" + lines + "Connection: upgrade\r\nUpgrade: x\r\n\r\n",
			"bare line feeds": strings.ReplaceAll("GET /a"+lines+"\r\n", "\r\n", "\n"),
			"a large head":    "GET /a" + lines + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 17) + "\r\n",
		} {
			for _, withWire := range []bool{true, false} {
				f := r.newFront(withWire)
				conn := f.dial()
				if first != "" {
					if got, _ := conn.say([]byte(first)); !strings.Contains(string(got), "HTTP/1.1 ") {
						t.Errorf("%s: got %q", what, got)
					}
				}
				got, _ := conn.say([]byte(doubtful))
				if behind || !strings.HasPrefix(string(got), "HTTP/1.") {
					t.Errorf("%s, wire %v: got %q; was what is behind run: %v", what, withWire, got, behind)
				}
				behind = false
				conn.conn.Close()
				f.stop()
			}
		}
		f := r.newFront(true)
		defer f.stop()
		conn := f.dial()
		for range 3 {
			if got, _ := conn.say([]byte("GET /kept" + old + "\r\n")); !strings.HasSuffix(string(got), "hello") {
				t.Errorf("where wire looks, a connection is not kept: %q", got)
			}
		}
		conn.conn.Close()
	})
}
