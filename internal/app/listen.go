package app

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"edge/internal/admin"
	"edge/internal/policy"
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

// listen opens the listeners that are not open yet.
func (a *App) listen(s *policy.Settings) (err error) {
	if a.data == nil {
		if a.data, err = open("listen", s.Listen); err != nil {
			return err
		}
	}
	if a.admin, err = open("admin.listen", cmp.Or(a.o.Admin, s.Admin.Listen)); err != nil {
		return err
	}
	a.metrics, err = open("metrics.listen", s.Metrics.Listen)
	return err
}

// open listens on addr; an empty one is none.
func open(option, addr string) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: choose another address, or stop what listens there", option, err)
	}
	return l, nil
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

// server is an http.Server and its listener.
type server struct {
	server *http.Server
	on     net.Listener
}

// servers makes one for each listener, the data plane first: the others answer
// until it has drained.
func (a *App) servers() []server {
	data := a.server(a.proxy)
	data.Protocols = new(http.Protocols)
	data.Protocols.SetHTTP1(true)
	data.Protocols.SetUnencryptedHTTP2(true)
	list := []server{{data, a.data}}
	if a.admin != nil {
		list = append(list, server{a.server(admin.New(a.adminOptions())), a.admin})
	}
	if a.metrics != nil {
		list = append(list, server{a.server(admin.NewMetrics(a.adminOptions())), a.metrics})
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
		ErrorLog:                     slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}
