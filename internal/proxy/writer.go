package proxy

import (
	"errors"
	"net/http"
	"time"

	"edge/internal/wire"
)

// writer is the client's ResponseWriter with what the record needs: the status
// and the bytes. Informational responses pass where the exchange informs, with no
// field but the Link of 103: an origin must not set cookies before the policy has
// seen the head.
type writer struct {
	http.ResponseWriter
	status  int
	bytes   int64
	informs bool // 1xx may pass
	eager   bool // what is written goes on at once: a slow download moves
	waits   bool // the body may keep us waiting between two writes
	http2   bool
	timed   bool // there is a write deadline
	stall   time.Duration
	body    *clientBody // of the request; nil for none
	last    bool        // the connection ends with the answer, see lastOf
	headed  bool        // net/http has written the head
}

// A client has Options.Stall to take each piece of an answer beyond the first: about 2
// KiB/s. Whoever reads nothing would otherwise keep a body in memory that the
// store has long let go of, and the connection of an origin that waits for it.
// What is smaller than a piece costs no deadline: who does not take that holds up
// a write to the connection, and is found there.
//
// In HTTP/2 no write to the connection is held up: the client gives its stream no
// window. There every write that does not end in net/http's buffer is timed, and
// the end of the answer, which net/http sends on after us. A deadline is a timer
// there, and breaks the stream off even while nobody writes.
const (
	piece        = 64 << 10
	defaultStall = 30 * time.Second
	httpBuffer   = 4 << 10
)

func (w *writer) reset(to http.ResponseWriter, http2 bool, stall time.Duration) {
	*w = writer{ResponseWriter: to, http2: http2, stall: stall}
}

// free is how many bytes are written without a deadline.
func (w *writer) free() int64 {
	if w.http2 {
		return httpBuffer
	}
	return piece
}

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		w.early(status)
		return
	}
	if w.status == 0 {
		w.begin(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// begin notes the final status before the head is written. What has no type keeps
// none: net/http would guess one from the first bytes, and a guess that says
// text/html is believed by browsers that the origin's nosniff keeps from guessing.
func (w *writer) begin(status int) {
	w.status = status
	if h := w.Header(); h["Content-Type"] == nil {
		h["Content-Type"] = nil
	}
	w.awaitBody()
}

// awaitBody bounds what net/http may wait for the rest of the request's body
// before it writes the head. On a connection that ends with the answer it does
// not wait. What may not be one request is the last on its connection.
func (w *writer) awaitBody() {
	if w.http2 {
		return
	}
	if w.body.early() || w.body.doubtful() || w.last {
		w.Header()["Connection"] = []string{"close"}
	}
	w.body.await()
}

// lastOf reports whether the connection must end with the answer to r, because r may
// have a body that net/http does not tell of: in HTTP/1.0 that passes over
// Transfer-Encoding, and would run the body as the next request (RFC 9112, section 6.1).
// What wire has read has none; without keep-alive the connection ends anyway.
func lastOf(r *http.Request) bool {
	return r.ProtoMajor == 1 && r.ProtoMinor == 0 && !r.Close && !wire.Watched(r.Context())
}

// wrote notes that net/http has written the head, and so waits no more for now:
// the limit must not end an answer that takes longer.
func (w *writer) wrote() {
	if !w.http2 && !w.headed {
		w.headed = true
		w.body.unbound()
	}
}

func (w *writer) early(status int) {
	if !w.informs || status == http.StatusContinue { // which is between us and the client
		return
	}
	h := w.Header()
	for name := range h {
		if name != "Link" || status != http.StatusEarlyHints {
			delete(h, name)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	for n := 0; ; {
		part := p[n:min(n+piece, len(p))]
		if w.bytes+int64(len(part)) > w.free() {
			w.limit(time.Now().Add(w.stall))
		}
		k, err := w.ResponseWriter.Write(part)
		if w.bytes += int64(k); w.bytes > httpBuffer {
			w.wrote()
		}
		if n += k; err != nil || n == len(p) {
			if w.eager && err == nil {
				err = w.flush()
			}
			w.rest()
			return n, err
		}
	}
}

// limit sets the write deadline. A writer that has none needs none.
func (w *writer) limit(at time.Time) {
	w.timed = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(at) == nil
}

// rest takes the deadline off a stream that may have nothing to write for a
// while.
func (w *writer) rest() {
	if w.http2 && w.waits && w.timed {
		w.limit(time.Time{})
	}
}

// end takes the deadline off the connection, which may have another request. A
// stream has none, and net/http may still have to send on what it has.
func (w *writer) end() {
	switch {
	case w.http2 && w.status != 0:
		w.limit(time.Now().Add(w.stall))
	case w.timed:
		w.limit(time.Time{})
	}
}

// Unwrap gives http.ResponseController what is behind: Flush, Hijack, deadlines.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// flush sends on what is buffered. A writer that has no buffer needs none.
func (w *writer) flush() error {
	if w.http2 {
		w.limit(time.Now().Add(w.stall))
		defer w.rest()
	}
	err := http.NewResponseController(w.ResponseWriter).Flush()
	w.wrote()
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
