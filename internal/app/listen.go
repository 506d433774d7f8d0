package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"edge/internal/admin"
	"edge/internal/listen"
	"edge/internal/policy"
)

// Time limits of private connections. limits has those of clients.
const (
	headTimeout = 5 * time.Second
	idleTimeout = 2 * time.Minute
)

// ListenError is an address that edge cannot or must not listen on.
type ListenError struct {
	Option, Address string
	Err             error
}

func (e *ListenError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Option, e.Address, e.Err) }

// Unwrap returns what the system said.
func (e *ListenError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *ListenError) Hint() string {
	switch {
	case errors.Is(e.Err, errNoToken):
		return "set admin.token in the policy file, or listen on 127.0.0.1"
	case errors.Is(e.Err, listen.ErrNotPassed):
		return "start edge by a socket unit of systemd, or listen on an address"
	case errors.Is(e.Err, fs.ErrPermission):
		return "choose a port above 1023, or give edge the capability CAP_NET_BIND_SERVICE, as deploy/systemd does"
	}
	return "choose another address, or stop what listens there"
}

var errNoToken = errors.New("without a token the admin API listens on loopback addresses only")

// open opens a private listener; an empty address is none.
func open(option, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := listen.Open(address)
	return l, listenError(option, err)
}

// listenError says which option the address of an error comes from.
func listenError(option string, err error) error {
	var taken *listen.Error
	if errors.As(err, &taken) {
		return &ListenError{option, taken.Address, taken.Err}
	}
	return err
}

// listenersOf translates the settings. Names of files are relative to dir.
func listenersOf(s *policy.Settings, dir string) []listen.Config {
	list := make([]listen.Config, len(s.Listen))
	for i, l := range s.Listen {
		list[i] = listen.Config{Address: l.Address, H2C: l.H2C, TLS: tlsOf(l.TLS, dir),
			ProxyProtocol: l.ProxyProtocol, RedirectHTTPS: l.RedirectHTTPS}
	}
	return list
}

func tlsOf(t *policy.TLS, dir string) *listen.TLS {
	if t == nil {
		return nil
	}
	from := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(dir, name)
	}
	rules := &listen.TLS{Only13: t.Only13}
	for _, c := range t.Certificates {
		rules.Pairs = append(rules.Pairs, listen.Pair{Cert: from(c.Cert), Key: from(c.Key)})
	}
	return rules
}

// portsOf are the ports of the listeners whose addresses do not tell, as
// policy.Source wants them.
func portsOf(bound map[string][]net.Addr) map[string][]string {
	ports := map[string][]string{}
	for address, sockets := range bound {
		for _, s := range sockets {
			_, port, err := net.SplitHostPort(s.String())
			if err == nil && (!strings.HasSuffix(address, ":"+port) || strings.HasPrefix(address, "fd:")) {
				ports[address] = append(ports[address], port)
			}
		}
	}
	return ports
}

// Addresses are where an App listens; empty where it does not.
type Addresses struct {
	Listen    string   `json:"listen"` // the first of Listeners
	Listeners []string `json:"listeners"`
	Admin     string   `json:"admin"`
	Metrics   string   `json:"metrics,omitempty"`
}

// Addresses returns where the App listens.
func (a *App) Addresses() Addresses {
	at := Addresses{Admin: addrOf(a.admin), Metrics: addrOf(a.metrics)}
	bound := a.doors.Bound()
	for _, l := range a.policy.Load().Settings.Listen {
		for _, socket := range bound[l.Address] {
			at.Listeners = append(at.Listeners, socket.String())
		}
	}
	if len(at.Listeners) > 0 {
		at.Listen = at.Listeners[0]
	}
	return at
}

func addrOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// isLoopback reports whether only this machine can reach a listener.
func isLoopback(l net.Listener) bool {
	at, err := netip.ParseAddrPort(addrOf(l))
	return err == nil && at.Addr().IsLoopback()
}

// server is an http.Server and its listener.
type server struct {
	server *http.Server
	on     net.Listener
}

// dataServers makes one for each lane.
func (a *App) dataServers(p *policy.Policy) []server {
	list := make([]server, listen.NumLanes)
	for lane := range listen.NumLanes {
		s := a.server(a.gate)
		if lane == listen.Redirect {
			s = a.server(a.gate.before(a.proxy.RedirectHTTPS()))
		}
		limit(s, p)
		if lane == listen.H2 {
			a.h2.Install(s)
		} else {
			a.wire.Install(s)
		}
		s.Protocols = new(http.Protocols)
		s.Protocols.SetHTTP1(lane != listen.H2)
		s.Protocols.SetHTTP2(true)
		s.Protocols.SetUnencryptedHTTP2(lane != listen.Plain)
		list[lane] = server{s, a.doors.Lane(lane)}
	}
	return list
}

// privateServers makes those that answer until the others have drained.
func (a *App) privateServers() []server {
	list := []server{{a.server(http.HandlerFunc(a.serveAdmin)), acceptor{a.admin, a.log}}}
	if a.metrics != nil {
		list = append(list, server{a.server(admin.NewMetrics(a.adminOptions())), acceptor{a.metrics, a.log}})
	}
	return list
}

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            headTimeout,
		IdleTimeout:                  idleTimeout,
		DisableGeneralOptionsHandler: true, // OPTIONS * is for the policy to answer
		// What clients do wrong; what is edge's own is told elsewhere.
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// acceptor tells that connections cannot be accepted, for example for want of
// file descriptors. net/http waits and tries again, at most a second later.
type acceptor struct {
	net.Listener
	log *slog.Logger
}

// Accept implements net.Listener.
func (l acceptor) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		l.log.Error("a connection cannot be accepted", "address", l.Addr().String(), "error", err.Error())
	}
	return conn, err
}
