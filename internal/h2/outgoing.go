package h2

import (
	"encoding/binary"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// outgoing is what goes to the client: net/http's frames, and between them ours.
type outgoing struct {
	to     net.Conn
	window *window
	// lent is the last stream that net/http was given, seen the last there was.
	lent, seen *atomic.Uint32

	begun atomic.Bool // net/http has written
	away  atomic.Bool // net/http has said that it takes no more streams
	short atomic.Bool // net/http has used its part of the window, and we not ours

	mu sync.Mutex // guards what follows, and is held while something is written
	// head is what there is of the head of net/http's frame, and rest is how much of its
	// payload is to come. block is true until the last frame of a header block begins.
	head  [headBytes]byte
	have  int
	rest  int
	block bool
	held  []byte // of ours, until net/http's frame is whole
}

// write writes what net/http gives, whole frames or not, and what is held at the first
// place for it: net/http's own buffer seldom ends with a frame while there are more.
func (o *outgoing) write(p []byte) (n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.begun.Store(true)
	p, place := o.follow(p)
	if len(o.held) == 0 || place < 0 {
		return o.to.Write(p)
	}
	if n, err = o.to.Write(p[:place]); err != nil {
		return n, err
	}
	if _, err = o.to.Write(o.held); err != nil {
		return n, err
	}
	o.held = nil
	if place == len(p) {
		return n, nil
	}
	more, err := o.to.Write(p[place:])
	return n + more, err
}

// send writes frames of ours, which it copies if they have to wait.
func (o *outgoing) send(frames []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.between() || len(o.held) > 0 {
		o.held = append(o.held, frames...)
		return nil
	}
	_, err := o.to.Write(frames)
	return err
}

// between reports whether what was written ends with a frame, and with a header block.
func (o *outgoing) between() bool { return o.have == 0 && o.rest == 0 && !o.block }

// follow reads the heads of net/http's frames in p, and returns p, or a copy in which
// GOAWAY says the truth. place is the first in p, or behind it, where frames of ours may
// stand; -1 if there is none.
func (o *outgoing) follow(p []byte) (_ []byte, place int) {
	place = -1
	for at := 0; at < len(p); {
		if place < 0 && o.between() {
			place = at
		}
		if o.rest > 0 {
			n := min(o.rest, len(p)-at)
			o.rest -= n
			at += n
			continue
		}
		n := copy(o.head[o.have:], p[at:])
		at += n
		if o.have += n; o.have < headBytes {
			return p, place
		}
		o.have = 0
		f := parseFrame(o.head[:])
		o.rest = f.size
		switch f.kind {
		case kindData:
			if o.window.spent(f.size) {
				o.short.Store(true)
				_ = o.to.SetReadDeadline(longAgo) // to have conn.woken look; it fails when reading will
			}
		case kindHeaders, kindPushPromise, kindContinuation:
			o.block = !f.has(flagEndHeaders)
		case kindGoAway:
			o.away.Store(true)
			p = o.lastStream(p, at)
		}
	}
	if place < 0 && o.between() {
		place = len(p)
	}
	return p, place
}

// lastStream corrects the last stream in the payload of GOAWAY at p[at:], which tells the
// client what will not be answered and may be asked for elsewhere: net/http does not know
// of the streams that were answered here. It is left as it is when net/http has not yet
// taken all it was given: what it never will has a lower number than what we answered,
// and a client may ask for an answer twice.
func (o *outgoing) lastStream(p []byte, at int) []byte {
	if len(p)-at < 4 {
		return p // net/http writes it in one; and it would do no harm
	}
	last := binary.BigEndian.Uint32(p[at:]) & windowMost
	if seen := o.seen.Load(); last >= o.lent.Load() && last < seen {
		p = slices.Clone(p)
		binary.BigEndian.PutUint32(p[at:], seen)
	}
	return p
}
