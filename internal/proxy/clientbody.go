package proxy

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// clientBody is the body of a request. It remembers how reading it
// failed, so that this is not taken for a failure of the origin: the transport
// may still read it when there is an answer already. And it gives the client only
// so long for each part, and twice as long for each piece of 64 KiB: an upload
// that stands still, or hardly moves, would otherwise keep a connection to the
// origin for ever. A nil *clientBody is no body.
//
// What nobody reads is bounded as well. In HTTP/1, net/http reads the rest of a
// body, up to 256 KiB, before it writes the head of an answer, and again when the
// handler has returned; it waits for as long as the client likes. It must not do
// the former while a transport reads: an origin that answers early would break
// its own answer off, for it did not get the whole body.
type clientBody struct {
	io.ReadCloser
	err atomic.Pointer[error]

	idle    time.Duration // 0 for no limit
	rest    time.Duration // for all that nobody wants
	relayed bool          // a transport reads it
	chunked bool          // in HTTP/1

	// turn is taken by who reads, and never given back by drain.
	turn chan struct{}
	// begun is when the piece was that is being read, and got what there is of it;
	// ended says that there is no more. They are the reader's alone.
	begun time.Time
	got   int
	ended bool
	// deadline sets that of reading from the client.
	deadline func(time.Time) error

	mu    sync.Mutex // guards what follows, and the deadline against being set after it
	free  bool       // an answer is under way: reading has no limit any more
	whole bool       // it was read to its end
}

// newClientBody returns the body of a request to w; nil if it has none. The client
// has rest for what nobody wants.
func newClientBody(w http.ResponseWriter, r *http.Request, rest time.Duration) *clientBody {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	return &clientBody{
		ReadCloser: r.Body, rest: rest, chunked: len(r.TransferEncoding) > 0,
		turn: make(chan struct{}, 1), deadline: http.NewResponseController(w).SetReadDeadline,
	}
}

// Read implements io.Reader. The error of a client that stands still is
// os.ErrDeadlineExceeded.
func (b *clientBody) Read(p []byte) (int, error) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	default:
		return 0, http.ErrBodyReadAfterClose
	}
	if b.ended {
		// net/http may have closed it since, for the sake of an answer that came
		// early, and the transport asks once more.
		return 0, io.EOF
	}
	b.limit(b.left())
	n, err := b.ReadCloser.Read(p)
	b.got += n
	switch {
	case err == io.EOF:
		// net/http reads on behind a whole body, to see whether the client leaves.
		b.ended = true
		b.end()
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

// end notes that the body is whole, and lifts the limit.
func (b *clientBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.whole = true; b.idle > 0 && !b.free {
		b.set(0)
	}
}

// await gives the client rest for all that is left. It comes before net/http
// waits for that; if it waits in vain, the connection ends with the answer.
func (b *clientBody) await() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.whole {
		b.set(b.rest)
	}
}

// drainBytes is what is read of a body after its answer, so that a client that
// sends before it reads gets the answer. It is what net/http reads.
const drainBytes = 256 << 10

// drain reads what is left when the answer has ended, which came before all of the
// body. Nobody may read after it: net/http takes the deadline away from a read
// that it finds under way, and then waits for ever.
func (b *clientBody) drain() {
	if b == nil {
		return
	}
	b.unbound() // of reads that come now
	b.await()
	if !b.early() {
		return
	}
	b.turn <- struct{}{} // the transport's last read has ended, or missed the deadline
	if n, _ := io.CopyN(io.Discard, b.ReadCloser, drainBytes); n == drainBytes {
		_ = b.deadline(time.Now()) // it is enough
	}
}

// early reports whether there is an answer before a transport has read all.
func (b *clientBody) early() bool {
	if b == nil || !b.relayed {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.whole
}

// doubtful reports whether there may be two opinions on where the request ends:
// net/http does not tell of a Content-Length beside "Transfer-Encoding: chunked",
// and whoever believed in that has sent more. The connection must end with the
// answer then (RFC 9112, section 6.1).
func (b *clientBody) doubtful() bool { return b != nil && b.chunked }

// unbound lifts the limit: once the head of the answer is out, client and origin
// may talk in turns of their own, and the answer's idle timeout watches over both.
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
