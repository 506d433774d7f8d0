package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"edge/internal/admin"
)

// Time limits of connections. Bodies have none here: an upload or a download
// may take as long as it moves.
const (
	headTimeout = 5 * time.Second
	idleTimeout = 2 * time.Minute
)

// headBytes is where net/http cuts a head off. It is above what the View
// allows (Rules.FieldBytes and TargetBytes), so that edge's own 414 and 431,
// which say what to do, are what clients see.
const headBytes = 32 << 10

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
	if errors.Is(e.Err, errNoToken) {
		return "set admin.token in the policy file, or listen on 127.0.0.1"
	}
	return "choose another address, or stop what listens there"
}

var errNoToken = errors.New("without a token the admin API listens on loopback addresses only")

// listen opens addr; an empty one is none.
func listen(option, addr string) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // the rest repeats the address
		}
		return nil, &ListenError{option, addr, err}
	}
	return l, nil
}

// Addresses are where an App listens; empty where it does not.
type Addresses struct {
	Listen  string `json:"listen"`
	Admin   string `json:"admin"`
	Metrics string `json:"metrics,omitempty"`
}

// Addresses returns where the App listens.
func (a *App) Addresses() Addresses {
	return Addresses{Listen: addrOf(a.data), Admin: addrOf(a.admin), Metrics: addrOf(a.metrics)}
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

// servers makes one for each listener, the data plane first: the others answer
// until it has drained.
func (a *App) servers() []server {
	data := a.server(a.gate)
	data.Protocols = new(http.Protocols)
	data.Protocols.SetHTTP1(true)
	data.Protocols.SetUnencryptedHTTP2(true)
	list := []server{
		{data, acceptor{a.data, a.log}},
		{a.server(http.HandlerFunc(a.serveAdmin)), acceptor{a.admin, a.log}},
	}
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
		MaxHeaderBytes:               headBytes,
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
