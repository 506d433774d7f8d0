package proxy

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"edge/internal/rfc9111"
)

// take is what a request does that may fetch, and does.
func (m *misses) take(client netip.Addr, rate float64, now rfc9111.Instant) time.Duration {
	wait := m.wait(client, rate, now)
	if wait == 0 {
		m.spend(client, rate, now)
	}
	return wait
}

var someClient = netip.MustParseAddr("203.0.113.7")

func TestMissesAreSavedUpAndComeBack(t *testing.T) {
	for _, tt := range []struct {
		rate  float64
		burst int
		wait  time.Duration
	}{
		{2, 20, 500 * time.Millisecond}, {0.5, 5, 2 * time.Second}, {0.05, 1, 20 * time.Second}, {100, 1000, 10 * time.Millisecond},
	} {
		var m misses
		now := rfc9111.Instant(time.Hour)
		for i := range tt.burst {
			if wait := m.take(someClient, tt.rate, now); wait != 0 {
				t.Fatalf("rate %v: fetch %d of %d must wait %s", tt.rate, i, tt.burst, wait)
			}
		}
		if wait := m.take(someClient, tt.rate, now); wait != tt.wait {
			t.Errorf("rate %v: after the burst: wait %s, want %s", tt.rate, wait, tt.wait)
		}
		now = now.Add(tt.wait - 1)
		if m.take(someClient, tt.rate, now) == 0 {
			t.Errorf("rate %v: a fetch comes back too early", tt.rate)
		}
		if now = now.Add(1); m.take(someClient, tt.rate, now) != 0 {
			t.Errorf("rate %v: no fetch comes back", tt.rate)
		}
		if m.take(someClient, tt.rate, now) == 0 {
			t.Errorf("rate %v: two come back", tt.rate)
		}
		m.spend(someClient, tt.rate, now) // beyond what there was
		if wait := m.wait(someClient, tt.rate, now); wait != 2*tt.wait {
			t.Errorf("rate %v: with a debt: wait %s, want %s", tt.rate, wait, 2*tt.wait)
		}
	}
}

func TestClientsAreToldApart(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "2001:db8:1:2::1": "2001:db8:1:2::", "2001:db8:1:3::1": "2001:db8:1:3::",
		"fe80::1%eth0": "fe80::", "": "invalid IP", "@": "invalid IP",
	} {
		if got := clientOf(address).String(); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
	var m misses
	for range 5 {
		if m.take(netip.Addr{}, 0.01, 0) != 0 {
			t.Error("a client that is not known is limited")
		}
	}
}

// Many clients take no more memory, and do not free who has used up his own.
func TestManyClients(t *testing.T) {
	var m misses
	now := rfc9111.Instant(time.Hour)
	for m.take(someClient, 1, now) == 0 {
	}
	for i := range 10 * missSets {
		m.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1, now)
	}
	if m.take(someClient, 1, now) == 0 {
		t.Error("others, with one fetch each, have freed a client")
	}
	full := 0
	for i := range m.sets {
		for _, p := range m.sets[i].places {
			if p.client.IsValid() {
				full++
			}
		}
	}
	if most := missSets * missPlaces; full > most || full < most*9/10 {
		t.Errorf("%d places are taken of %d", full, most)
	}
}

func BenchmarkMisses(b *testing.B) {
	var m misses
	clients := make([]netip.Addr, 1000)
	for i := range clients {
		clients[i] = netip.MustParseAddr(fmt.Sprintf("10.0.%d.%d", i/256, i%256))
	}
	b.ReportAllocs()
	for i := range b.N {
		m.take(clients[i%len(clients)], 10, rfc9111.Instant(i))
	}
}
