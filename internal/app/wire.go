package app

import (
	"net"
	"time"

	"edge/internal/listen"
	"edge/internal/policy"
	"edge/internal/wire"
)

// newWire makes what answers hits, and what has to be fetched, below net/http. While
// draining it leaves all requests to net/http, where the gate asks clients to go
// elsewhere.
func (a *App) newWire(l policy.Limits) *wire.Answerer {
	return wire.New(wire.Options{
		Clerk:  func() wire.Clerk { return a.proxy.NewHit() },
		Open:   func() bool { return !a.draining.Load() && a.policy.Load().Settings.FastHits },
		Enter:  a.gate.enter,
		Leave:  a.gate.leave,
		Refuse: a.proxy.RefuseUnread,
		Now:    func() time.Duration { return time.Since(a.began) },
		Idle:   l.Idle,
		Head:   l.Head,
		Stall:  l.Stall,
	})
}

// wrap is what stands between a connection and net/http. Where clients are sent to
// https nothing is looked up.
func (a *App) wrap(c net.Conn, lane listen.Lane) net.Conn {
	if lane == listen.Redirect {
		return a.wire.WrapDisarmed(c)
	}
	return a.wire.Wrap(c)
}
