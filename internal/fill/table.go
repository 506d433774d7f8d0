package fill

import (
	"hash/maphash"
	"sync"
)

// table holds the flights that may be joined; one that may no longer be leaves it.
//
// A flight is found by its key. Where responses of the key vary, and that is
// known – from the store, or from the head of a flight that is still there – it is
// found by its key and the values of the fields that select, so that each variant
// has a flight of its own. What a flight will be selected by is a guess until its
// head is there: where it was wrong, the reader is told OtherVariant, and what Vary
// was said.
type table struct {
	seed   maphash.Seed
	shards [64]shard
}

type shard struct {
	mu      sync.Mutex // protects everything below
	flights map[place]*Flight
	// rules are how the keys vary of which there are flights for variants.
	rules map[string]*rule
}

// place is where a flight is in the table: its key, and the selector of its
// variant; without one where nobody has said that the key varies.
type place struct{ key, selector string }

// rule is how the responses for a key vary, as the last head said; before one
// came, as the store had it.
type rule struct {
	vary    []string
	flights int // with a selector in their place
}

func (t *table) init() {
	t.seed = maphash.MakeSeed()
	for i := range t.shards {
		t.shards[i].flights = make(map[place]*Flight)
		t.shards[i].rules = make(map[string]*rule)
	}
}

func (t *table) shard(key string) *shard {
	return &t.shards[maphash.String(t.seed, key)%uint64(len(t.shards))]
}

// remove takes f out of the table, unless a younger flight has taken its
// place. The caller must not hold f.mu.
func (t *table) remove(f *Flight) {
	s := t.shard(f.job.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(f)
}

// hear takes in what the head of f says: by what it was selected, and whether it
// may still be joined. From now on f is found by those for whom it is, and by no
// others; and by nobody if there is a flight in their place: who waits there has
// begun one, and it must not be lost sight of when f is over and that one is not.
// It is called by the goroutine of f, which must not hold f.mu.
func (t *table) hear(f *Flight, vary []string, selector []byte, joinable bool) {
	at := place{key: f.job.Key}
	if len(vary) > 0 && f.job.Select != nil {
		at.selector = string(selector)
	}
	if joinable && at == f.at {
		return // as nearly always: it is where it has to be
	}
	s := t.shard(f.job.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flights[f.at] != f {
		return
	}
	if s.drop(f); joinable && s.flights[at] == nil {
		s.put(f, at)
	}
	if r := s.rules[f.job.Key]; r != nil {
		r.vary = vary
	}
}

// place returns where the flight for job is, or would be. s.mu is held, as it is
// for what follows.
func (s *shard) place(job *Job) place {
	at := place{key: job.Key}
	vary := job.Vary
	if r := s.rules[at.key]; r != nil {
		vary = r.vary
	}
	if len(vary) > 0 && job.Select != nil {
		at.selector = string(job.Select(vary))
	}
	return at
}

// put puts f at a place, and in the place of whatever is there.
func (s *shard) put(f *Flight, at place) {
	if at.selector != "" && s.flights[at] == nil {
		r := s.rules[at.key]
		if r == nil {
			r = &rule{vary: f.job.Vary}
			s.rules[at.key] = r
		}
		r.flights++
	}
	s.flights[at], f.at = f, at
}

// drop takes f out, if it is there.
func (s *shard) drop(f *Flight) {
	if s.flights[f.at] != f {
		return
	}
	delete(s.flights, f.at)
	if f.at.selector == "" {
		return
	}
	if r := s.rules[f.at.key]; r.flights > 1 {
		r.flights--
	} else {
		delete(s.rules, f.at.key)
	}
}
