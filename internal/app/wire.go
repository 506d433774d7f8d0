package app

import (
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"edge/internal/h2"
	"edge/internal/listen"
	"edge/internal/policy"
	"edge/internal/wire"
)

// newWire makes what answers hits, and what has to be fetched, below net/http. While
// draining, and while there is no room for connections, it leaves all requests to net/http,
// where clients are asked to go elsewhere.
func (a *App) newWire(l policy.Limits) *wire.Answerer {
	return wire.New(wire.Options{
		Clerk:  func() wire.Clerk { return a.proxy.NewHit() },
		Open:   a.fastHits,
		Enter:  a.gate.enter,
		Leave:  a.gate.leave,
		Refuse: a.proxy.RefuseUnread,
		Now:    func() time.Duration { return time.Since(a.began) },
		Idle:   l.Idle,
		Head:   l.Head,
		Stall:  l.Stall,
	})
}

// newH2 makes what answers hits below net/http on connections of HTTP/2.
func (a *App) newH2(p *policy.Policy) *h2.Answerer {
	return h2.New(h2.Options{
		Clerk:       func() wire.Clerk { return a.proxy.NewHit() },
		Open:        a.fastHits,
		Now:         func() time.Duration { return time.Since(a.began) },
		Idle:        p.Settings.Limits.Idle,
		HeaderBytes: headBytes(p),
		Panicked: func(reason any) {
			a.log.Error("a panic while a request of HTTP/2 was answered; its connection is closed",
				"panic", fmt.Sprint(reason), "stack", string(debug.Stack()))
		},
	})
}

// fastHits reports whether hits are answered below net/http now.
func (a *App) fastHits() bool {
	return !a.draining.Load() && !a.full.Load() && a.policy.Load().Settings.FastHits
}

// wrap is what stands between a connection and net/http. Where clients are sent to
// https nothing is looked up.
func (a *App) wrap(c net.Conn, lane listen.Lane) net.Conn {
	switch lane {
	case listen.Redirect:
		return a.wire.WrapDisarmed(c)
	case listen.H2:
		return a.h2.Wrap(c)
	case listen.H2C:
		return a.h2.WrapUnsure(a.wire.Wrap(c))
	default:
		return a.wire.Wrap(c)
	}
}
