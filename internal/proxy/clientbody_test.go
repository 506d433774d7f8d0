package proxy

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The client has so long for each part of its body, and for ever once there is an
// answer, or the body is whole: net/http reads on behind it.
func TestClientBodyDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set []time.Duration // from now; 0 is none
		r, w := io.Pipe()
		b := &clientBody{ReadCloser: r, idle: time.Minute, turn: make(chan struct{}, 1), deadline: func(at time.Time) error {
			if at.IsZero() {
				set = append(set, 0)
			} else {
				set = append(set, time.Until(at))
			}
			return nil
		}}
		go func() {
			io.WriteString(w, "a")
			time.Sleep(50 * time.Second)
			io.WriteString(w, "b")
			w.CloseWithError(os.ErrDeadlineExceeded)
		}()
		io.Copy(io.Discard, b)
		want := []time.Duration{time.Minute, time.Minute, time.Minute} // the last one stays
		if !slices.Equal(set, want) {
			t.Errorf("deadlines %v, want %v", set, want)
		}
		if !errors.Is(b.failure(), os.ErrDeadlineExceeded) {
			t.Errorf("failed with %v", b.failure())
		}
		set = nil
		b = &clientBody{ReadCloser: io.NopCloser(strings.NewReader("abc")), idle: time.Minute, turn: make(chan struct{}, 1), deadline: b.deadline}
		io.Copy(io.Discard, b)
		if want := []time.Duration{time.Minute, time.Minute, 0}; !slices.Equal(set, want) {
			t.Errorf("a whole body: deadlines %v, want %v", set, want)
		}
		set = nil
		b = &clientBody{ReadCloser: io.NopCloser(strings.NewReader("abc")), idle: time.Minute, turn: make(chan struct{}, 1), deadline: b.deadline}
		b.unbound()
		io.Copy(io.Discard, b)
		if len(set) != 1 || set[0] != 0 || b.failure() != nil {
			t.Errorf("after the answer: deadlines %v, %v; want it lifted once", set, b.failure())
		}
		var none *clientBody
		none.unbound()
		if none.failure() != nil {
			t.Error("no body has failed")
		}
	})
}

// Who sends a byte now and then has twice the idle time for each 64 KiB.
func TestAClientBodyMustMove(t *testing.T) {
	for _, tt := range []struct {
		each time.Duration
		part int
		want time.Duration // until it is over; 0 for never
	}{
		{50 * time.Second, 1, 2 * time.Minute},
		{50 * time.Second, 40 << 10, 0},
		{time.Second, 100, 2 * time.Minute},
		{time.Second, 1 << 10, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, w := io.Pipe()
			var late *time.Timer
			b := &clientBody{ReadCloser: r, idle: time.Minute, turn: make(chan struct{}, 1), deadline: func(at time.Time) error {
				if late != nil {
					late.Stop()
				}
				if !at.IsZero() {
					late = time.AfterFunc(time.Until(at), func() { r.CloseWithError(os.ErrDeadlineExceeded) })
				}
				return nil
			}}
			began := time.Now()
			var client sync.WaitGroup
			defer client.Wait()
			client.Go(func() {
				defer w.Close()
				for time.Since(began) < time.Hour {
					if _, err := w.Write(make([]byte, tt.part)); err != nil {
						return
					}
					time.Sleep(tt.each)
				}
			})
			_, err := io.Copy(io.Discard, readerOnly{b})
			if took := time.Since(began); (tt.want == 0) != (err == nil) || err != nil && took != tt.want {
				t.Errorf("%d bytes every %s: over after %s with %v, want %s", tt.part, tt.each, took, err, tt.want)
			}
		})
	}
}

// What is left when an answer has ended is read as long as its client has for it,
// and then by nobody: not by the transport either, which may be at it.
func TestDrain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		parts int // one a second
		each  int // bytes of each
		want  time.Duration
	}{
		{"a client that is slow", 100, 1, 5 * time.Second},
		{"a client that ends", 3, 50, 3 * time.Second},
		{"a client that does not end", 100, drainBytes, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, w := io.Pipe()
			var late *time.Timer
			b := &clientBody{ReadCloser: r, idle: time.Minute, rest: 5 * time.Second, relayed: true, turn: make(chan struct{}, 1), deadline: func(at time.Time) error {
				if late != nil {
					late.Stop()
				}
				if !at.IsZero() {
					late = time.AfterFunc(time.Until(at), func() { r.CloseWithError(os.ErrDeadlineExceeded) })
				}
				return nil
			}}
			var others sync.WaitGroup
			defer others.Wait()
			others.Go(func() { io.Copy(io.Discard, readerOnly{b}) }) // the transport
			others.Go(func() {
				defer w.Close()
				for range tt.parts {
					if _, err := w.Write(make([]byte, tt.each)); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
			time.Sleep(time.Millisecond)
			began := time.Now()
			b.unbound() // the head is out
			b.drain()
			if took := time.Since(began).Round(time.Second); took != tt.want {
				t.Errorf("%s: over after %s, want %s", tt.name, took, tt.want)
			}
			if n, err := b.Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose {
				t.Errorf("%s: after it %d bytes are read, %v", tt.name, n, err)
			}
			_ = r.Close() // as net/http closes the connection
		})
	}
}

// readerOnly keeps io.Copy from anything but Read.
type readerOnly struct{ io.Reader }

func TestTakesTrailers(t *testing.T) {
	for _, tt := range []struct {
		te   []string
		want bool
	}{
		{nil, false}, {[]string{"trailers"}, true}, {[]string{"gzip, Trailers "}, true}, {[]string{"gzip", "trailers"}, true},
		{[]string{"trailers;q=1"}, false}, {[]string{"deflate"}, false},
	} {
		if got := takesTrailers(tt.te); got != tt.want {
			t.Errorf("takesTrailers(%q) = %v, want %v", tt.te, got, tt.want)
		}
	}
}

// A body that was read to its end stays at its end. net/http closes it when it writes
// the head of an answer, and a transport that has read everything asks once more: an
// error then would break the answer off.
func TestClientBodyStaysAtItsEnd(t *testing.T) {
	again := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := newClientBody(w, r, time.Minute)
		p := make([]byte, 8)
		var err error
		for err == nil {
			_, err = b.Read(p)
		}
		if err != io.EOF {
			t.Error(err)
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		_, err = b.Read(p)
		again <- err
	}))
	defer s.Close()
	res, err := http.Post(s.URL, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if err := <-again; err != io.EOF {
		t.Errorf("after the head: %v, want io.EOF", err)
	}
}
