package wire

import "edge/internal/request"

// Clerk decides about requests, one after another. A Listener makes as many as
// it has requests at work at once, and reuses them; a Clerk is never used by two
// goroutines at a time. The calls for one request come in this order: Parse
// (again with more bytes while it returns 0 and no fault), then Answer or
// nothing, then, if Answer answered, Sent.
type Clerk interface {
	// Parse reads the head of a request at the start of b, as request.Parse
	// does, by the rules in force now. What it read may alias b until the next
	// call of Parse.
	Parse(b []byte, c request.Conn) (n int, f request.Fault)
	// View is what Parse read last.
	View() *request.View
	// Answer decides about the request that Parse read last. If a fresh object
	// answers it, Answer appends the head of the answer, with the empty line, to
	// dst and returns it with the body in parts, which nobody may change. The
	// head leaves the connection open. Otherwise ok is false, nothing has
	// changed, and net/http is to serve the request.
	Answer(dst []byte) (head []byte, body [][]byte, ok bool)
	// Sent tells that so many bytes of the head and of the body were written:
	// the request is over.
	Sent(head, body int)
}
