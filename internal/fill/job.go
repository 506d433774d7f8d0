package fill

import (
	"context"

	"edge/internal/cache"
)

// Job is one fetch, as the caller describes it.
type Job struct {
	Key string
	// Born is the generation before the fetch: taken by the caller before
	// anything else of the fetch happens.
	Born cache.Generation
	// Labels known before the response: everything but the origin's tags.
	Labels cache.Labels
	// MaxObject bounds a stored body.
	MaxObject int64
	// Run performs the fetch. It is called once, on the flight's goroutine or on
	// that of Land (Here), with a context that ends with the flight, not with any
	// request. It calls
	// f.Decide and f.Respond when the head arrives, f.Write for the body and
	// f.End at its end; or f.Serve, f.Confirm or f.Fail instead. Run must return
	// when ctx ends. A panic of Run is a failure of the flight, never of the
	// process.
	Run func(ctx context.Context, f *Flight)
	// Here: Run is called by the Land of the reader who leads, which saves waking a
	// goroutine, waiting for it, and being woken. Run must then leave to f.Later
	// whatever waits when the head is told. It means nothing to Refresh.
	Here bool
	// Solo: nobody may join (a mark says that collapsing is pointless).
	Solo bool
	// Vary are the request fields that select among the responses for Key, as
	// far as the caller knows (from Memory.Lookup, or Landing.Vary): flights for
	// other values of them are not joined. It is a guess, and may be nil; what the
	// head says counts more.
	Vary []string
	// Select returns the selector of the fetch among responses that vary
	// (rfc9111.AppendSelector). It is called before Join and Refresh return, and
	// not later, with a lock held: it must not wait. Nil: flights for the key are not told apart by variant.
	Select func(vary []string) []byte
	// Broken, if not nil, is handed what came of a body of announced length that
	// was to be stored and broke off: an object but for the rest of its body, with
	// the names that select it. It is called on the flight's goroutine, while the
	// flight can still be found.
	Broken func(o *cache.Object, vary []string, length int64)
	// Stale is the object that this fetch validates or replaces; may be nil.
	// With one, a failure of the origin is remembered: see Flights.Failing.
	Stale *cache.Object
	// Stored is called on the flight's goroutine with the object that was made of a
	// complete response, after it was stored; vary are the names that select it. Nil
	// for nobody.
	Stored func(o *cache.Object, vary []string)
}

// route is the pattern of the route that the fetch is for; empty when nobody has said.
func (j *Job) route() string {
	if j.Labels.Place == nil {
		return ""
	}
	return j.Labels.Route
}
