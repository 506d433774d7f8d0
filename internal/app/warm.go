package app

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"edge/internal/policy"
)

// warmers is how many paths are fetched at one time: enough to finish, few
// enough that the origin's first minute is not ours.
const warmers = 4

// warm fetches the known values of routes with warm: true, each as soon as its
// origin is well. It ends with ctx.
func (a *App) warm(ctx context.Context) {
	p := a.policy.Load()
	turns := make(chan struct{}, warmers) // one for each fetch under way
	var wg sync.WaitGroup
	defer wg.Wait()
	for name := range p.Settings.Origins {
		targets := warmTargets(p, name)
		if len(targets) == 0 {
			continue
		}
		wg.Go(func() {
			if !a.awaitOrigin(ctx, name) {
				return
			}
			for _, t := range targets {
				select {
				case turns <- struct{}{}:
				case <-ctx.Done():
					return
				}
				wg.Go(func() {
					a.fetch(ctx, t, tlsOfClients(&p.Settings))
					<-turns
				})
			}
		})
	}
}

// target is what to ask for.
type target struct{ host, path string }

// warmTargets are the targets of one origin. The host is part of the key:
// the first that has a name is asked for.
func warmTargets(p *policy.Policy, origin string) []target {
	var list []target
	for _, r := range p.Routes {
		hosts := r.Hosts
		if hosts == nil {
			hosts = p.Settings.Hosts
		}
		named := slices.IndexFunc(hosts, func(host string) bool { return !strings.Contains(host, "*") })
		if r.Origin != origin || named < 0 {
			continue
		}
		for _, path := range r.Warm {
			list = append(list, target{hosts[named], path})
		}
	}
	return list
}

// awaitOrigin waits until an address of the origin is well; false when ctx ended
// first.
func (a *App) awaitOrigin(ctx context.Context, name string) bool {
	const first, most = 100 * time.Millisecond, 5 * time.Second
	for wait := first; ; wait = min(2*wait, most) {
		if a.origins.Reachable(ctx, name) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// tlsOfClients is what a request of a client says of TLS: the scheme is part of
// the key. Where some listener speaks TLS, most clients are taken to do so.
func tlsOfClients(s *policy.Settings) *tls.ConnectionState {
	if slices.ContainsFunc(s.Listen, func(l policy.Listener) bool { return l.TLS != nil }) {
		return &tls.ConnectionState{}
	}
	return nil
}

// fetch asks our own handler, as a client would. The handler breaks a bad
// answer off by a panic, which ends here: nobody reads the answer.
func (a *App) fetch(ctx context.Context, t target, secured *tls.ConnectionState) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	r := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: t.path}, RequestURI: t.path, Host: t.host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, TLS: secured,
	}
	a.proxy.ServeHTTP(discard{http.Header{}}, r.WithContext(ctx))
}

// discard is a ResponseWriter that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
