package wire

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
)

// voice is who speaks when net/http writes to a connection. What net/http cannot read
// as a request it refuses by itself, in plain text, and tells nobody: no handler, no
// hook. But whose turn it is shows without a look at what is written. From the moment
// a handler begins until the hook with StateIdle all that is written is the handler's,
// whatever it says; before and after, net/http has nothing to say but a refusal:
//
//	ofNobody ──► ofHandler      a handler has begun (Install)
//	    ▲            │
//	    └────────────┘          net/http is idle, and has sent all of the answer
//
// and from ofNobody to refused, when net/http says that it refuses. A connection that
// is not HTTP/1, or was hijacked, is ofOthers for good.
type voice struct{ state atomic.Uint32 }

const (
	// ofNobody: no handler has begun since net/http was idle, or ever.
	ofNobody uint32 = iota
	// ofHandler: the handler of a request speaks.
	ofHandler
	// refused: the client has its refusal. The connection ends, and nothing follows.
	refused
	// ofOthers: who speaks on it takes no turns.
	ofOthers
)

// begin notes that a handler begins. In HTTP/2 many speak at once, and net/http
// writes for them in pieces of its own.
func (v *voice) begin(http2 bool) {
	if http2 {
		v.state.Store(ofOthers)
		return
	}
	v.state.CompareAndSwap(ofNobody, ofHandler)
}

// rest notes that the handler's answer is out.
func (v *voice) rest() { v.state.CompareAndSwap(ofHandler, ofNobody) }

// leave notes that the connection is somebody else's.
func (v *voice) leave() { v.state.Store(ofOthers) }

// Write implements net.Conn: it is how net/http writes, and no answer of ours.
func (c *conn) Write(p []byte) (int, error) {
	switch c.voice.state.Load() {
	case ofHandler, ofOthers:
		return c.Conn.Write(p)
	case refused:
		return len(p), nil
	}
	status, ok := refusalOf(p)
	if !ok || c.by.o.Refuse == nil {
		c.voice.leave() // HTTP/2, which begins with its settings
		return c.Conn.Write(p)
	}
	c.voice.state.Store(refused)
	return len(p), c.refuse(status)
}

// refusalOf returns the status of a refusal of net/http's.
func refusalOf(p []byte) (status int, ok bool) {
	const version, code = len("HTTP/1.1 "), len("400")
	if len(p) < version+code || !bytes.HasPrefix(p, []byte("HTTP/1.")) {
		return 0, false
	}
	status, err := strconv.Atoi(string(p[version : version+code]))
	return status, err == nil && status >= http.StatusBadRequest
}

// refuse answers in the place of net/http, which closes the connection then as it
// would have after its own words.
func (c *conn) refuse(status int) error {
	r := newReply()
	r.to = c.Conn
	c.by.o.Refuse(r, c.from, status)
	r.finish()
	return r.failed
}

// Install makes s the server of wrapped connections: it sets the hooks ConnState and
// ConnContext, and stands before the Handler that s has.
func (a *Answerer) Install(s *http.Server) {
	s.ConnState, s.ConnContext, s.Handler = connState, connContext, beginning{s.Handler}
}

// beginning is a Handler that tells its connection when it begins.
type beginning struct{ http.Handler }

// ServeHTTP implements http.Handler.
func (b beginning) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c := connOf(r.Context()); c != nil {
		c.voice.begin(r.ProtoMajor >= 2)
	}
	b.Handler.ServeHTTP(w, r)
}

// connKey is the key of the *conn in the context of a connection.
type connKey struct{}

// connOf returns the wrapper of the connection that a request came on; nil without one.
func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connKey{}).(*conn)
	return c
}
