package proxy

import (
	"context"
	"net/http/httptrace"
	"net/textproto"
	"sync"

	"edge/internal/lifespan"
	"edge/internal/policy"
)

// interim hands informational responses to a fetch on to the client who began it,
// while it waits for the head: a proxy must (RFC 9110 section 15.2). They are of
// one moment: who joins later, and who is answered from the store, gets none.
//
// The origin's connection never waits for the client. What comes is written by a
// goroutine that end waits for, and what comes faster than it is written is dropped.
//
// The zero interim is for nobody.
type interim struct {
	to  *writer
	ctx traced // of the request

	mu      sync.Mutex // protects all below
	over    bool       // the head is there: nothing more may be written before it
	writing bool       // the goroutine runs
	queue   []informational
	done    sync.WaitGroup
}

// informational is the head of a 1xx: what writer lets through of it.
type informational struct {
	status int
	links  []string
}

// interimMost bounds the queue.
const interimMost = 8

// trace makes a request with the context it returns tell of its informational
// responses.
func (i *interim) trace(ctx context.Context) context.Context {
	if i.to == nil {
		return ctx
	}
	i.ctx.Context, i.ctx.hooks.Got1xxResponse = ctx, i.got
	return &i.ctx
}

// traced is what httptrace.WithClientTrace returns, in memory of its owner's, and as
// cheap to watch as what it is made of.
type traced struct {
	context.Context
	hooks httptrace.ClientTrace
}

// anyTrace has a trace, and so tells by what key one is asked for.
var anyTrace = httptrace.WithClientTrace(context.Background(), new(httptrace.ClientTrace))

// Value implements context.Context.
func (t *traced) Value(key any) any {
	if anyTrace.Value(key) != nil {
		return &t.hooks
	}
	return t.Context.Value(key)
}

// AfterFunc is what lifespan.AfterFunc calls.
func (t *traced) AfterFunc(f func()) (stop func() bool) { return lifespan.AfterFunc(t.Context, f) }

// got is called by the transport.
func (i *interim) got(status int, h textproto.MIMEHeader) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.over || len(i.queue) == interimMost {
		return nil
	}
	i.queue = append(i.queue, informational{status, h["Link"]})
	if !i.writing {
		i.writing = true
		i.done.Go(i.write)
	}
	return nil
}

// write writes until nothing is left.
func (i *interim) write() {
	for {
		i.mu.Lock()
		if len(i.queue) == 0 {
			i.writing = false
			i.mu.Unlock()
			return
		}
		next := i.queue[0]
		i.queue = i.queue[1:]
		i.mu.Unlock()
		h := i.to.Header()
		if next.links != nil {
			h["Link"] = next.links
		}
		i.to.WriteHeader(next.status)
		delete(h, "Link")
	}
}

// end returns when what has come is written and nothing more will be: the writer is
// the caller's again.
func (i *interim) end() {
	if i.to == nil {
		return
	}
	i.mu.Lock()
	i.over = true
	i.mu.Unlock()
	i.done.Wait()
}

// informs reports whether the client may get informational responses. HTTP/1.0 has
// none, and where a policy is enforced an origin tells clients nothing before its
// answer was judged.
func (x *exchange) informs() bool {
	mode := x.plan.Route.Mode
	return (mode == policy.ForceDynamic || mode == policy.Auto) && !x.view.HTTP10
}
