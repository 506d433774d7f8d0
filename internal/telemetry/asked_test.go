package telemetry

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"edge/internal/rfc9111"
)

// Whoever comes first for an origin, none of the requests is lost.
func TestFirstRequestsToManyOriginsAtOnce(t *testing.T) {
	c := New("", "")
	var asking sync.WaitGroup
	for i := range 16 {
		asking.Go(func() {
			for k := range 4 {
				c.OriginRequest(fmt.Sprintf("o%d", (i+k)%4), 200, rfc9111.NoReason, time.Millisecond)
				c.FlightLanded(i%2 == 0, rfc9111.Stored)
			}
		})
	}
	asking.Wait()
	expect(t, c, []string{originRequestsTotal.name, landingsTotal.name},
		`edge_origin_requests_total{class="2xx",origin="o0"} 16`,
		`edge_origin_requests_total{class="2xx",origin="o1"} 16`,
		`edge_origin_requests_total{class="2xx",origin="o2"} 16`,
		`edge_origin_requests_total{class="2xx",origin="o3"} 16`,
		`edge_flights_landed_total{reason="`+reasonWord(rfc9111.Stored)+`",stored="false"} 32`,
		`edge_flights_landed_total{reason="`+reasonWord(rfc9111.Stored)+`",stored="true"} 32`)
}

// TestMissesDoNotAllocate is about what a miss counts beside its request.
func TestMissesDoNotAllocate(t *testing.T) {
	c := New("", "")
	for _, status := range []int{200, 404, 0} {
		if got := testing.AllocsPerRun(1000, func() {
			c.OriginRequest("default", status, rfc9111.NoReason, 3*time.Millisecond)
			c.FlightLanded(true, rfc9111.Stored)
		}); got != 0 {
			t.Errorf("%d: %v allocations", status, got)
		}
	}
}

func BenchmarkOriginRequest(b *testing.B) {
	c := New("", "")
	b.ReportAllocs()
	for b.Loop() {
		c.OriginRequest("default", 200, rfc9111.NoReason, 3*time.Millisecond)
		c.FlightLanded(true, rfc9111.Stored)
	}
}
