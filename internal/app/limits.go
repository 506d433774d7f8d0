package app

import (
	"net/http"

	"edge/internal/listen"
	"edge/internal/policy"
)

// connectionsMost is how many connections of clients there may be where nobody
// says and the system would allow more.
const connectionsMost = 1 << 16

// connectionsFor is how many connections of clients are taken when so many
// descriptors may be open: a quarter is for origins, for logs and for the fleet.
func connectionsFor(descriptors int) int {
	if descriptors == 0 {
		return connectionsMost
	}
	return min(descriptors-descriptors/4, connectionsMost)
}

// connectionLimits are those of the policy in force.
func (a *App) connectionLimits() listen.Limits {
	p := a.policy.Load()
	if p == nil {
		return listen.Limits{}
	}
	l := p.Settings.Limits
	most := l.Connections
	if most == 0 {
		most = a.connectionsMost
	}
	return listen.Limits{Total: most, PerClient: l.PerClient, Stall: a.started.Limits.Stall}
}

// crowded makes room while there are as many connections as there may be: those
// that rest are closed, and each answer is the last on its connection.
func (a *App) crowded(full bool) {
	a.full.Store(full) // answers of net/http's say that they are the last
	for _, s := range a.data {
		s.server.SetKeepAlivesEnabled(!full)
	}
	if !full {
		a.log.Info("there is room for connections again")
		return
	}
	a.counters.Crowded()
	if more, tell := a.crowds.tell(struct{}{}); tell {
		a.log.Warn("as many connections are open as there may be: who comes waits, and those that rest are closed",
			"limits.connections", a.connectionLimits().Total, "not_told", more)
	}
}

// warnDescriptors tells of a limit that the system will not let edge come to.
func (a *App) warnDescriptors(l policy.Limits) {
	if n := descriptors(); n > 0 && l.Connections > connectionsFor(n) {
		a.log.Warn("limits.connections leaves too few file descriptors for origins: raise the process's limit",
			"limits.connections", l.Connections, "descriptors", n, "hint", "LimitNOFILE in the unit, or ulimit -n")
	}
}

// limit sets what one connection may take.
func limit(s *http.Server, p *policy.Policy) {
	l := &p.Settings.Limits
	s.MaxHeaderBytes = headBytes(p)
	s.ReadHeaderTimeout, s.IdleTimeout = l.Head, l.Idle
	s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: l.Streams}
}

// headBytes is where net/http cuts a head off. It is above what the View allows,
// so that edge's own 414 and 431, which say what to do, are what clients see.
func headBytes(p *policy.Policy) int { return max(32<<10, 2*p.Rules.FieldBytes) }
