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

	mu sync.Mutex // guards what follows, and is held while something is written
	// head is what there is of the head of net/http's frame, and rest is how much of its
	// payload is to come. block is true until the last frame of a header block begins.
	head  [headBytes]byte
	have  int
	rest  int
	block bool
	held  []byte // of ours, until net/http's frame is whole
}

// write writes what net/http gives, whole frames or not.
func (o *outgoing) write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.to.Write(o.follow(p))
	o.begun.Store(true)
	if err == nil && len(o.held) > 0 && o.between() {
		_, err = o.to.Write(o.held)
		o.held = nil
	}
	return n, err
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
// GOAWAY says the truth.
func (o *outgoing) follow(p []byte) []byte {
	for at := 0; at < len(p); {
		if o.rest > 0 {
			n := min(o.rest, len(p)-at)
			o.rest -= n
			at += n
			continue
		}
		n := copy(o.head[o.have:], p[at:])
		at += n
		if o.have += n; o.have < headBytes {
			return p
		}
		o.have = 0
		f := parseFrame(o.head[:])
		o.rest = f.size
		switch f.kind {
		case kindData:
			o.window.spent(f.size)
		case kindHeaders, kindPushPromise, kindContinuation:
			o.block = !f.has(flagEndHeaders)
		case kindGoAway:
			o.away.Store(true)
			p = o.lastStream(p, at)
		}
	}
	return p
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
