// Package lifespan has the context of what is made anew with each request: a client's
// visit, which the fetch watches, and a fetch, which the connection to the origin
// watches. It is memory that its owner can embed, and so is the first watch; those of
// package context would take six pieces more.
package lifespan

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Context is a context.Context without a deadline and without values, that ends with
// End. Its Err is then context.Canceled; why it ended is told by Cause, which
// context.Cause does not know.
//
// The zero Context is ready to use. It must not be copied, and is for one use: who has
// got it may ask it for ever. All methods are safe for concurrent use.
type Context struct {
	over atomic.Bool // cause is set

	mu      sync.Mutex // guards what follows
	cause   error
	done    chan struct{} // nil before anybody asked for it
	watches *watch        // who is to be told
	first   watch         // memory of the one that is always there
}

// watch is one call of AfterFunc.
type watch struct {
	of   *Context
	tell func() // nil when that is not to come any more
	next *watch
}

// End ends the context, once, for a cause; nil is context.Canceled.
func (c *Context) End(cause error) {
	if c.over.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	if c.cause = cause; cause == nil {
		c.cause = context.Canceled
	}
	c.over.Store(true)
	if c.done != nil {
		close(c.done)
	}
	for w := c.watches; w != nil; w = w.next {
		go w.tell()
		w.tell = nil
	}
	c.watches = nil
}

// Cause is with what the context has ended; nil while it has not.
func (c *Context) Cause() error {
	if !c.over.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// Deadline implements context.Context.
func (c *Context) Deadline() (at time.Time, ok bool) { return time.Time{}, false }

// Value implements context.Context.
func (c *Context) Value(any) any { return nil }

// Err implements context.Context. Like Cause, it tells of an end when that is done:
// not before what Done returned is closed.
func (c *Context) Err() error {
	if c.Cause() == nil {
		return nil
	}
	return context.Canceled
}

// Done implements context.Context.
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.cause != nil {
			close(c.done)
		}
	}
	return c.done
}

// AfterFunc is context.AfterFunc for c, which that finds, too.
func (c *Context) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &c.first
	if w.of != nil { // taken before: somebody may still have its stop
		w = new(watch)
	}
	w.of = c
	if c.cause != nil {
		go f()
		return w.stop
	}
	w.tell, w.next = f, c.watches
	c.watches = w
	return w.stop
}

// stop takes the watch out, and reports whether it kept it from being told.
func (w *watch) stop() bool {
	c := w.of
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.tell == nil {
		return false
	}
	w.tell = nil
	for at := &c.watches; *at != nil; at = &(*at).next {
		if *at == w {
			*at = w.next
			break
		}
	}
	return true
}

// AfterFunc is context.AfterFunc, at the price of the context's own where it has one.
func AfterFunc(ctx context.Context, f func()) (stop func() bool) {
	if own, ok := ctx.(interface{ AfterFunc(func()) func() bool }); ok {
		return own.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}
