package fill

import (
	"context"
	"io"
	"net/http"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// Options configure Flights. Zero fields mean their defaults.
type Options struct {
	// Memory is where complete objects go. Required.
	Memory *cache.Memory
	// Now is the process's monotonic clock. Required.
	Now func() rfc9111.Instant
	// Budget bounds the body bytes of all flights together. Default 256 MiB.
	// A flight that would go beyond streams in a window and is not stored.
	Budget int64
	// Window is how far the fastest reader of a flight that is not stored may
	// be ahead of the slowest. Default 1 MiB.
	Window int64
	// MinRate is the bytes per second below which a reader is aborted when it
	// holds up others. Default 16 KiB/s.
	MinRate int64
	// Deadline bounds a flight. Default 10 minutes.
	Deadline time.Duration
	// Refreshes bounds refreshes at one time. Default 64.
	Refreshes int
	// RefreshInterval is the least time between refreshes of one key; it
	// doubles with each failure up to 64 times. Default 1 s.
	RefreshInterval time.Duration
	// Hooks observe; see there.
	Hooks Hooks
}

// Hooks are called for events; any may be nil. They must not block.
type Hooks struct {
	Started   func()                  // a flight began
	Collapsed func()                  // a request joined one
	Refreshed func(ok bool)           // a refresh ended
	Landed    func(Outcome)           // a flight ended
	Aborted   func(reason SlowReader) // a reader was cut off
}

// SlowReader is why a reader was cut off.
type SlowReader string

const SlowReaderHeldUpOthers SlowReader = "slow-reader"

// Outcome is how a flight ended.
type Outcome struct {
	Stored bool
	Reason rfc9111.Reason
	Bytes  int64
}

// Job is one fetch, as the caller describes it.
type Job struct {
	// Key is copied.
	Key []byte
	// Born is the generation before the fetch: taken by the caller before
	// anything else of the fetch happens.
	Born cache.Generation
	// Labels known before the response: everything but the origin's tags.
	Labels cache.Labels
	// MaxObject bounds a stored body.
	MaxObject int64
	// Run performs the fetch. It is called once, on the flight's goroutine,
	// with a context that ends with the flight, not with any request. It calls
	// f.Decide when the head arrives and then uses f as the ResponseWriter of an
	// httputil.ReverseProxy; the body's end is told by f.End. Run must return
	// when ctx ends. A panic of Run is a failure of the flight, never of the
	// process.
	Run func(ctx context.Context, f *Flight)
	// Solo: nobody may join (a mark says that collapsing is pointless).
	Solo bool
	// Stale is the object that this fetch validates or replaces; may be nil.
	Stale *cache.Object
}

// Flights are all fetches of a node. All methods are safe for concurrent use.
type Flights struct{}

// New returns Flights ready to use.
func New(o Options) *Flights { panic("contract") }

// Join returns a reader of the flight for job.Key, starting one if there is
// none (lead is true). The caller must Close the reader.
//
// A flight is joined only while it may still be shared with one who comes now:
// before its head, or after it when Share is ShareAll; and never when a purge
// of the key's path, host, route or all has happened since it was born. Tags
// are known only at the head: a reader that joined a flight born before its
// own generation is told Superseded then, if one of them was purged.
//
// The caller must look the key up again when lead is true and before the
// origin is asked:
//
//  1. A looks up k: miss
//  2. B looks up k: miss
//  3. A joins k as leader, fetches, stores and lands
//  4. B joins k: A's flight is gone, so B leads too
//
// Without the second look-up B would fetch what A has just stored. job.Run
// does it, through the Again hook of proxy, and ends the flight with Serve.
func (fs *Flights) Join(job Job, gen cache.Generation) (r *Reader, lead bool) { panic("contract") }

// Refresh starts a flight for job that nobody reads, unless one for the key is
// under way, the key was refreshed too short a time ago, or too many refreshes
// are. It reports whether it started one.
func (fs *Flights) Refresh(job Job) bool { panic("contract") }

// Close ends all flights and waits for their goroutines.
func (fs *Flights) Close() { panic("contract") }

// InFlight returns the number of flights, and the body bytes they hold.
func (fs *Flights) InFlight() (flights int, bytes int64) { panic("contract") }

// Flight is one fetch, as Run sees it. It is an http.ResponseWriter for one
// httputil.ReverseProxy: 1xx are ignored, trailers are dropped.
type Flight struct{}

var _ http.ResponseWriter = (*Flight)(nil)

// Decide hands in the decision about the response. It must be called before
// WriteHeader, from the RoundTripper, with the head as received; labels are
// complete now. A response too large by its Content-Length is not stored, and
// everybody but the leader is released at once.
func (f *Flight) Decide(a rfc9111.Admission, labels cache.Labels, selector []byte, selecting http.Header, length int64) {
	panic("contract")
}

// Serve ends the flight with an object: a 304 has freshened it, or a second
// look-up has found one.
func (f *Flight) Serve(o *cache.Object) { panic("contract") }

// Fail ends the flight without a response. err is for the log.
func (f *Flight) Fail(reason rfc9111.Reason, err error) { panic("contract") }

// End tells how the body ended: nil after a framed end (all bytes of
// Content-Length, the last chunk, END_STREAM), an error otherwise. Only a
// flight that was told nil is stored: "ServeHTTP returned" says nothing.
func (f *Flight) End(err error) { panic("contract") }

// Header, Write, WriteHeader and Flush implement http.ResponseWriter.
func (f *Flight) Header() http.Header         { panic("contract") }
func (f *Flight) WriteHeader(status int)      { panic("contract") }
func (f *Flight) Write(p []byte) (int, error) { panic("contract") }
func (f *Flight) Flush()                      {}

// Kind is how a flight ended for one reader. The list is closed.
type Kind uint8

const (
	// Failed: there is no response. Reason and Err say why.
	Failed Kind = iota
	// Streaming: Status and Header are there, the body is read with Copy.
	Streaming
	// Object: answer with Landing.Object (validated, or found by a second
	// look-up).
	Object
	// OtherVariant: what came is for other request fields: look again.
	OtherVariant
	// Superseded: purged since the flight began: look again.
	Superseded
	// NotStorable: for the leader alone: fetch on your own.
	NotStorable
	// TooLarge: beyond max_object: pass.
	TooLarge
	// TimedOut: the wait is over: fetch on your own.
	TimedOut

	NumKinds
)

// Landing is what a reader learns when the head is decided.
type Landing struct {
	Kind   Kind
	Reason rfc9111.Reason
	Err    error
	// Status, Header and Admission are set when Streaming. Header is shared:
	// not to be changed.
	Status    int
	Header    http.Header
	Length    int64 // -1 when unknown
	Admission rfc9111.Admission
	Object    *cache.Object
	// Collapsed is true for everybody but the one who started the flight.
	Collapsed bool
}

// Reader is one request's part in a flight.
type Reader struct{}

// Land waits until the flight has something to say to this reader, at most
// wait (0: without limit), or until ctx ends (Failed with ClientGone). match
// reports whether the selector of a response, by its Vary, is the reader's own;
// it is asked once, only of followers, only when there is a Vary.
func (r *Reader) Land(ctx context.Context, wait time.Duration, match func(vary []string, selector []byte) bool) Landing {
	panic("contract")
}

// Copy writes the body to w as it arrives. It returns nil only after the whole
// body was written and the origin had ended it properly. Any error means that
// the answer must be broken off, never ended cleanly.
func (r *Reader) Copy(ctx context.Context, w io.Writer, flush func() error) (int64, error) {
	panic("contract")
}

// Close gives up the reader's part. A flight that cannot be stored and that
// nobody reads any more is cancelled; one that can be is finished.
func (r *Reader) Close() { panic("contract") }
