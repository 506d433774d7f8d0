package cache

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"testing"
)

// heap returns the live bytes of the heap. It collects twice: pools let
// go at the second.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// realisticObject returns an object as a proxy would make it: no two share
// memory.
func realisticObject(m *Memory, i, size int) *Object {
	return &Object{
		Head: MakeHead(http.Header{
			"Content-Type":  {"application/json; charset=utf-8"},
			"Cache-Control": {"public, max-age=0, must-revalidate"},
			"Date":          {"Sun, 06 Nov 1994 08:49:37 GMT"},
			"Etag":          {fmt.Sprintf(`"%x"`, i)},
		}),
		Body: NewBody([][]byte{make([]byte, size)}),
		ETag: fmt.Sprintf(`"%032x"`, i),
		Labels: Labels{
			Tags:  []string{"posts", fmt.Sprintf("post:%d", i)},
			Path:  fmt.Sprintf("/api/posts/%d", i),
			Place: &Place{Scheme: "https", Host: "www.example.com", Route: "/api/posts/[id]"},
		},
		Born: m.Generation(),
	}
}

// TestBytesAreBounded stores far more than fits, in several ways, and compares
// the growth of the heap with Options.Bytes and with what the memory believes
// it holds. The floods are of few sizes and of many, because the allocator
// rounds.
func TestBytesAreBounded(t *testing.T) {
	const bytes = 16 << 20
	random := rand.New(rand.NewPCG(1, 2))
	floods := map[string]func(m *Memory){
		"unique_keys_1KiB": func(m *Memory) {
			for i := range 30_000 {
				m.Store(fmt.Sprintf("https|www.example.com|/api/posts/%d", i), nil, realisticObject(m, i, 1024))
			}
		},
		"unique_keys_of_all_sizes": func(m *Memory) {
			for i := range 30_000 {
				m.Store(fmt.Sprintf("https|www.example.com|/api/posts/%d", i), nil, realisticObject(m, i, random.IntN(20_000)))
			}
		},
		"empty_bodies": func(m *Memory) {
			for i := range 40_000 {
				m.Store(fmt.Sprintf("https|www.example.com|/api/posts/%d", i), nil, realisticObject(m, i, 0))
			}
		},
		"growing_replacements": func(m *Memory) {
			for size := 100; size < 100_000; size += size / 4 {
				for i := range 500 {
					m.Store(fmt.Sprintf("https|www.example.com|/api/posts/%d", i), nil, realisticObject(m, i, size))
				}
			}
		},
		"variants": func(m *Memory) {
			vary := []string{"accept-language"}
			for i := range 40_000 {
				o := realisticObject(m, i, 1024)
				o.Selection = NewSelection(fmt.Appendf(nil, "selector %d", i), nil)
				m.Store(fmt.Sprintf("https|www.example.com|/api/posts/%d", i/20), vary, o)
			}
		},
	}
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			m := newTestMemory(t, Options{Bytes: bytes})
			before := heap()
			flood(m)
			grown := heap() - before
			s := m.Stats()
			t.Logf("heap grew by %.1f MiB; %d objects, %.1f MiB live of %d; %d admitted, %d evicted, %d rejected",
				float64(grown)/(1<<20), s.Objects, float64(s.Bytes)/(1<<20), bytes>>20, s.Admitted, s.Evictions, s.Rejections)
			if s.Bytes > bytes {
				t.Errorf("%d bytes live, want at most %d", s.Bytes, bytes)
			}
			if grown > bytes {
				t.Errorf("the heap grew by %d bytes, want at most %d", grown, bytes)
			}
			if grown < s.Bytes*6/10 {
				t.Errorf("the heap grew by %d bytes for what counts as %d: the costs are too high", grown, s.Bytes)
			}
			runtime.KeepAlive(m)
		})
	}
}
