package wire

import (
	"errors"
	"net"
	"time"
)

// errHalf says that a connection has no writing side of its own.
var errHalf = errors.ErrUnsupported

// answer answers the request that is the first n bytes of the inbox, and reports
// whether it did and the connection goes on. Otherwise it leaves a Task, or an outcome:
// the clerk does not answer, and nothing has happened, or the connection is over.
func (c *conn) answer(d *desk, n int) bool {
	if !c.life.begin() {
		c.outcome = over
		return false
	}
	now := c.by.o.Now()
	var head []byte
	var body [][]byte
	// Shutdown sets shut before it looks who is answering: one of us sees the
	// other.
	ok := !c.by.shut.Load()
	if ok {
		head, body, ok = d.clerk.Answer(d.out[:0], now)
		if !ok {
			c.task = d.clerk.Take()
		}
	}
	if c.task != nil {
		c.inbox.skip(n)
		return false // visit goes on from answering
	}
	if !ok {
		c.outcome = aRequest
		c.ended(lent)
		return false
	}
	sent, err := c.send(d, head, body, now)
	ofHead := min(sent, int64(len(head)))
	now = c.by.o.Now()
	d.clerk.Sent(ofHead, sent-ofHead, now)
	c.inbox.skip(n)
	c.deadlines.answered(now)
	if err != nil {
		return c.ended(gone) // net/http must not say anything after half an answer
	}
	return c.ended(resting)
}

// ended goes on from answering, or leaves the outcome that the connection is over, if
// next is gone or if somebody wanted that meanwhile. It reports whether it goes on.
func (c *conn) ended(next uint32) bool {
	if c.life.end(next) && next != gone {
		return true
	}
	c.outcome = over
	return false
}

// joinBytes is up to what size head and body are joined for one write. Above it
// copying costs more than writing in parts.
const joinBytes = 16 << 10

// send writes an answer, and returns how many bytes were written.
func (c *conn) send(d *desk, head []byte, body [][]byte, now time.Duration) (sent int64, err error) {
	size := len(head)
	for _, part := range body {
		size += len(part)
	}
	d.out = head
	if size > joinBytes {
		return c.sendParts(d, head, body, now)
	}
	for _, part := range body {
		d.out = append(d.out, part...)
	}
	c.deadlines.write(c.Conn, &c.by.o, now, size)
	n, err := c.write(d.out)
	return int64(n), err
}

// sendParts writes with writev, a piece at a time, each under a deadline.
func (c *conn) sendParts(d *desk, head []byte, body [][]byte, now time.Duration) (sent int64, err error) {
	d.parts.next, d.parts.rest = head, body
	for n := d.parts.cut(); n > 0 && err == nil; n = d.parts.cut() {
		if sent > 0 {
			now = c.by.o.Now()
		}
		c.deadlines.write(c.Conn, &c.by.o, now, n)
		var written int64
		written, err = d.parts.piece.WriteTo(c.Conn)
		sent += written
	}
	d.parts.clear()
	return sent, err
}

const (
	// pieceBytes is what is written at once: of less the kernel makes more work, by
	// a quarter at 64 KiB; more would mean more time for who reads nothing.
	pieceBytes = 256 << 10
	// pieceParts bounds the parts of a piece.
	pieceParts = 32
)

// parts cuts an answer into pieces. What is written is not copied.
type parts struct {
	next  []byte // the rest of the part that was cut last
	rest  [][]byte
	piece net.Buffers
	room  [pieceParts][]byte
}

// cut makes the next piece and returns its size, 0 for none.
func (p *parts) cut() (size int) {
	p.piece = p.room[:0]
	left := pieceBytes
	for left > 0 && len(p.piece) < pieceParts {
		if len(p.next) == 0 {
			if len(p.rest) == 0 {
				break
			}
			p.next, p.rest = p.rest[0], p.rest[1:]
			continue
		}
		n := min(left, len(p.next))
		p.piece = append(p.piece, p.next[:n])
		p.next = p.next[n:]
		left -= n
	}
	return pieceBytes - left
}

// clear lets go of what was written.
func (p *parts) clear() { *p = parts{} }
