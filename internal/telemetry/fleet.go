package telemetry

import "time"

// Fleet are the figures of the log of a fleet at scrape time.
type Fleet struct {
	Connected bool
	Silence   time.Duration
	// Position is when the last entry that was read was appended, in milliseconds by
	// the server's clock.
	Position         uint64
	Waiting, Members int
	// Read, Appended and Ignored count entries, Lost losses, Connections those that
	// were begun.
	Read, Appended, Ignored, Lost, Connections uint64
	// Resumed counts by the word for how.
	Resumed map[string]uint64

	// Breakers are the states of the tier's breakers, by direction; Written counts
	// its writes by outcome. Queued and QueuedBytes wait to be written.
	Breakers                map[string]uint8
	Written                 map[string]uint64
	Queued                  int
	QueuedBytes             int64
	BytesRead, BytesWritten uint64
}

// SetFleet names the function that gives Fleet at scrape time. Without one, nothing
// about a fleet is exported.
func (c *Counters) SetFleet(f func() Fleet) { c.fleet.Store(&f) }

// LogSettled counts an invalidation that was read back from the log after d.
func (c *Counters) LogSettled(d time.Duration) { c.settled.Observe(d.Seconds()) }

// TierLooked counts a look into the tier that took d.
func (c *Counters) TierLooked(outcome string, d time.Duration) {
	c.tierLooked.WithLabelValues(outcome).Observe(d.Seconds())
}

// fleetFigures sends what there is about a fleet.
func (o collection) fleetFigures() {
	get := o.fleet.Load()
	if get == nil {
		return
	}
	f := (*get)()
	connected := 0.0
	if f.Connected {
		connected = 1
	}
	o.add(fleetConnected, connected)
	o.add(fleetSilence, f.Silence.Seconds())
	o.add(fleetPosition, float64(f.Position)/1000)
	o.add(fleetWaiting, float64(f.Waiting))
	o.add(fleetMembers, float64(f.Members))
	o.add(fleetEntriesTotal, float64(f.Read), "read")
	o.add(fleetEntriesTotal, float64(f.Appended), "appended")
	o.add(fleetEntriesTotal, float64(f.Ignored), "ignored")
	o.add(fleetLossesTotal, float64(f.Lost))
	o.add(fleetConnectionsTotal, float64(f.Connections))
	for how, n := range f.Resumed {
		o.add(fleetResumptionsTotal, float64(n), how)
	}
	o.settled.Collect(o.ch)
	for direction, state := range f.Breakers {
		o.add(tierBreaker, float64(state), direction)
	}
	for outcome, n := range f.Written {
		o.add(tierWritesTotal, float64(n), outcome)
	}
	o.add(tierBytesTotal, float64(f.BytesRead), "read")
	o.add(tierBytesTotal, float64(f.BytesWritten), "written")
	o.add(tierQueue, float64(f.Queued))
	o.add(tierQueueBytes, float64(f.QueuedBytes))
	o.tierLooked.Collect(o.ch)
}
