package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"edge/internal/admin"
	"edge/internal/cache"
	"edge/internal/fleet"
	"edge/internal/policy"
	"edge/internal/telemetry"
)

// nodeNumber draws the number of this node; 0 without a fleet.
func nodeNumber(s *policy.Settings) uint64 {
	if s.Shared == nil {
		return 0
	}
	return max(1, rand.Uint64())
}

// openFleet begins to follow the log of the fleet and to use its tier, if there is
// one. That the
// server cannot be reached is no error.
func (a *App) openFleet(s *policy.Settings) error {
	if s.Shared == nil {
		return nil
	}
	server, err := a.sharedServer(s.Shared)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = addrOf(a.admin) // a name all the same
	}
	told := &fleetNews{app: a}
	a.fleetLog = fleet.NewLog(fleet.LogOptions{
		Server: server, Prefix: s.Shared.Prefix, Name: cmp.Or(s.Shared.Node, host),
		Memory: a.memory, Now: a.now, MaxSilence: s.MaxSilence,
		Hooks: fleet.LogHooks{
			Connected: told.connected, Lost: told.lost, Unreadable: told.unreadable,
			Settled: a.counters.LogSettled,
		},
	})
	a.tier = fleet.NewTier(fleet.TierOptions{
		Server: server, Prefix: s.Shared.Prefix, Memory: a.memory, Trusted: a.fleetLog.Trusted, Now: a.now,
		Timeout: s.Shared.Timeout, MaxObject: s.Shared.MaxObject,
		Looked: func(o fleet.Outcome, took time.Duration) { a.counters.TierLooked(o.String(), took) },
	})
	a.counters.SetFleet(a.fleetFigures)
	return nil
}

// fleetFigures are those of the log at scrape time.
func (a *App) fleetFigures() telemetry.Fleet {
	s := a.fleetLog.Stats()
	f := telemetry.Fleet{
		Connected: s.Connected, Silence: s.Silence, Position: s.Stamp.At.Ms,
		Waiting: s.Waiting, Members: len(s.Members),
		Read: s.Read, Appended: s.Appended, Ignored: s.Foreign, Lost: s.Lost, Connections: s.Dialed,
		Resumed: make(map[string]uint64, len(s.Resumed)),
	}
	for how, n := range s.Resumed {
		f.Resumed[how.String()] = n
	}
	t := a.tier.Stats()
	f.Breakers = map[string]uint8{"read": uint8(t.Reads), "write": uint8(t.Writes)}
	f.Queued, f.QueuedBytes, f.BytesRead, f.BytesWritten = t.Queued, t.QueuedBytes, t.BytesRead, t.BytesWritten
	f.Connections += t.Dialed
	f.Written = make(map[string]uint64, fleet.NumWriteOutcomes)
	for o := range fleet.NumWriteOutcomes {
		f.Written[o.String()] = t.Put[o]
	}
	return f
}

// sharedServer translates the settings, and reads the files they name.
func (a *App) sharedServer(s *policy.Shared) (fleet.Server, error) {
	server := fleet.Server{
		Mode:      map[policy.Topology]fleet.Mode{policy.ClusterOfServers: fleet.Cluster, policy.WithSentinels: fleet.Sentinel}[s.Topology],
		Addresses: s.Addresses, Username: s.Username, Password: s.Password, Database: s.Database,
		MasterSet: s.MasterSet, SentinelUsername: s.SentinelUsername, SentinelPassword: s.SentinelPassword,
	}
	if !s.TLS {
		return server, nil
	}
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		text, err := os.ReadFile(a.besidePolicy(s.CA))
		if err != nil {
			return server, fmt.Errorf("cache.shared.tls.ca: %w", err)
		}
		server.TLS.RootCAs = x509.NewCertPool()
		if !server.TLS.RootCAs.AppendCertsFromPEM(text) {
			return server, fmt.Errorf("cache.shared.tls.ca: there is no certificate in %s", s.CA)
		}
	}
	if s.Cert != "" {
		own, err := tls.LoadX509KeyPair(a.besidePolicy(s.Cert), a.besidePolicy(s.Key))
		if err != nil {
			return server, fmt.Errorf("cache.shared.tls.cert: %w", err)
		}
		server.TLS.Certificates = []tls.Certificate{own}
	}
	return server, nil
}

