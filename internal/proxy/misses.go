package proxy

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"edge/internal/rfc9111"
)

// mayFetch reports whether limits.client_misses leaves the client a fetch. If
// not, the request has been refused with 429.
func (x *exchange) mayFetch() bool {
	rate := x.live.policy.Settings.Limits.ClientMisses
	if rate == 0 {
		return true
	}
	wait := x.p.misses.wait(clientOf(x.view.ClientIP()), rate, x.p.now())
	if wait == 0 {
		return true
	}
	seconds := (wait + time.Second - 1) / time.Second
	x.w.Header()["Retry-After"] = []string{strconv.Itoa(int(seconds))}
	x.refuse(http.StatusTooManyRequests, rfc9111.ClientMisses)
	return false
}

// fetches counts a fetch of the client. It comes after mayFetch, when it is known
// that the request began one and joined none; of requests between the two more
// may begin than are left, which the client then has to wait for.
func (x *exchange) fetches() {
	if rate := x.live.policy.Settings.Limits.ClientMisses; rate != 0 {
		x.p.misses.spend(clientOf(x.view.ClientIP()), rate, x.p.now())
	}
}

// clientOf is what limits tell clients apart by: an IPv4 address, or a /64 of
// IPv6, of which a single client has all. The zero Addr is a client that is not
// known.
func clientOf(address string) netip.Addr {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Addr{}
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		network, _ := a.Prefix(64) // which every IPv6 address has
		return network.Addr()
	}
	return a
}

// missBurst is for how long a client may save fetches up.
const missBurst = 10 * time.Second

// misses counts fetches by client, in memory that does not grow: a set of places
// for each hash of a client. Where all are taken, the client that has most left
// is forgotten, so that one who uses others' places up must have as many
// addresses. The zero misses is empty, and takes its memory at the first use.
//
// The count is that of a generic cell rate algorithm: of each client only the
// time is kept when it will have everything left again.
type misses struct {
	first sync.Once // sets what follows
	seed  maphash.Seed
	sets  *[missSets]missSet
}

const (
	missSets   = 8192
	missPlaces = 4
)

type missSet struct {
	mu     sync.Mutex // protects places
	places [missPlaces]struct {
		client netip.Addr
		full   rfc9111.Instant
	}
}

// wait is how long a client must wait for its next fetch at rate fetches per
// second; 0 if it need not.
func (m *misses) wait(client netip.Addr, rate float64, now rfc9111.Instant) time.Duration {
	if !client.IsValid() {
		return 0
	}
	s := m.set(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.places {
		if p := &s.places[i]; p.client == client {
			return max(0, p.full.Sub(now)-max(0, missBurst-interval(rate)))
		}
	}
	return 0
}

// spend counts a fetch of a client.
func (m *misses) spend(client netip.Addr, rate float64, now rfc9111.Instant) {
	if !client.IsValid() {
		return
	}
	s := m.set(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	place := &s.places[0]
	for i := range s.places {
		if p := &s.places[i]; p.client == client {
			place = p
			break
		} else if p.full < place.full {
			place = p
		}
	}
	if place.client != client {
		place.client, place.full = client, now
	}
	place.full = max(place.full, now).Add(interval(rate))
}

// interval is the time in which a fetch comes back.
func interval(rate float64) time.Duration { return time.Duration(float64(time.Second) / rate) }

// set is where a client is counted.
func (m *misses) set(client netip.Addr) *missSet {
	m.first.Do(func() {
		m.seed, m.sets = maphash.MakeSeed(), new([missSets]missSet)
	})
	return &m.sets[maphash.Comparable(m.seed, client)%missSets]
}
