package cache

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

func BenchmarkLookupHit(b *testing.B) {
	m := newTestMemory(b, Options{})
	fill(m, 10_000)
	keys := make([][]byte, 1024)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key %d", i)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var l Lookup
		var v request.View
		for i := 0; pb.Next(); i++ {
			if m.Lookup(keys[i%len(keys)], &v, 0, &l); l.State != Found {
				b.Errorf("Lookup: %v", l.State)
				return
			}
		}
	})
}

func BenchmarkLookupMiss(b *testing.B) {
	m := newTestMemory(b, Options{})
	fill(m, 10_000)
	var l Lookup
	b.ReportAllocs()
	for b.Loop() {
		m.Lookup([]byte("unknown"), nil, 0, &l)
	}
}

func BenchmarkLookupVariant(b *testing.B) {
	m := newTestMemory(b, Options{})
	storeVariant(b, m, "k", "red")
	v := newView(b, "X-Color", "red")
	var l Lookup
	b.ReportAllocs()
	for b.Loop() {
		if m.Lookup([]byte("k"), v, 0, &l); l.State != Found {
			b.Fatalf("Lookup: %v", l.State)
		}
	}
}

// BenchmarkStore stores new keys in a memory that is full.
func BenchmarkStore(b *testing.B) {
	m := newTestMemory(b, Options{Bytes: 8 << 20})
	fill(m, 20_000)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		m.Store(fmt.Sprintf("new key %d", i), nil, newObject(m, "o", "tag"))
	}
}

// BenchmarkStorePage stores pages in a memory that has room for 200,000 of them.
func BenchmarkStorePage(b *testing.B) {
	m := newTestMemory(b, Options{})
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if i++; i%200_000 == 0 {
			b.StopTimer()
			m.Close()
			m = newTestMemory(b, Options{})
			b.StartTimer()
		}
		storePage(b, m, i)
	}
}

// BenchmarkPutMark marks keys of which nothing is known.
func BenchmarkPutMark(b *testing.B) {
	m := newTestMemory(b, Options{})
	keys := make([]string, 1<<16)
	for i := range keys {
		keys[i] = fmt.Sprintf("0123456789abcdef\x04http\x0fwww.example.com/private/%d", i)
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		m.PutMark(keys[i%len(keys)], MarkPass, rfc9111.Instant(i), time.Second)
	}
}

func BenchmarkInvalidateTag(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("objects=%d", n), func(b *testing.B) {
			m := newTestMemory(b, Options{})
			fill(m, n)
			s := Selector{Tags: []string{"all"}}
			b.ReportAllocs()
			for b.Loop() {
				m.Invalidate(s, 0)
			}
		})
	}
}

// BenchmarkLookupAfterPurge has an invalidation of something else before every
// lookup, so that each has to check the object's labels again.
func BenchmarkLookupAfterPurge(b *testing.B) {
	for name, s := range map[string]Selector{
		"tag":    {Tags: []string{"other"}},
		"prefix": {Prefixes: []string{"/other"}},
	} {
		b.Run(name, func(b *testing.B) {
			m := newTestMemory(b, Options{})
			o := newObject(m, "o", "t1", "t2", "t3", "t4")
			o.Labels.Path = "/api/posts/1"
			m.Store("k", nil, o)
			m.Invalidate(s, 0)
			var l Lookup
			b.ReportAllocs()
			for b.Loop() {
				o.checked.Store(0) // as far back as before the invalidation
				if m.Lookup([]byte("k"), nil, 0, &l); l.State != Found {
					b.Fatalf("Lookup: %v", l.State)
				}
			}
		})
	}
}

// BenchmarkObjectBytes tells what an object of 1 KiB takes of the heap, made as a
// miss makes it, and what Cost says that it takes.
func BenchmarkObjectBytes(b *testing.B) {
	const objects = 100_000
	for b.Loop() {
		m := newTestMemory(b, Options{Bytes: 512 << 20})
		before := heapBytes()
		for i := range objects {
			storePage(b, m, i)
		}
		b.ReportMetric(float64(heapBytes()-before)/objects, "heap-B/object")
		b.ReportMetric(float64(m.Stats().Bytes)/objects, "cost-B/object")
		if n := m.Stats().Objects; n != objects {
			b.Fatalf("%d objects are stored, want %d", n, objects)
		}
	}
}

// heapBytes is what lives on the heap.
func heapBytes() int64 {
	runtime.GC()
	runtime.GC() // what pools had kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// storePage stores an object of 1 KiB under a key as long as those of pages are.
func storePage(b *testing.B, m *Memory, i int) {
	path := fmt.Sprintf("/products/shoes/item-%d", i)
	key := "0123456789abcdef\x04http\x0fwww.example.com" + string(rune(len(path))) + path + "\x00"
	at := strings.Index(key, path)
	o := &Object{
		Head: MakeHead(http.Header{
			"Content-Type": {"text/html; charset=utf-8"}, "Cache-Control": {"public, max-age=3600"},
			"Date": {"Sun, 22 Nov 2026 18:09:03 GMT"}, "Etag": {fmt.Sprintf(`"%015x"`, i)},
		}),
		Body:   NewBody([][]byte{make([]byte, 1<<10)}),
		ETag:   fmt.Sprintf(`"%016x"`, i),
		Labels: Labels{Path: key[at : at+len(path)], Place: &Place{Scheme: "http", Host: key[22:37], Route: "/products/[...rest]"}},
	}
	if !m.Store(key, nil, o) {
		b.Fatalf("object %d is not stored", i)
	}
}

// BenchmarkCollect is a collection of the garbage beside objects of 1 KiB: what the
// collector has to mark, it marks while hits are answered. It tells how many
// objects of the heap a stored one is.
func BenchmarkCollect(b *testing.B) {
	const objects = 100_000
	m := newTestMemory(b, Options{Bytes: 512 << 20})
	before := heapObjects()
	for i := range objects {
		storePage(b, m, i)
	}
	grown := heapObjects() - before
	for b.Loop() {
		runtime.GC()
	}
	b.ReportMetric(float64(grown)/objects, "heap-objects/object")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/objects, "ns/object")
	runtime.KeepAlive(m)
}

// heapObjects is how many objects live on the heap.
func heapObjects() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapObjects)
}
