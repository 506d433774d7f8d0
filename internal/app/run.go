package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Ends of a shutdown that drain_timeout does not govern.
const (
	// adminEnd is what requests to the admin and metrics listeners get once
	// the data plane has ended.
	adminEnd = time.Second
	// handlerEnd is what handlers get whose connections have been broken off.
	handlerEnd = 2 * time.Second
)

// Run serves until ctx ends, then drains: readiness fails at once, connections
// are accepted for drain_delay more, requests under way get drain_timeout and
// are broken off after it. Metrics and health answer until then. It returns nil
// after that, also when something was broken off, and frees the App.
func (a *App) Run(ctx context.Context) error {
	defer a.Close()
	data, private := a.data, a.privateServers()
	failed := make(chan error, len(data)+len(private))
	background, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait() // for all goroutines below
	defer stop()
	for _, s := range slices.Concat(data, private) {
		wg.Go(func() { // ends with shutdown
			if err := s.server.Serve(s.on); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", s.on.Addr(), err)
			}
		})
	}
	wg.Go(func() { a.watch(background) })
	wg.Go(func() { a.warm(background) })
	at := a.Addresses()
	a.log.Info("listening", "listen", at.Listeners, "admin", at.Admin, "metrics", at.Metrics)

	var err error
	select {
	case <-ctx.Done():
		err = a.drain(failed)
	case err = <-failed:
	}
	a.shutdown(data, private)
	return err
}

// drain fails readiness and goes on serving, so that load balancers can notice;
// a server that fails meanwhile cuts it short.
func (a *App) drain(failed <-chan error) error {
	a.draining.Store(true)
	s := &a.policy.Load().Settings
	a.log.Info("draining", "drain_delay", s.DrainDelay.String(), "drain_timeout", s.DrainTimeout.String())
	select {
	case <-time.After(s.DrainDelay):
		return nil
	case err := <-failed:
		return err
	}
}

// shutdown ends the data plane, then the others, which until then tell how it
// goes.
func (a *App) shutdown(data, private []server) {
	a.draining.Store(true)
	a.gate.closeTunnels()
	limit := a.policy.Load().Settings.DrainTimeout
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	a.doors.StopAccepting(ctx)
	a.awaitFirstAnswers(ctx)
	if !a.endData(ctx, data) {
		a.log.Warn("requests are still under way and are broken off", "drain_timeout", limit.String())
	}
	if !a.gate.close(handlerEnd) {
		a.log.Error("requests have not ended though their connections have")
	}
	ctx, cancel = context.WithTimeout(context.Background(), adminEnd)
	defer cancel()
	end(ctx, private)
	a.log.Info("ended")
}

// endData is end for the data plane, with the answers that its servers know
// nothing of.
func (a *App) endData(ctx context.Context, servers []server) bool {
	// A request may wait for an origin though its client is broken off.
	stop := context.AfterFunc(ctx, func() {
		a.proxy.BreakOff()
		a.flights.Close()
	})
	defer stop()
	var late error
	var wg sync.WaitGroup
	wg.Go(func() { late = a.wire.Shutdown(ctx) })
	ended := end(ctx, servers)
	wg.Wait()
	return ended && late == nil
}

// awaitFirstAnswers waits for requests that are on their way, as long as clients
// may take to send one.
func (a *App) awaitFirstAnswers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, a.started.Limits.Head)
	defer cancel()
	a.doors.AwaitFirstAnswers(ctx)
}

// end lets requests end until ctx does, and reports whether all did. Those that
// did not are broken off.
func end(ctx context.Context, servers []server) bool {
	var late atomic.Bool
	var wg sync.WaitGroup
	for _, s := range servers {
		wg.Go(func() {
			if s.server.Shutdown(ctx) != nil {
				late.Store(true)
				_ = s.server.Close() // listeners that are closed already
			}
		})
	}
	wg.Wait()
	return !late.Load()
}
