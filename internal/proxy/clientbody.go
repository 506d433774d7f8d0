package proxy

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// clientBody is the body of a request that passes. It remembers how reading it
// failed, so that this is not taken for a failure of the origin: the transport
// may still read it when there is an answer already. And it gives the client only
// so long for each part, and twice as long for each piece of 64 KiB: an upload
// that stands still, or hardly moves, would otherwise keep a connection to the
// origin for ever. A nil *clientBody is no body.
type clientBody struct {
	io.ReadCloser
	err atomic.Pointer[error]

	idle time.Duration // 0 for no limit
	// begun is when the piece was that is being read, and got what there is of it.
	// They are the reader's alone.
	begun time.Time
	got   int
	// deadline sets that of reading from the client.
	deadline func(time.Time) error

	mu   sync.Mutex // guards free, and the deadline against being set after it
	free bool       // an answer has come: there is no limit any more
}

// newClientBody returns the body for the origin of the exchange's route, whose
// idle timeout the client gets as well.
func (x *exchange) newClientBody(body io.ReadCloser) *clientBody {
	return &clientBody{
		ReadCloser: body,
		idle:       x.live.policy.Settings.Origins[x.plan.Route.Origin].Idle,
		deadline:   http.NewResponseController(x.w.ResponseWriter).SetReadDeadline,
	}
}

// Read implements io.Reader. The error of a client that stands still is
// os.ErrDeadlineExceeded.
func (b *clientBody) Read(p []byte) (int, error) {
	b.limit(b.left())
	n, err := b.ReadCloser.Read(p)
	b.got += n
	switch {
	case err == io.EOF:
		// net/http reads on behind a whole body, to see whether the client leaves.
		b.limit(0)
	case err != nil:
		// A deadline that was missed stays: net/http would wait for the rest.
		b.err.Store(&err)
	}
	return n, err
}

// left is what the client has for the next part.
func (b *clientBody) left() time.Duration {
	now := time.Now()
	if b.begun.IsZero() || b.got >= piece {
		b.begun, b.got = now, 0
	}
	// At least the shortest limit: 0 is none.
	return min(b.idle, max(1, b.begun.Add(2*b.idle).Sub(now)))
}

// limit gives the client idle from now on; 0 is no limit.
func (b *clientBody) limit(idle time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.idle > 0 && !b.free {
		b.set(idle)
	}
}

// set is limit, under mu.
func (b *clientBody) set(idle time.Duration) {
	var at time.Time
	if idle > 0 {
		at = time.Now().Add(idle)
	}
	_ = b.deadline(at) // a connection without deadlines has none to miss
}

// unbound lifts the limit: from the head of the answer on, client and origin may
// talk in turns of their own, and the answer's idle timeout watches over both.
func (b *clientBody) unbound() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.idle > 0 && !b.free {
		b.set(0)
	}
	b.free = true
}

// failure is how reading has failed so far; nil if it has not.
func (b *clientBody) failure() error {
	if b == nil {
		return nil
	}
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}
