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
	table := c.Table([]string{"/a"})
	var asking sync.WaitGroup
	for i := range 16 {
		asking.Go(func() {
			c.FlightStarted("/a")
			for k := range 4 {
				table.OriginRequest(0, fmt.Sprintf("o%d", (i+k)%4), 200, rfc9111.NoReason, time.Millisecond)
				c.FlightLanded("/a", i%2 == 0, rfc9111.Stored)
			}
		})
	}
	asking.Wait()
	expect(t, c, []string{originRequestsTotal.name, landingsTotal.name},
		`edge_origin_requests_total{class="2xx",origin="o0",route="/a"} 16`,
		`edge_origin_requests_total{class="2xx",origin="o1",route="/a"} 16`,
		`edge_origin_requests_total{class="2xx",origin="o2",route="/a"} 16`,
		`edge_origin_requests_total{class="2xx",origin="o3",route="/a"} 16`,
		`edge_flights_landed_total{reason="`+reasonWord(rfc9111.Stored)+`",route="/a",stored="false"} 32`,
		`edge_flights_landed_total{reason="`+reasonWord(rfc9111.Stored)+`",route="/a",stored="true"} 32`)
}

// TestMissesDoNotAllocate is about what a miss counts beside its request.
func TestMissesDoNotAllocate(t *testing.T) {
	c := New("", "")
	table := c.Table([]string{"/a"})
	for _, status := range []int{200, 404, 0} {
		if got := testing.AllocsPerRun(1000, func() {
			table.OriginRequest(0, "default", status, rfc9111.NoReason, 3*time.Millisecond)
			c.FlightLanded("/a", true, rfc9111.Stored)
		}); got != 0 {
			t.Errorf("%d: %v allocations", status, got)
		}
	}
}

func BenchmarkOriginRequest(b *testing.B) {
	c := New("", "")
	table := c.Table([]string{"/a"})
	b.ReportAllocs()
	for b.Loop() {
		table.OriginRequest(0, "default", 200, rfc9111.NoReason, 3*time.Millisecond)
		c.FlightLanded("/a", true, rfc9111.Stored)
	}
}
