package fill

import (
	"net/http"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// Kind is how a flight ended for one reader. The list is closed.
type Kind uint8

const (
	// Failed: there is no response. Reason and Err say why.
	Failed Kind = iota
	// Streaming: Status and Header are there, the body is read with Copy.
	Streaming
	// Object: answer with Landing.Object. The Reason is Validated if the origin
	// has confirmed it, and Fresh if a second look-up has found it.
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

var kindNames = [NumKinds]string{
	"failed", "streaming", "object", "other-variant", "superseded", "not-storable", "too-large", "timed-out",
}

// String returns the kind's word.
func (k Kind) String() string {
	if k < NumKinds {
		return kindNames[k]
	}
	return "unknown"
}

// Landing is what a reader learns when the head is decided.
type Landing struct {
	Kind   Kind
	Reason rfc9111.Reason
	Err    error
	// Status, Header and Admission are set when Streaming. Header is shared:
	// not to be changed. It is what a stored object's Head would hold: without
	// the fields that Admission strips (but with those it omits) and those of one
	// connection, and without
	// Age, which Admission.Meta gives, and Content-Length, which is Length.
	Status int
	Header http.Header
	Length int64 // -1 when unknown
	// Admission is the decision as carried out: its Store is StoreNot, and its
	// Reason says why, when the body is larger than can be kept.
	Admission rfc9111.Admission
	Object    *cache.Object
	// Vary is why it is OtherVariant: the names of the fields that select. Who looks
	// again gives them to Job.
	Vary []string
	// Collapsed is true for everybody but the one who started the flight.
	Collapsed bool
}

// SlowReader is why a reader was cut off.
type SlowReader string

const (
	// SlowReaderHeldUpOthers: it was below MinRate while others waited for it.
	SlowReaderHeldUpOthers SlowReader = "slow-reader"
	// SlowReaderStalled: it was below MinRate for so long, with the fetch
	// waiting for it, that it is taken for gone.
	SlowReaderStalled SlowReader = "stalled-reader"
)

// Outcome is how a flight ended.
type Outcome struct {
	Stored bool
	Reason rfc9111.Reason
	Bytes  int64
}

// kept reports whether the flight left something in the store: its own
// response, or an object that it validated or found.
func (o Outcome) kept() bool {
	return o.Stored || o.Reason == rfc9111.Validated || o.Reason == rfc9111.Fresh || o.Reason == rfc9111.InTier
}

// originFailed reports whether it ended because the origin did not answer
// properly.
func (o Outcome) originFailed() bool {
	switch o.Reason {
	case rfc9111.OriginDial, rfc9111.OriginTimeout, rfc9111.OriginBroken, rfc9111.OriginError, rfc9111.OriginUnavailable, rfc9111.OriginBusy,
		rfc9111.Incomplete:
		return true
	}
	return false
}

// refused reports whether there was an answer which may not be stored.
func (o Outcome) refused() bool {
	switch o.Reason {
	case rfc9111.NoReason, rfc9111.Superseded, rfc9111.ClientGone, rfc9111.Draining:
		return false
	}
	return !o.Stored && !o.originFailed()
}
