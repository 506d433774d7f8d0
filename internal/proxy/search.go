package proxy

import (
	"net/http"
	"sync"
	"sync/atomic"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// searches remembers, for keys that differ in nothing but their query, which
// queries had one answer (No-Vary-Search). It only knows where to look: whether
// an object may answer another query is asked of the object's own head. So it
// may forget anything at any time, and does when it is full.
type searches struct {
	any atomic.Bool // false while nothing was ever learnt: nobody need take mu

	mu    sync.RWMutex // guards the rest
	rules map[string]rfc9111.Search
	keys  map[string]string // the key of an object, by what its query comes to
	bytes int               // of both, about
}

// searchesMax bounds the bytes of what is remembered.
const searchesMax = 4 << 20

// learn notes that what is stored under key says in h which other queries it
// answers.
func (s *searches) learn(route *policy.Route, key string, h http.Header) {
	rule, ok := rfc9111.ParseSearch(h)
	if !ok {
		return
	}
	before, query, after := route.CutQuery([]byte(key))
	class := classOf(before, &rule, query, after)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes += 2 * (len(class) + len(key)); s.rules == nil || s.bytes > searchesMax {
		s.rules, s.keys, s.bytes = make(map[string]rfc9111.Search), make(map[string]string), 0
	}
	s.rules[string(before)] = rule
	s.keys[class] = key
	s.any.Store(true)
}

// equivalent returns the key of an object that may answer for key, too; empty
// when none is known.
func (s *searches) equivalent(route *policy.Route, key []byte) string {
	if !s.any.Load() {
		return ""
	}
	before, query, after := route.CutQuery(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	rule, ok := s.rules[string(before)]
	if !ok {
		return ""
	}
	return s.keys[classOf(before, &rule, query, after)]
}

// classOf is the same for keys that differ only in what rule ignores. It tells
// the parts of a key apart no better than a hint needs.
func classOf(before []byte, rule *rfc9111.Search, query string, after []byte) string {
	class := rule.Append(append([]byte(nil), before...), query)
	return string(append(class, after...))
}

// otherSearch looks for an object that was made for another query and says
// itself that it answers this one. It is taken only where it answers at once:
// what goes to the origin is what the client asked.
func (x *exchange) otherSearch() {
	key := []byte(x.p.searches.equivalent(x.plan.Route, x.plan.Key))
	if len(key) == 0 {
		return
	}
	var found cache.Lookup
	x.p.memory.Lookup(key, &x.view, x.p.now(), &found)
	if found.State != cache.Found || !sameAnswer(x.plan.Route, &found.Object.Head, key, x.plan.Key) {
		return
	}
	v := rfc9111.Judge(&found.Object.Meta, &x.view, &x.plan.Route.Overrides, x.p.now(), found.Soft)
	if v.Action == rfc9111.Serve || v.Action == rfc9111.ServeStale {
		x.found, x.plan.Key, x.own = found, key, x.plan.Key
	}
}

// asItself undoes otherSearch: nothing is stored for the request.
func (x *exchange) asItself() {
	if x.own != nil {
		x.plan.Key, x.own = x.own, nil
		x.found = cache.Lookup{Generation: x.found.Generation}
	}
}

// sameAnswer reports whether the object with this head, stored under key,
// answers for asked.
func sameAnswer(route *policy.Route, head *cache.Head, key, asked []byte) bool {
	h := http.Header{}
	head.AddTo(h)
	rule, ok := rfc9111.ParseSearch(h)
	if !ok {
		return false
	}
	before, query, after := route.CutQuery(key)
	askedBefore, askedQuery, askedAfter := route.CutQuery(asked)
	return string(before) == string(askedBefore) && string(after) == string(askedAfter) &&
		string(rule.Append(nil, query)) == string(rule.Append(nil, askedQuery))
}
