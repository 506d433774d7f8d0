package h2

import (
	"crypto/tls"
	"errors"
	"math"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2/hpack"

	"edge/internal/request"
)

// conn is a connection as net/http has it. net/http reads on one goroutine at a time,
// and writes on another; what is not of outgoing, or atomic, belongs to who reads.
type conn struct {
	net.Conn
	by    *Answerer
	state *tls.ConnectionState // nil without TLS
	from  request.Conn

	in      inbox
	started bool // the preface has come
	greeted bool // and SETTINGS
	// forward is what net/http is to read next; behind that, through bytes of the client's
	// that are not looked at.
	forward []byte
	through int

	block       block // that came last, or is coming
	decoder     *hpack.Decoder
	forwardedAt time.Duration // when net/http was last given a request
	seen, lent  atomic.Uint32 // the last stream there was, and the last that net/http was given
	// streamWindow is what the client takes of an answer before it says more; tableSize is
	// what it allows the table of HPACK to be.
	streamWindow int64
	tableSize    uint32
	// barred: net/http has to say something in its next header block, so none of ours may
	// come before.
	barred bool

	window window
	out    outgoing

	working sync.Mutex // while frames are worked on; see Close
}

// inboxBytes is what is read at once, and what an idle connection keeps.
const inboxBytes = 4 << 10

// forwardMost is about how much is kept for net/http while more frames are looked at.
const forwardMost = 16 << 10

var errPanic = errors.New("edge: internal error: a panic while a request of HTTP/2 was answered")

func newConn(by *Answerer, nc net.Conn) *conn {
	c := &conn{Conn: nc, by: by, from: request.Conn{HTTP2: true}}
	if secured, ok := nc.(*tls.Conn); ok {
		state := secured.ConnectionState()
		c.state, c.from.TLS = &state, true
	}
	if at := nc.RemoteAddr(); at != nil {
		c.from.Peer = at.String()
	}
	c.streamWindow, c.tableSize = initialWindow, tableBytes
	c.window.init()
	c.out.to, c.out.window, c.out.lent, c.out.seen = nc, &c.window, &c.lent, &c.seen
	c.decoder = hpack.NewDecoder(tableBytes, c.field)
	c.decoder.SetMaxStringLength(by.listBytes())
	return c
}

// begun is a connection whose preface net/http has got already.
func (c *conn) begun() *conn {
	c.started = true
	return c
}

// Write implements net.Conn, for net/http.
func (c *conn) Write(p []byte) (int, error) { return c.out.write(p) }

// Read implements net.Conn, for net/http: it gets the frames that are for it.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.forward) == 0 && c.through == 0 {
		if err := c.work(); err != nil {
			return 0, err
		}
		if len(c.forward) > 0 || c.through > 0 {
			break
		}
		if err := c.in.fill(c.Conn); err != nil && !c.woken(err) {
			return 0, err
		}
	}
	return c.handOn(p)
}

// handOn gives net/http what is for it.
func (c *conn) handOn(p []byte) (n int, err error) {
	if len(c.forward) > 0 {
		n = copy(p, c.forward)
		if c.forward = c.forward[n:]; len(c.forward) == 0 {
			c.forward = nil
		}
		return n, nil
	}
	p = p[:min(len(p), c.through)]
	if n = c.in.take(p); n == 0 {
		n, err = c.Conn.Read(p)
	}
	if n > 0 {
		c.through -= n
		return n, nil // an error comes again
	}
	if err != nil && c.woken(err) {
		return c.handOn(p)
	}
	return 0, err
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// woken reports whether a read has ended because outgoing is short of window, and lets
// reading go on. In HTTP/2 net/http itself sets no deadline for reads after the preface.
func (c *conn) woken(err error) bool {
	return c.started && errors.Is(err, os.ErrDeadlineExceeded) && c.Conn.SetReadDeadline(time.Time{}) == nil
}

// work does what can be done with what has come.
func (c *conn) work() (err error) {
	c.working.Lock()
	defer c.working.Unlock()
	if c.by.o.Panicked != nil {
		defer c.rescue(&err)
	}
	if c.started && c.out.short.Swap(false) {
		if n := c.window.yield(); n > 0 {
			c.forward = appendWindowUpdate(c.forward, n)
		}
	}
	d := c.by.desks.Get().(*desk)
	d.out = d.out[:0]
	for c.frame(d) {
		if len(d.out) >= outMost {
			if err = c.flush(d); err != nil {
				return err
			}
		}
	}
	err = c.flush(d)
	c.by.desks.Put(d)
	return err
}

// rescue keeps a panic to the connection: nobody else does on the goroutine that reads.
func (c *conn) rescue(err *error) {
	if reason := recover(); reason != nil {
		c.by.o.Panicked(reason)
		*err = errPanic
	}
}

// outMost is about how much is written at once: what a record of TLS takes.
const outMost = 16 << 10

// flush sends what there is for the client.
func (c *conn) flush(d *desk) error {
	if len(d.out) == 0 {
		return nil
	}
	err := c.out.send(d.out)
	d.out = d.out[:0]
	return err
}

// Close implements net.Conn. When it returns, no Clerk is at work for the connection.
func (c *conn) Close() error {
	err := c.Conn.Close() // who is writing sees it
	c.working.Lock()
	defer c.working.Unlock()
	return err
}

// leave hands everything on from now on, as it is: net/http is about to end the
// connection.
func (c *conn) leave() { c.through = math.MaxInt }

// inbox holds what the client has sent and nobody has taken.
type inbox struct {
	buf        []byte
	begin, end int
}

func (b *inbox) bytes() []byte { return b.buf[b.begin:b.end] }

// skip drops n bytes.
func (b *inbox) skip(n int) {
	if b.begin += n; b.begin == b.end {
		b.begin, b.end = 0, 0
	}
}

// take moves bytes to p.
func (b *inbox) take(p []byte) int {
	n := copy(p, b.bytes())
	b.skip(n)
	return n
}

// want sees to it that n bytes have room, counted from the first there is.
func (b *inbox) want(n int) {
	if b.begin+n <= len(b.buf) {
		return
	}
	buf := b.buf
	if n > len(buf) {
		buf = make([]byte, n)
	}
	b.begin, b.end = 0, copy(buf, b.bytes())
	b.buf = buf
}

// fill reads once.
func (b *inbox) fill(from net.Conn) error {
	if b.begin == b.end && len(b.buf) != inboxBytes {
		b.buf = make([]byte, inboxBytes) // at first, and when a large frame is through
	}
	b.want(b.end - b.begin + 1)
	n, err := from.Read(b.buf[b.end:])
	b.end += n
	if n > 0 {
		return nil // an error comes again
	}
	return err
}
