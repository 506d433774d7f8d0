package origin

import (
	"reflect"
	"slices"
	"time"
)

// Config describes one origin. Times that are zero have defaults; everything
// else that is zero is switched off.
type Config struct {
	Name string
	// URLs are where it is: "http://host:port", "https://host:port" or
	// "unix:/path", at least one, without a path of their own. A name stands for
	// all addresses that it resolves to.
	URLs []string
	// Protocol is what is spoken; TLS how, to https URLs.
	Protocol Protocol
	TLS      TLS
	// Resolve is how often names are looked up again; zero means 30 s. The last
	// good answer is kept.
	Resolve time.Duration
	// StripPrefix is removed from the front of the path, AddPrefix put there,
	// in this order. Both are escaped paths. StripPrefix ends at a segment:
	// "/a" is taken from "/a" (leaving "/") and "/a/b", not from "/ab".
	StripPrefix, AddPrefix string
	// Connect bounds dialling with TLS, FirstByte the wait for the response's
	// head, Idle the wait between two reads of the body. Zero means 2 s, 60 s,
	// 60 s.
	Connect, FirstByte, Idle time.Duration

	Eject   Eject
	Breaker Breaker
	// Panic is the share of addresses that must be well: with fewer, it is more
	// likely that the judgement is wrong, or that those left would break down,
	// and all are used. Addresses whose breaker is open are not.
	Panic float64
	// SlowStart is how long an address that came back takes less than its part.
	SlowStart time.Duration
	Health    Health
	Limit     Limit
	// Retries is the share of requests that may be sent once more after an
	// attempt that somebody may have received.
	Retries float64
}

// Eject says when an address that answers badly is left alone.
type Eject struct {
	// After so many failures in a row: no answer, a broken one, or 502, 503, 504.
	// An address that cannot be dialled is ejected at once. 0 is never.
	After int
	// For so long at first; up to eight times as long when it fails again soon.
	For time.Duration
	// Most is the largest share of addresses that are ejected at one time.
	Most float64
}

// Breaker says when nothing is sent to an address any more.
type Breaker struct {
	// After so many connections in a row that could not be made. 0 is never.
	//
	// Nothing else counts: what one request can cause (a slow page, one that
	// kills its connection) must not cost others the origin. For that there is
	// Eject, which always leaves some addresses.
	After int
	// For so long at first, then one request is tried; up to eight times as long
	// while that fails.
	For time.Duration
}

const (
	defaultConnect   = 2 * time.Second
	defaultFirstByte = 60 * time.Second
	defaultIdle      = 60 * time.Second
	defaultResolve   = 30 * time.Second
)

// withDefaults returns c with the defaults in place of zeros.
func (c Config) withDefaults() Config {
	c.Connect = orDefault(c.Connect, defaultConnect)
	c.FirstByte = orDefault(c.FirstByte, defaultFirstByte)
	c.Idle = orDefault(c.Idle, defaultIdle)
	c.Resolve = orDefault(c.Resolve, defaultResolve)
	c.Health = c.Health.withDefaults()
	c.URLs = slices.Clone(c.URLs)
	return c
}

// orDefault is v unless that is zero.
func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// equal reports whether two origins are the same in everything.
func (c Config) equal(d Config) bool { return reflect.DeepEqual(c, d) }
