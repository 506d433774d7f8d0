package policy

import "time"

// Origin is where responses come from. Defaults are filled in.
type Origin struct {
	Name        string
	URLs        []string
	StripPrefix string
	AddPrefix   string
	Protocol    string // h1, h2 or h2c
	TLS         OriginTLS
	Resolve     time.Duration // how often names are looked up
	Connect     time.Duration
	FirstByte   time.Duration
	Idle        time.Duration
	Eject       Eject
	Breaker     Breaker
	// Panic is the share of addresses that must be well; with fewer, all are
	// used.
	Panic     float64
	SlowStart time.Duration
	// Retries is the share of requests that may be sent once more.
	Retries float64
	Limit   Limit
	Health  Health
}

// OriginTLS says how https origins are spoken to; the zero OriginTLS verifies
// against the system's roots and the host of the URL.
type OriginTLS struct {
	ServerName                string
	CAFile, CertFile, KeyFile string
	InsecureSkipVerify        bool
}

// Limit bounds the requests under way at one time (0: no bound), and how many may
// wait for how long.
type Limit struct {
	Requests, Queue int
	Wait            time.Duration
}

// Health says how addresses are asked whether they are well; an empty Path: they
// are not. A nil Status is 200 to 399.
type Health struct {
	Path, Host         string
	Interval, Timeout  time.Duration
	Status             []int
	Healthy, Unhealthy int
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