// besidePolicy is the name of a file that the policy names; no name stays none.
func (a *App) besidePolicy(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(a.o.Config), name)
}

// fleetNews tells what happens to the log of the fleet, and of an outage once a
// minute.
type fleetNews struct {
	app *App

	mu   sync.Mutex // protects told
	told time.Time  // when an outage was last told; zero while there is none
}

func (n *fleetNews) connected(r fleet.Resumption) {
	n.mu.Lock()
	n.told = time.Time{}
	n.mu.Unlock()
	attrs := []any{"how", r.Kind.String(), "silence", r.Silence.Round(time.Millisecond).String(), "new_epoch", r.NewEpoch, "restored", r.Lost}
	if r.Kind == fleet.Trimmed {
		n.app.log.Warn("the fleet's log has lost what this node had not read: its memory was purged", attrs...)
		return
	}
	n.app.log.Info("the fleet's log is followed", attrs...)
}

func (n *fleetNews) lost(err error, silence time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.told.IsZero() && time.Since(n.told) < time.Minute {
		return
	}
	n.told = time.Now()
	n.app.log.Warn("the fleet's log cannot be followed; purges of this node wait, those of others are not heard of",
		"error", err.Error(), "silence", silence.Round(time.Millisecond).String())
}

func (n *fleetNews) unreadable(at cache.Position) {
	n.app.log.Error("an entry of the fleet's log cannot be read: everything was purged",
		"position", at.String(), "hint", "let all nodes run one version of edge")
}

// purgeWait is how long POST /v1/purge waits for the fleet.
const purgeWait = 5 * time.Second

// spread waits until an invalidation of this node has got as far as the request
// wants, or says how far it has.
func (a *App) spread(ctx context.Context, g cache.Generation, wait string) (reached string, laggards []string) {
	ctx, cancel := context.WithTimeout(ctx, purgeWait)
	defer cancel()
	switch {
	case wait == "" || wait == admin.WaitLocal || a.fleetLog == nil:
		return wait, nil // without a fleet, this node is all of it
	case wait == admin.WaitAccepted:
		if a.fleetLog.Logged(ctx, g) {
			return admin.WaitAccepted, nil
		}
		return admin.WaitLocal, a.fleetLog.Members()
	}
	laggards, done := a.fleetLog.Everywhere(ctx, g)
	switch {
	case done:
		return admin.WaitFleet, nil
	case a.fleetLog.HasLogged(g):
		return admin.WaitAccepted, laggards
	}
	return admin.WaitLocal, laggards
}

// fleetStatus is what the status tells of the fleet.
type fleetStatus struct {
	Connected      bool     `json:"connected"`
	SilenceSeconds float64  `json:"silence_seconds"`
	Silent         bool     `json:"silent"`
	Epoch          string   `json:"epoch"`
	Position       string   `json:"position"`
	Waiting        int      `json:"waiting"`
	Members        []string `json:"members"`
	// Reads and Writes are the states of the tier's breakers.
	Reads  string `json:"reads"`
	Writes string `json:"writes"`
}

// fleetStatus is nil without a fleet.
func (a *App) fleetStatus() *fleetStatus {
	if a.fleetLog == nil {
		return nil
	}
	s, t := a.fleetLog.Stats(), a.tier.Stats()
	return &fleetStatus{
		Connected: s.Connected, SilenceSeconds: s.Silence.Seconds(), Silent: s.Silent,
		Epoch: fmt.Sprintf("%x", uint64(s.Stamp.Epoch)), Position: s.Stamp.At.String(),
		Waiting: s.Waiting, Members: append([]string{}, s.Members...),
		Reads: t.Reads.String(), Writes: t.Writes.String(),
	}
}

// fleetReady says what the fleet has against traffic for this node, and what it
// has to say besides.
func (a *App) fleetReady() (note string, err error) {
	if a.fleetLog == nil {
		return "", nil
	}
	s := a.fleetLog.Stats()
	switch {
	case s.Stamp.Epoch == 0:
		note = "the fleet's log has not been read yet"
	case s.Silent:
		note = fmt.Sprintf("no news of the fleet's log for %s", s.Silence.Round(time.Second))
	default:
		return "", nil
	}
	if a.started.Shared.Required {
		return "", errors.New(note)
	}
	return note, nil
}
