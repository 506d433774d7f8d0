package policy

import "time"

// Origin is where responses come from. Defaults are filled in.
type Origin struct {
	Name        string
	URLs        []string
	StripPrefix string
	AddPrefix   string
	Connect     time.Duration
	FirstByte   time.Duration
	Idle        time.Duration
	Eject       Eject
	Breaker     Breaker
	// Panic is the share of addresses that must be well; with fewer, all are
	// used.
	Panic     float64
	SlowStart time.Duration
}

// Eject says when an address is left alone: after Failures in a row (0: never),
// for Time at first, and never more than Share of all.
type Eject struct {
	Failures int
	Time     time.Duration
	Share    float64
}

// Breaker says when nothing is sent to an address: after Failures in a row (0:
// never), for Time at first.
type Breaker struct {
	Failures int
	Time     time.Duration
}
