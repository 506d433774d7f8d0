package wire

import "edge/internal/request"

// framing says whose the next bytes from the client are. It is all there is to
// the boundary (package comment): what net/http gets goes through given.
type framing struct {
	turn turn
	// owed is what net/http has not got yet of the request it has.
	owed int64
}

// turn is what net/http may have of the bytes that come next.
type turn uint8

const (
	// nothing: the next byte begins a request that nobody has looked at.
	nothing turn = iota
	// oneRequest: owed bytes, and none after them.
	oneRequest
	// served: a Task is at work, and net/http knows of nothing.
	served
	// everything: the connection is disarmed.
	everything
)

func (f *framing) lend(size int64) { f.turn, f.owed = oneRequest, size }

// given notes that net/http got n bytes.
func (f *framing) given(n int) {
	if f.turn != oneRequest || int64(n) > f.owed {
		broken("net/http was given more than its request")
	}
	f.owed -= int64(n)
}

func (f *framing) takeBack() { f.turn = nothing }
func (f *framing) disarm()   { f.turn, f.owed = everything, 0 }

// verdict is what becomes of a request.
type verdict uint8

const (
	// notOurs: where it ends is not certain. Disarm.
	notOurs verdict = iota
	// whole: net/http gets it.
	whole
	// plain: it may be answered here.
	plain
)

// inDoubt reports whether nobody can say where a request ends that Parse has read with
// fault: it has a coding, which HTTP/1.0 does not know (RFC 9112, section 6.1). net/http
// passes over the coding, and would run as the next request what somebody else took for
// the body.
func inDoubt(v *request.View, fault request.Fault) bool {
	return fault == request.BadFraming && v.HTTP10
}

// faulty is what net/http gets in the place of a request that is in doubt, and of all
// that follows: it says 400, and ends the connection. It is longer than the first line of
// the preface of HTTP/2: net/http would wait for more of a shorter one.
const faulty = "faulty-framing-in-HTTP/1.0\r\n\r\n"

// maxBody keeps the size of a request within an int64; net/http never comes to
// the end of such a body.
const maxBody = 1 << 62

// judge says what becomes of a request that Parse read with n and fault, n being
// 0 for a head that does not fit. size is that of the whole request, head and
// body, unless it is notOurs.
func judge(v *request.View, n int, fault request.Fault) (_ verdict, size int64) {
	if n == 0 || fault != request.NoFault || v.Body == request.ChunkedBody || v.ContentLength > maxBody {
		return notOurs, 0
	}
	if v.Hop&(request.HopUpgrade|request.HopExpect) != 0 {
		return notOurs, 0
	}
	size = int64(n) + v.ContentLength
	if size > int64(n) || v.Hop != 0 || v.HTTP10 || v.Has(request.SlotRange) {
		return whole, size
	}
	if v.Method != "GET" && v.Method != "HEAD" {
		return whole, size
	}
	return plain, size
}
