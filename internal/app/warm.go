package app

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"edge/internal/policy"
)

// warmers is how many paths are fetched at one time: enough to finish, few
// enough that the origin's first minute is not ours.
const warmers = 4

// warm fetches the known values of routes with warm: true, once the origins
// accept connections. It ends with ctx.
func (a *App) warm(ctx context.Context) {
	p := a.policy.Load()
	targets := make(chan target)
	var wg sync.WaitGroup
	for range warmers {
		wg.Go(func() {
			for t := range targets {
				a.fetch(ctx, t)
			}
		})
	}
	for _, r := range p.Routes {
		if len(r.Warm) > 0 && a.awaitOrigin(ctx, p.Settings.Origins[r.Origin]) {
			a.warmRoute(ctx, p, r, targets)
		}
	}
	close(targets)
	wg.Wait()
}

// target is one URL to warm.
type target struct{ scheme, host, path string }

// warmRoute hands out the targets of a route: every path on every host that
// has a name.
func (a *App) warmRoute(ctx context.Context, p *policy.Policy, r *policy.Route, to chan<- target) {
	hosts := r.Hosts
	if hosts == nil {
		hosts = p.Settings.Hosts
	}
	scheme := p.Rules.Scheme
	if scheme == "" {
		scheme = "http"
	}
	warmed := false
	for _, host := range hosts {
		if strings.Contains(host, "*") {
			continue
		}
		warmed = true
		for _, path := range r.Warm {
			select {
			case to <- target{scheme, host, path}:
			case <-ctx.Done():
				return
			}
		}
	}
	if !warmed {
		a.log.Warn("warm needs hosts by name: the host is part of the key", "route", r.Pattern,
			"hint", "name the hosts of the file or of the route, e.g. hosts: [www.example.com]")
	}
}

// awaitOrigin waits until an address of the origin accepts connections; false
// when ctx ended first.
func (a *App) awaitOrigin(ctx context.Context, o policy.Origin) bool {
	const first, most = 100 * time.Millisecond, 5 * time.Second
	for wait := first; ; wait = min(2*wait, most) {
		for _, u := range o.URLs {
			if accepts(ctx, u) {
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// accepts dials the address of a URL once.
func accepts(ctx context.Context, raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme // net resolves "http" and "https" to their ports
	}
	d := net.Dialer{Timeout: 2 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// fetch asks our own handler, as a client would. The handler breaks a bad
// answer off by a panic, which ends here: nobody reads the answer.
func (a *App) fetch(ctx context.Context, t target) {
	defer func() { _ = recover() }()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.scheme+"://"+t.host+t.path, nil)
	if err != nil {
		a.log.Warn("a path cannot be warmed", "path", t.path, "error", err.Error())
		return
	}
	r.RequestURI = t.path
	a.proxy.ServeHTTP(discard{header: http.Header{}}, r)
}

// discard is a ResponseWriter that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
