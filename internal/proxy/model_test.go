package proxy_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dunglas/httpsfv"

	"edge/internal/cache"
)

const (
	modelSeeds = 20
	modelSteps = 3000
)

// TestModel holds the proxy in mode auto to the reference, under random
// requests, random behaviour of the origin and random steps of the clock. A
// failure prints what happened to the URI before.
func TestModel(t *testing.T) {
	total := tally{}
	for seed := range uint64(modelSeeds) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			newRig(t, config(""), func(r *rig) {
				m := newModel(r, seed)
				for m.step = range modelSteps {
					m.turn()
					if r.t.Failed() {
						r.t.Fatalf("seed %d, step %d; before it:\n%s", seed, m.step, strings.Join(m.history[m.q.uri], "\n"))
					}
				}
				total.add(m.seen)
			})
		})
	}
	if !t.Failed() {
		total.check(t)
	}
}

// model is a proxy and its reference side by side.
type model struct {
	*rig
	rng       *rand.Rand
	clients   clients
	origin    *modelOrigin
	reference *reference
	seen      tally
	history   map[string][]string // by URI, the last few turns
	step      int

	// The turn.
	q        asked
	began    time.Time
	must     *stored  // has to answer
	forwards []string // what may be said if the request goes forward
	contacts []*contact
	got      answer
	status   cacheStatus
}

func newModel(r *rig, seed uint64) *model {
	rng := rand.New(rand.NewPCG(seed, 9111))
	seen := tally{}
	m := &model{
		rig: r, rng: rng, reference: newReference(seen), seen: seen, history: map[string][]string{},
		clients: clients{rng: rng, known: map[string][]string{}},
		origin:  &modelOrigin{rng: rng, versions: map[string]*version{}},
	}
	r.origin.answers(m.origin.answer)
	return m
}

// turn is one request and all that follows from it.
func (m *model) turn() {
	time.Sleep(wait(m.rng))
	if oneIn(m.rng, 30) {
		m.someoneKnows()
		time.Sleep(wait(m.rng))
	}
	m.q, m.began = m.clients.next(), time.Now()
	m.must = m.reference.mustHit(m.q, m.began)
	m.forwards = m.reference.forwards(m.q, m.began)
	body := ""
	if m.q.unsafe() {
		body = "do it"
	}
	// The relay breaks off only under what it takes for a server.
	ctx := context.WithValue(m.t.Context(), http.ServerContextKey, &http.Server{})
	m.got = m.do(ctx, m.q.method, m.q.uri, body, m.q.lines()...)
	m.settle()
	m.contacts = m.origin.take()
	m.clients.learn(m.q.uri, m.got.header)
	if m.clients.cutOff = (asked{}); m.got.broken {
		m.clients.cutOff = m.q
	}
	m.note()
	m.check()
}

// someoneKnows that what is stored is not right any more, and purges some of it,
// mostly softly.
func (m *model) someoneKnows() {
	path := pick(m.rng, sortedKeys(varyOf)...)
	s := pick(m.rng,
		cache.Selector{Paths: []string{path}, Soft: true}, cache.Selector{Paths: []string{path}, Soft: true},
		cache.Selector{Paths: []string{path}, Soft: true}, cache.Selector{Prefixes: []string{path}, Soft: true},
		cache.Selector{Hosts: []string{"example.com"}, Soft: true}, cache.Selector{All: true, Soft: true},
		cache.Selector{Paths: []string{path}})
	m.purge(s)
	all := len(s.Paths)+len(s.Prefixes) == 0
	for uri := range m.reference.stored {
		if all || (asked{uri: uri}).path() == path {
			m.history[uri] = append(m.history[uri], fmt.Sprintf("%s purged, softly %v", time.Now().Format("01-02 15:04:05.0"), s.Soft))
		}
	}
	if !s.Soft {
		m.reference.invalidate(path, "purged")
		return
	}
	m.reference.soften(func(p string) bool { return all || p == path })
}

