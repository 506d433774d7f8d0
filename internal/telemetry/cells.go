package telemetry

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/rfc9111"
)

// spread gives each processor a shard of its own, most of the time: two that
// add to the same cache line wait for each other. That is for speed; sums are
// right whoever uses which shard.
type spread struct {
	shards  int
	pool    sync.Pool // of *int, into numbers; a sync.Pool is per processor
	numbers []int
	next    atomic.Uint32
}

func newSpread() *spread {
	s := &spread{shards: min(64, runtime.GOMAXPROCS(0))}
	s.numbers = make([]int, s.shards)
	for i := range s.numbers {
		s.numbers[i] = i
	}
	s.pool.New = func() any { return &s.numbers[int(s.next.Add(1))%s.shards] }
	return s
}

// shard returns the shard to add to.
func (s *spread) shard() int {
	n := s.pool.Get().(*int)
	s.pool.Put(n)
	return *n
}

// cell counts requests and their bytes.
type cell struct{ shards []cellShard }

// cellShard fills a cache line.
type cellShard struct {
	requests, bytes atomic.Uint64
	_               [48]byte
}

func (c *cell) add(shard int, bytes int64) {
	s := &c.shards[shard]
	s.requests.Add(1)
	s.bytes.Add(uint64(max(0, bytes)))
}

func (c *cell) sum() (requests, bytes uint64) {
	for i := range c.shards {
		requests += c.shards[i].requests.Load()
		bytes += c.shards[i].bytes.Load()
	}
	return requests, bytes
}

// page are the cells of one method, status class and way of being served.
type page [rfc9111.NumReasons]atomic.Pointer[cell]

// lazyCell returns the cell at p, made at its first use. Most combinations of
// labels are never seen: a thousand routes would otherwise cost gigabytes.
func lazyCell(p *atomic.Pointer[cell], shards int) *cell {
	if c := p.Load(); c != nil {
		return c
	}
	p.CompareAndSwap(nil, &cell{make([]cellShard, shards)})
	return p.Load()
}

func lazyPage(p *atomic.Pointer[page]) *page {
	if c := p.Load(); c != nil {
		return c
	}
	p.CompareAndSwap(nil, new(page))
	return p.Load()
}

// maxBuckets is the most buckets a fixed histogram has, the unbounded one
// included.
const maxBuckets = 20

// fixed is a histogram with fixed bounds for the path of a hit: one addition
// to a bucket and one to the sum.
type fixed struct {
	bounds []time.Duration
	shards []fixedShard
}

// fixedShard fills three cache lines.
type fixedShard struct {
	buckets [maxBuckets]atomic.Uint64
	nanos   atomic.Uint64
	_       [24]byte
}

func lazyFixed(p *atomic.Pointer[fixed], bounds []time.Duration, shards int) *fixed {
	if h := p.Load(); h != nil {
		return h
	}
	p.CompareAndSwap(nil, &fixed{bounds, make([]fixedShard, shards)})
	return p.Load()
}

func (h *fixed) observe(shard int, d time.Duration) {
	i := 0
	for i < len(h.bounds) && d > h.bounds[i] {
		i++
	}
	s := &h.shards[shard]
	s.buckets[i].Add(1)
	s.nanos.Add(uint64(max(0, d)))
}

// cumulative returns the histogram as Prometheus wants it.
func (h *fixed) cumulative() (count uint64, sum float64, buckets map[float64]uint64) {
	buckets = make(map[float64]uint64, len(h.bounds))
	for i := range len(h.bounds) + 1 {
		for s := range h.shards {
			count += h.shards[s].buckets[i].Load()
		}
		if i < len(h.bounds) {
			buckets[h.bounds[i].Seconds()] = count
		}
	}
	for s := range h.shards {
		sum += float64(h.shards[s].nanos.Load()) / float64(time.Second)
	}
	return count, sum, buckets
}
