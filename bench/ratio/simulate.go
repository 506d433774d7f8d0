package main

import (
	"fmt"

	"edge/internal/cache"
)

// ratios are the shares of the requests that were hits.
type ratios struct{ edge, lru float64 }

// simulate runs the requests of t through edge's memory and through an LRU, each
// of so many bytes, for which an object counts the same. What is not there is
// stored before the next request. settle is called after each: ristretto counts
// uses behind it, and loses those it has not come to; settle may wait for it.
func simulate(t trace, requests int, bytes int64, settle func()) ratios {
	m := cache.NewMemory(cache.Options{Bytes: bytes})
	defer m.Close()
	reference := newLRU(bytes)
	var key []byte
	edgeHits, lruHits := 0, 0
	for i := range requests {
		number := t.next(i)
		key = fmt.Appendf(key[:0], "http|www.example.com|/products/%d", number)
		o := object(number, t.size(number))
		if ask(m, key, o) {
			edgeHits++
		}
		if reference.ask(number, o.Cost(key)) {
			lruHits++
		}
		settle()
	}
	return ratios{float64(edgeHits) / float64(requests), float64(lruHits) / float64(requests)}
}

// ask is a request as the proxy makes it: it looks an object up on the way below
// net/http, on the way through it, and once more as the leader of a flight; then
// it stores what the origin said, which is o.
func ask(m *cache.Memory, key []byte, o *cache.Object) (hit bool) {
	var l cache.Lookup
	for range 2 {
		if m.Lookup(key, nil, 0, &l); l.State == cache.Found {
			return true
		}
	}
	m.LookupString(string(key), nil, 0, &l)
	o.Born = m.Generation()
	m.Store(string(key), nil, o)
	return false
}

// noise is what all bodies are cut from: their sizes count, not their bytes.
var noise [1 << 20]byte

func object(number, size int) *cache.Object {
	size = min(size, len(noise))
	return &cache.Object{
		Body: cache.NewBody([][]byte{noise[:size:size]}),
		ETag: `"0123456789abcdef"`,
		Labels: cache.Labels{
			Path:  fmt.Sprintf("/products/%d", number),
			Place: &cache.Place{Scheme: "http", Host: "www.example.com", Route: "/products/[id]"},
		},
	}
}