// settle lets what goes on behind the answer end.
func (m *model) settle() {
	for synctest.Wait(); ; synctest.Wait() {
		if flights, _ := m.flights.InFlight(); flights == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// note keeps the turn for the message of a failure.
func (m *model) note() {
	turn := fmt.Sprintf("%d %s %s", m.step, m.began.Format("01-02 15:04:05.0"), m.q)
	for _, c := range m.contacts {
		turn += fmt.Sprintf("\n   origin saw %s %q\n     said %d %d %q %q whole=%v broken=%v after %s",
			c.method, c.header["If-None-Match"], c.id, c.status, c.answered, c.body, c.whole, c.broken, c.got.Sub(c.sent))
	}
	turn += "\n   client got " + m.got.String()
	h := append(m.history[m.q.uri], turn)
	m.history[m.q.uri] = h[max(0, len(h)-12):]
}

// cacheStatus is edge's member of Cache-Status (RFC 9211).
type cacheStatus struct {
	hit, stored, collapsed, hasTTL bool
	fwd, detail                    string
	fwdStatus, ttl                 int64
}

// readCacheStatus reads the last member of the field.
func readCacheStatus(lines []string) (s cacheStatus, err error) {
	list, err := httpsfv.UnmarshalList(lines)
	if err != nil || len(list) == 0 {
		return s, fmt.Errorf("Cache-Status %q: %v", lines, err)
	}
	item, ok := list[len(list)-1].(httpsfv.Item)
	if !ok || item.Value != httpsfv.Token("edge") {
		return s, fmt.Errorf("Cache-Status %q: the last member is not edge", lines)
	}
	for _, name := range item.Params.Names() {
		v, _ := item.Params.Get(name)
		ok := true
		switch name {
		case "hit":
			s.hit, ok = v.(bool)
		case "stored":
			s.stored, ok = v.(bool)
		case "collapsed":
			s.collapsed, ok = v.(bool)
		case "ttl":
			s.ttl, ok = v.(int64)
			s.hasTTL = true
		case "fwd-status":
			s.fwdStatus, ok = v.(int64)
		case "fwd":
			s.fwd, ok = word(v)
		case "detail":
			s.detail, ok = word(v)
		default:
			ok = false
		}
		if !ok {
			return s, fmt.Errorf("Cache-Status %q: %s", lines, name)
		}
	}
	if s.hit && s.fwd != "" {
		return s, fmt.Errorf("Cache-Status %q: both hit and forwarded", lines)
	}
	return s, nil
}

func word(v any) (string, bool) {
	token, ok := v.(httpsfv.Token)
	return string(token), ok
}

// id is the name of the answer that the client got, 0 for one of edge's own.
func (m *model) id() int {
	id, err := strconv.Atoi(m.got.header.Get("X-Answer"))
	if err != nil {
		return 0
	}
	return id
}

// tally counts turns by what happened in them.
type tally map[string]int

func (c tally) add(other tally) {
	for class, n := range other {
		c[class] += n
	}
}

// floors are the least share of each class, in thousandths of all turns.
var floors = map[string]int{
	"fwd=uri-miss": 50, "fwd=vary-miss": 50, "fwd=stale": 50, "fwd=request": 10, "fwd=method": 10,
	"hit": 150, "had to hit": 100, "validated": 50, "refused to store": 50, "variant": 50, "had to be stored": 50,
	"not modified": 30, "stale hit": 10, "stale if error": 10, "invalidated": 10, "softly purged, and asked for": 20, "refreshed": 10, "part": 10,
	"hit by HEAD": 10, "only if cached": 5, "updated by HEAD": 5, "outdated by HEAD": 5, "broken off": 5,
	"precondition failed": 5, "without asking a failed origin": 2, "softly purged": 1, "softly purged, instead": 2, "unsatisfiable": 2, "parts": 1, "foreign 304": 1,
	"completed": 2, "fwd=partial": 4, "hit in part": 1,
}

// check prints the coverage and fails for a class that is too rare to have
// shown anything.
func (c tally) check(t *testing.T) {
	t.Helper()
	turns := c["turns"]
	for _, class := range sortedKeys(c) {
		t.Logf("%6d %5.2f %% %s", c[class], 100*float64(c[class])/float64(turns), class)
	}
	for _, class := range sortedKeys(floors) {
		if c[class]*1000 < floors[class]*turns {
			t.Errorf("%q: %d of %d turns, want at least %d in a thousand", class, c[class], turns, floors[class])
		}
	}
}
