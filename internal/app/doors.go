package app

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"time"

	"edge/internal/listen"
	"edge/internal/policy"
	"edge/internal/telemetry"
)

// newDoors makes the listeners of the data plane, without any yet.
func (a *App) newDoors(passed *listen.Passed) *listen.Set {
	failures := newQuiet[string](a.now)
	return listen.NewSet(listen.Options{
		Wrap: a.wrap,
		AcceptFailed: func(at net.Addr, err error) {
			if more, tell := failures.tell(at.String()); tell {
				a.log.Error("a connection cannot be accepted", "address", at.String(), "error", err.Error(), "failures_not_told", more)
			}
		},
		Refused: a.refusals(),
		Limits:  a.connectionLimits,
		Crowded: a.crowded,
		Stalled: func(client net.Addr) {
			a.counters.Stalled()
			a.log.Debug("a client took nothing of its answer and is broken off", "client", client.String())
		},
		Passed:             passed,
		Trusted:            func(peer string) bool { p := a.policy.Load(); return p != nil && p.Rules.Trusts(peer) },
		CertificateChanged: a.tellCertificate,
	})
}

// refusals counts connections that came to nothing. What clients of the whole
// world do is told to those who debug; what proxies do, to the owner, who has
// to set one side right.
func (a *App) refusals() func(net.Addr, listen.Refusal, error) {
	refused := newQuiet[listen.Refusal](a.now)
	return func(peer net.Addr, why listen.Refusal, err error) {
		a.counters.ConnectionRefused(string(why))
		level := slog.LevelDebug
		if why == listen.UntrustedProxy || why == listen.BadProxyProtocol {
			level = slog.LevelWarn
		}
		if more, tell := refused.tell(why); tell || level == slog.LevelDebug {
			a.log.Log(context.Background(), level, "a connection is refused",
				"reason", string(why), "peer", peer.String(), "error", err.Error(), "refusals_not_told", more)
		}
	}
}

// warnUnused tells of sockets that edge was started with and no listener takes:
// what connects to them waits in vain.
func (a *App) warnUnused(passed *listen.Passed, listeners []policy.Listener) {
	for _, name := range passed.Names() {
		if !slices.ContainsFunc(listeners, func(l policy.Listener) bool {
			return l.Address == "systemd" || l.Address == "fd:"+name
		}) {
			a.log.Warn("a socket that was passed on is not used: nobody answers who connects to it",
				"name", name, "hint", `name it in listen: "fd:`+name+`"`)
		}
	}
}

// tellCertificate logs that the files of a certificate have changed.
func (a *App) tellCertificate(c listen.Certificate, err error) {
	a.counters.CertificateLoad(err == nil)
	if err != nil {
		a.log.Error("a changed certificate is refused, the one before stays in use",
			"error", err.Error(), "expires", c.NotAfter.UTC().Format(time.RFC3339))
		return
	}
	a.log.Info("certificate loaded", "file", c.Pair.Cert, "expires", c.NotAfter.UTC().Format(time.RFC3339))
	a.warnExpired(c)
}

// warnExpired tells of a certificate that clients refuse.
func (a *App) warnExpired(c listen.Certificate) {
	if time.Now().After(c.NotAfter) {
		a.log.Warn("a certificate has expired: clients refuse it", "file", c.Pair.Cert, "expired", c.NotAfter.UTC().Format(time.RFC3339))
	}
}

// certificates are those in use, by the name of their file. Of several with one
// name the metrics show that which expires first.
func (a *App) certificates() []telemetry.Certificate {
	byFile := map[string]telemetry.Certificate{}
	for _, c := range a.doors.Certificates() {
		old, known := byFile[c.Pair.Cert]
		if !known || c.NotAfter.Before(old.NotAfter) {
			byFile[c.Pair.Cert] = telemetry.Certificate{File: c.Pair.Cert, NotAfter: c.NotAfter, Current: c.Current && (!known || old.Current)}
		}
	}
	list := make([]telemetry.Certificate, 0, len(byFile))
	for _, c := range byFile {
		list = append(list, c)
	}
	return list
}
