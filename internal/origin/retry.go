package origin

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// repeatable reports whether a request may be sent again although it may have
// been received: it has no body, and doing what it asks for twice is doing it
// once (RFC 9110 section 9.2.2).
func repeatable(req *http.Request) bool {
	if req.Body != nil && req.Body != http.NoBody || switches(req) {
		return false
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// switches reports whether a request asks for another protocol. Names in its header
// are canonical.
func switches(req *http.Request) bool {
	to := req.Header["Upgrade"]
	return len(to) > 0 && to[0] != ""
}

// Retry is why a request was sent again.
type Retry uint8

const (
	// RetryDial: no connection could be made, so nobody has the request.
	RetryDial Retry = iota
	// RetryLost: the connection ended before the head of an answer.
	RetryLost
	// RetryUnwell: the answer was 502, 503 or 504.
	RetryUnwell

	NumRetries
)

var retryWords = [NumRetries]string{RetryDial: "dial", RetryLost: "lost", RetryUnwell: "unwell"}

// String returns the word that stands in metrics.
func (r Retry) String() string { return retryWords[r] }

// outcome is how an attempt ended: with an error, or with the head of an answer.
type outcome struct {
	failure Failure
	lost    bool // the connection ended
	status  int  // 0 without an answer
	// asked says that the answer names a time to wait for (Retry-After): then it
	// is not for us to be faster.
	asked bool
	whole bool // another attempt would send the whole body
}

// followed says whether a request may be sent once more after an attempt, and
// why; safe, that it may be repeated although somebody may have received it.
// costs says that it takes from the budget, elsewhere that another address must
// be found for it.
func (o outcome) followed(safe bool) (why Retry, elsewhere, costs, ok bool) {
	switch {
	case o.failure == Dial && o.whole:
		return RetryDial, true, false, true
	case !safe:
		return 0, false, false, false
	case o.failure == Broken && o.lost:
		return RetryLost, false, true, true
	case isUnwell(o.status) && !o.asked:
		return RetryUnwell, true, true, true
	}
	return 0, false, false, false
}

// budget bounds what is sent again to a share of what was sent. Every request
// adds its share; what is saved is bounded, so that a long quiet time does not
// pay for a storm. It is safe for concurrent use.
type budget struct {
	share int64 // of a retry, in thousandths, that a request earns
	saved atomic.Int64
}

const (
	oneRetry = 1000
	// mostSaved is how many retries can be saved: as many requests may be under
	// way at an address that dies.
	mostSaved = 100 * oneRetry
)

// earn adds what one request earns.
func (b *budget) earn() {
	if b.share > 0 && b.saved.Add(b.share) > mostSaved {
		b.saved.Add(-b.share)
	}
}

// pay takes one retry, and reports whether there was one.
func (b *budget) pay() bool {
	for {
		saved := b.saved.Load()
		if saved < oneRetry {
			return false
		}
		if b.saved.CompareAndSwap(saved, saved-oneRetry) {
			return true
		}
	}
}

// isLost reports whether err says that the connection ended, rather than that
// something was wrong with what came over it.
func isLost(err error) bool {
	for _, ended := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, ended) {
			return true
		}
	}
	return false
}

// mostRest bounds how long an address is left alone because it asked for it.
const mostRest = time.Minute

// retryAfter reads the value of Retry-After (RFC 9110 section 10.2.3): seconds, or
// a date. It is at most mostRest, and 0 for none or for what cannot be read.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, mostRest)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, min(at.Sub(now), mostRest))
	}
	return 0
}
