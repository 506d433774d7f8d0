package wire

import (
	"time"

	"edge/internal/request"
)

// Clerk decides about requests, one after another. An Answerer makes about as
// many as there are requests at work at once, and reuses them; none is used by
// two goroutines at a time. The calls for one request come in this order: Parse;
// then Answer, or nothing; then Sent if Answer answered, and otherwise Take, or
// nothing.
type Clerk interface {
	// Parse reads the head of a request at the start of b, as request.Parse
	// does, by the rules in force now. What it read may alias b until the next
	// call of Parse.
	Parse(b []byte, c request.Conn) (n int, f request.Fault)
	// View is what Parse read last.
	View() *request.View
	// Answer decides about the request that Parse read last. If a fresh object
	// answers it, Answer appends the head of the answer, with the empty line, to
	// dst, and returns that with the body in parts, which nobody may change. The
	// head leaves the connection open. Otherwise ok is false. now is
	// Options.Now.
	Answer(dst []byte, now time.Duration) (head []byte, body [][]byte, ok bool)
	// Take is asked after Answer said no: it returns who serves the request that
	// Parse read last, here on the connection; nil if net/http is to.
	Take() Task
	// Sent tells that the answer has been written, by now, as far as it was: so
	// many bytes of its head and of its body.
	Sent(head, body int64, now time.Duration)
}
