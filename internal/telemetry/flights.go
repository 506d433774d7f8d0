package telemetry

import (
	"strconv"
	"sync/atomic"

	"edge/internal/rfc9111"
)

// flown are the figures of the fetches for the store of one pattern. What may end well
// is counted at 1 if it did, and else at 0.
type flown struct {
	started, joined, aborted atomic.Uint64
	refreshed                [2]atomic.Uint64
	landed                   [2][rfc9111.NumReasons]atomic.Uint64
}

// outcome is where it is counted.
func outcome(well bool) int {
	if well {
		return 1
	}
	return 0
}

// FlightStarted counts a fetch for the store that began for a route, by its pattern;
// FlightJoined a request that joined one, FlightLanded one that ended.
func (c *Counters) FlightStarted(route string) { c.of(route).flown.started.Add(1) }
func (c *Counters) FlightJoined(route string)  { c.of(route).flown.joined.Add(1) }
func (c *Counters) FlightLanded(route string, stored bool, reason rfc9111.Reason) {
	c.of(route).flown.landed[outcome(stored)][reason].Add(1)
}

// Refresh counts a refresh that ended.
func (c *Counters) Refresh(route string, ok bool) { c.of(route).flown.refreshed[outcome(ok)].Add(1) }

// ReaderAborted counts a reader that was cut off.
func (c *Counters) ReaderAborted(route string) { c.of(route).flown.aborted.Add(1) }

// flown sends what was counted of the fetches of a pattern, once there was one.
func (o collection) flown(s *series) {
	f := &s.flown
	if f.started.Load() == 0 {
		return
	}
	o.add(flightsTotal, float64(f.started.Load()), s.pattern)
	o.add(collapsesTotal, float64(f.joined.Load()), s.pattern)
	o.add(readersAbortedTotal, float64(f.aborted.Load()), s.pattern)
	for well := range f.landed {
		word := strconv.FormatBool(well == 1)
		o.add(refreshesTotal, float64(f.refreshed[well].Load()), s.pattern, word)
		for reason := range f.landed[well] {
			if n := f.landed[well][reason].Load(); n != 0 {
				o.add(landingsTotal, float64(n), s.pattern, word, reasonWord(rfc9111.Reason(reason)))
			}
		}
	}
}
