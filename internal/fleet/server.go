package fleet

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// Mode is how the servers of a fleet hang together.
type Mode uint8

const (
	// Single is one server, or a proxy that looks like one.
	Single Mode = iota
	// Cluster is Redis Cluster.
	Cluster
	// Sentinel is a group of sentinels that know which server is the master.
	Sentinel
)

// Server says where Redis or Valkey is and how to get in.
type Server struct {
	Mode Mode
	// Addresses are "host:port": of the server, of some nodes of the cluster, or of
	// the sentinels.
	Addresses []string
	// Username and Password are empty where none is wanted.
	Username, Password string
	// Database is 0 in a cluster.
	Database int
	// MasterSet, SentinelUsername and SentinelPassword are for Sentinel.
	MasterSet, SentinelUsername, SentinelPassword string
	// TLS is nil for plain TCP. A ServerName that is empty is that of the address.
	TLS *tls.Config
}

const (
	// dialTimeout bounds connecting, and the first exchange on a connection.
	dialTimeout = 2 * time.Second
	// replyTimeout bounds every exchange of the log, and what a connection of the
	// tier may keep others waiting.
	replyTimeout = 2 * time.Second
	// topologyInterval is how often who is master, or has which slots, is asked.
	topologyInterval = 5 * time.Second
)

// connections are those of one client. All of them end with its context.
type connections struct {
	ctx    context.Context
	dialed *atomic.Uint64
}

// options are what every client of edge has in common. The client-side cache of
// rueidis is off: memory is the cache. Its retries are off: they would go on until
// a deadline, and here everything has a better thing to do.
func (s *Server) options(c connections) rueidis.ClientOption {
	o := rueidis.ClientOption{
		InitAddress: s.Addresses, Username: s.Username, Password: s.Password, SelectDB: s.Database,
		ClientName: "edge", TLSConfig: s.TLS,
		ClientSetInfo:    []string{}, // the name says enough, and a user needs one right less
		DialCtxFn:        c.dial,
		Dialer:           net.Dialer{Timeout: dialTimeout, KeepAlive: time.Second},
		ConnWriteTimeout: replyTimeout,
		DisableCache:     true, DisableRetry: true,
		ForceSingleClient:   s.Mode == Single,
		ReadBufferEachConn:  64 << 10,
		WriteBufferEachConn: 64 << 10,
		ClusterOption:       rueidis.ClusterOption{MaxMovedRedirections: 3, ShardsRefreshInterval: topologyInterval},
	}
	if s.Mode == Sentinel {
		o.Sentinel = rueidis.SentinelOption{
			MasterSet: s.MasterSet, Username: s.SentinelUsername, Password: s.SentinelPassword,
			Dialer: o.Dialer, TLSConfig: s.TLS, ClientName: o.ClientName,
			TopologyRefreshInterval: topologyInterval,
		}
	}
	return o
}

// dial connects, as rueidis would, to what ends with c.
func (c connections) dial(ctx context.Context, address string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
	c.dialed.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })
	defer stop()
	var conn net.Conn
	var err error
	if config == nil {
		conn, err = d.DialContext(ctx, "tcp", address)
	} else {
		conn, err = (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, err
	}
	ended := &connection{Conn: conn}
	ended.stop = context.AfterFunc(c.ctx, func() { _ = conn.Close() }) // it may be closed already
	return ended, nil
}

// connection is a net.Conn that forgets the context it ends with when it ends by
// itself.
type connection struct {
	net.Conn
	stop func() bool
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.stop()
	return c.Conn.Close()
}
