package fill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/internal/cache"
)

// A reader flushes what came slowly, the head too, and nothing that came in one
// go, nor the rest of a body that is only to be stored yet: who has counted to its
// end and asks again finds it.
func TestCopyFlushes(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		want   string // what the client sees, and when it was flushed
	}{
		"at once": {answer{body: text("a", "b", "c")}, "abc"},
		"slowly":  {answer{body: text("a", "b", "c"), gap: time.Second}, "|a|b|c"},
		"nothing": {answer{}, ""},

		"all but the end":                   {answer{sized: true, body: text("abc"), rest: 50 * time.Millisecond}, "abc"},
		"all but the end, for long":         {answer{sized: true, body: text("abc"), rest: time.Second}, "abc|"},
		"all that has come":                 {answer{body: text("abc"), rest: 50 * time.Millisecond}, "abc|"},
		"all but the end, not to be stored": {answer{admission: unstoredStatus(), sized: true, body: text("abc"), rest: 50 * time.Millisecond}, "abc|"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{}, cache.Options{})
				r, _ := b.Join(b.job("k", c.answer), 0)
				defer r.Close()
				r.Land(t.Context(), 0, nil)
				var got strings.Builder
				n, err := r.Copy(t.Context(), &got, func() error { got.WriteByte('|'); return nil })
				want(t, "error", err, nil)
				want(t, "client sees", got.String(), c.want)
				want(t, "bytes", int(n), strings.Count(c.want, "")-1-strings.Count(c.want, "|"))
			})
		})
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A client that fails ends its own Copy and nobody else's.
func TestCopyFails(t *testing.T) {
	errClient := errors.New("the client went away")
	for name, c := range map[string]struct {
		write writerFunc
		flush error
		leave time.Duration
		want  error
	}{
		"write":       {func([]byte) (int, error) { return 0, errClient }, nil, 0, errClient},
		"short write": {func(p []byte) (int, error) { return len(p) - 1, nil }, nil, 0, io.ErrShortWrite},
		"flush":       {io.Discard.Write, errClient, 0, errClient},
		"context":     {io.Discard.Write, nil, 1500 * time.Millisecond, errClient},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{}, cache.Options{})
				job := b.job("k", answer{body: text("aa", "bb"), gap: time.Second})
				r, _ := b.Join(job, 0)
				other, _ := b.Join(job, 0)
				got := make(chan result, 1)
				go func() { got <- read(context.Background(), other) }()
				r.Land(t.Context(), 0, nil)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if c.leave > 0 {
					time.AfterFunc(c.leave, func() { cancel(errClient) })
				}
				if _, err := r.Copy(ctx, c.write, func() error { return c.flush }); !errors.Is(err, c.want) {
					t.Errorf("Copy: %v, want %v", err, c.want)
				}
				r.Close()
				r.Close()
				wantBody(t, "the other", <-got, "aabb")
			})
		})
	}
}

// Bodies of every size around the boundaries of chunks arrive and are stored as
// they came, sized or not.
func TestBodySizes(t *testing.T) {
	for _, size := range []int{0, 1, firstChunk - 1, firstChunk, firstChunk + 1, 3 * firstChunk, lastChunk, lastChunk + 1, 1<<20 - 1, 1 << 20} {
		for _, part := range []int{1000, 32 << 10, 1 << 20} {
			for _, sized := range []bool{false, true} {
				bubble(t, func(t *testing.T) {
					b := newBed(t, Options{}, cache.Options{})
					body := bytes.Repeat(pattern[:251], size/251+1)[:size]
					a := answer{sized: sized}
					for at := 0; at < size; at += part {
						a.body = append(a.body, body[at:min(at+part, size)])
					}
					res := b.get(b.job("k", a))
					if res.err != nil || !bytes.Equal(res.body, body) {
						t.Errorf("%d bytes in parts of %d, sized %v: %d bytes came, error %v", size, part, sized, len(res.body), res.err)
					}
					o := b.lookup("k").Object
					var capacity int
					for _, c := range o.Body.AppendChunks(nil) {
						capacity += cap(c)
					}
					if stored := bytes.Join(o.Body.AppendChunks(nil), nil); !bytes.Equal(stored, body) || capacity > size+size/4+8 { // size classes
						t.Errorf("%d bytes in parts of %d, sized %v: %d are stored, in %d", size, part, sized, len(stored), capacity)
					}
				})
			}
		}
	}
}

// A thousand readers of one body do not stand in each other's way: the cost per
// reader and part is that of waking it.
func BenchmarkReaders(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bd := newBed(b, Options{}, cache.Options{})
			job := bd.job("k", answer{})
			job.MaxObject = 1 << 30
			const parts = 32
			next := make(chan struct{})
			job.Run = func(ctx context.Context, f *Flight) {
				f.Decide(*storable(), testLabels, nil, nil, -1)
				f.Respond(200, http.Header{})
				for range next {
					f.Write(pattern[:4<<10])
				}
				f.End(nil)
			}
			for b.Loop() {
				next = make(chan struct{})
				var wg sync.WaitGroup
				for range n {
					r, _ := bd.Join(job, 0)
					wg.Go(func() {
						defer r.Close()
						r.Land(context.Background(), 0, nil)
						if k, err := r.Copy(context.Background(), io.Discard, nil); k != parts*4<<10 || err != nil {
							b.Errorf("%d bytes, %v", k, err)
						}
					})
				}
				for range parts {
					next <- struct{}{}
				}
				close(next)
				wg.Wait()
				bd.settled()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n*parts), "ns/reader/part")
		})
	}
}

// BenchmarkFlight is the whole of one small fetch, by a leader alone.
func BenchmarkFlight(b *testing.B) {
	bd := newBed(b, Options{}, cache.Options{})
	job := bd.job("k", answer{})
	job.Run = func(ctx context.Context, f *Flight) {
		f.Decide(*storable(), testLabels, nil, nil, 1024)
		f.Respond(200, http.Header{"Content-Type": {"text/plain"}})
		f.Write(pattern[:1024])
		f.End(nil)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, _ := bd.Join(job, 0)
		r.Land(context.Background(), 0, nil)
		r.Copy(context.Background(), io.Discard, func() error { return nil })
		r.Close()
		bd.settled()
	}
	bd.outcomes = nil
}
