package wire

import (
	"context"
	"net/http"
	"sync"
	"time"

	"edge/internal/lifespan"
)

// Task is a request that is served on its connection, as an http.Handler would: it
// may take long, and wait for others. It holds nothing of its Clerk's.
type Task interface {
	// Serve answers. ctx ends when the client leaves, as far as that shows within
	// some moments, or when Shutdown breaks the answer off. The head of w is not
	// changed after WriteHeader, and w has no trailers. A panic with
	// http.ErrAbortHandler breaks the answer off and closes the connection.
	Serve(ctx context.Context, w http.ResponseWriter)
}

// visit is a Task at work on a connection.
//
// Most end within a moment. Only of one that takes longer somebody asks whether its
// client has left: the source, when the Task has taken twice as long as when it was asked
// last. One that cannot tell is read from until the Task ends. net/http begins to read
// with each request, which costs a tenth of a miss.
type visit struct {
	reply *reply
	ctx   *lifespan.Context // of the Task, which may leave it to others
	hear  *time.Timer       // calls listen
	heard chan struct{}     // gets a token from listen, unless that is to be called again
	peek  [512]byte         // what a source without a desk reads into

	mu    sync.Mutex    // guards what follows
	conn  *conn         // nil when the Task has ended
	after time.Duration // how long hear has waited last
	read  bool          // listen reads, or did
}

const (
	// patience is how long a Task takes before somebody asks for its client.
	patience = 20 * time.Millisecond
	// mostPatience is after what time at most somebody asks again.
	mostPatience = 500 * time.Millisecond
)

func newVisit() *visit {
	v := &visit{reply: newReply(), heard: make(chan struct{}, 1)}
	v.hear = time.AfterFunc(time.Hour, v.listen)
	v.hear.Stop()
	return v
}

// visit has the task of a request served whose bytes were taken from the inbox. It
// reports whether the connection goes on; otherwise it is closed.
func (c *conn) visit(task Task) bool {
	c.inbox.put()
	if !c.by.o.Enter() {
		return c.ended(gone)
	}
	defer c.by.o.Leave()
	c.framing.turn = served
	v := c.by.visits.Get().(*visit)
	goesOn := v.serve(c, task)
	c.by.visits.Put(v)
	c.framing.turn = nothing
	c.deadlines.answered(c.by.o.Now())
	if !goesOn {
		return c.ended(gone)
	}
	return c.ended(resting)
}

// serve runs the task and reports whether the connection may have another request.
func (v *visit) serve(c *conn, task Task) (goesOn bool) {
	ctx := v.start(c)
	defer func() {
		broken := recover()
		v.end(c)
		if broken == http.ErrAbortHandler {
			v.reply.breakOff()
			broken = nil
		}
		v.reply.reset()
		if broken != nil {
			panic(broken) // net/http tells of it
		}
	}()
	task.Serve(ctx, v.reply)
	return v.reply.finish()
}

// start begins a visit of c, and returns the context of its Task.
func (v *visit) start(c *conn) context.Context {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ctx, v.conn, v.read = new(lifespan.Context), c, false
	v.reply.to = (*outlet)(c)
	v.after = patience
	v.hear.Reset(v.after)
	c.visited.Store(v)
	return v.ctx
}

// breakOff ends the context of the Task on c, if it is still at work there.
func (v *visit) breakOff(c *conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn == c {
		v.ctx.End(nil)
	}
}

// listen ends the context when the client has left. hear calls it, on a goroutine of its
// own.
func (v *visit) listen() {
	if v.ask() {
		return
	}
	defer func() { v.heard <- struct{}{} }()
	c := v.listens()
	if c == nil {
		return
	}
	// What comes instead is kept, as far as there is room: the next requests.
	if err := c.source.fill(v.peek[:]); err != nil {
		v.breakOff(c)
	}
}

// ask asks the source for the client, and reports whether listen will be called again. It
// will not when the Task has ended, or the source cannot tell.
func (v *visit) ask() (again bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn == nil {
		return false
	}
	gone, known := v.conn.source.left()
	if !known {
		return false
	}
	if gone {
		v.ctx.End(nil)
	}
	v.after = min(2*v.after, mostPatience)
	v.hear.Reset(v.after)
	return true
}

// listens lifts the deadline of the wait for the request, and returns the connection;
// nil if the Task has ended.
func (v *visit) listens() *conn {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn != nil {
		v.read = true
		_ = v.conn.Conn.SetReadDeadline(time.Time{}) // it fails when reading will
	}
	return v.conn
}

// end ends a visit of c: when it returns, nobody reads from the connection.
func (v *visit) end(c *conn) {
	v.mu.Lock()
	v.ctx.End(nil)
	v.ctx, v.conn = nil, nil
	c.visited.Store(nil)
	if v.read {
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0)) // as above
	}
	v.mu.Unlock()
	if v.hear.Stop() {
		return
	}
	<-v.heard
	if v.read {
		_ = c.Conn.SetReadDeadline(time.Time{}) // as above
		c.deadlines.lifted()
	}
}
