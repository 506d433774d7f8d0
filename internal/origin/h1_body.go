package origin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// h1Body is the body of an answer, and has its connection until that is over. As
// with net/http's, Close may be called while Read waits, and makes it fail.
type h1Body struct {
	// inner knows the end. Where it is net/http's, it is not closed: that would read on
	// to the end.
	inner io.Reader
	conn  *h1Conn
	ctx   context.Context
	stop  func() bool // ends the watch over ctx
	trace *httptrace.ClientTrace
	last  bool        // no request may follow on the connection
	over  atomic.Bool // the connection was given back or closed
	err   error       // of every further Read
}

var (
	// errClosedBody is the error of reading after Close.
	errClosedBody = errors.New("the body was closed")
	// errLast is why a connection is not kept whose answer says so.
	errLast = errors.New("the answer is the last one of its connection")
	// errMany is why a connection is not kept beside those that are.
	errMany = errors.New("enough connections are unused")
)

// begin makes b the body of resp, which came over conn.
func (b *h1Body) begin(conn *h1Conn, resp *http.Response, stop func() bool, trace *httptrace.ClientTrace) {
	req := resp.Request
	b.conn, b.ctx, b.stop, b.trace = conn, req.Context(), stop, trace
	b.last = resp.Close || req.Close || resp.StatusCode < 200
}

// Read returns io.EOF only at the end that the framing gives.
func (b *h1Body) Read(p []byte) (int, error) {
	if b.err == nil && b.over.Load() {
		b.err = errClosedBody
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.inner.Read(p)
	switch err {
	case nil:
	case io.EOF:
		b.err = io.EOF
		b.end()
	default:
		b.err = b.conn.whyNot(b.ctx, err, errIdle)
		b.Close()
	}
	return n, b.err
}

// Buffered returns how many bytes of the answer Read returns without waiting; of a
// chunked one, also of what stands between its chunks.
func (b *h1Body) Buffered() int {
	if b.over.Load() {
		return 0 // the connection may be another's
	}
	return b.conn.r.Buffered()
}

// Close closes the connection, unless the body has come to its end.
func (b *h1Body) Close() error {
	if b.over.CompareAndSwap(false, true) {
		b.stop()
		b.conn.cut()
	}
	return nil
}

// end gives the connection back for the next request, or closes it.
func (b *h1Body) end() {
	if !b.over.CompareAndSwap(false, true) {
		return
	}
	err := b.giveBack()
	if err != nil {
		b.conn.conn.Close()
	}
	if b.trace.PutIdleConn != nil {
		b.trace.PutIdleConn(err)
	}
}

// giveBack returns why the connection cannot be used again; nil if somebody may
// have it already.
func (b *h1Body) giveBack() error {
	switch {
	case !b.stop():
		return context.Cause(b.ctx) // it is being cut at this moment
	case b.last:
		return errLast
	case !b.conn.drained():
		return errUnasked
	case !b.conn.client.put(b.conn):
		return errMany
	}
	return nil
}
