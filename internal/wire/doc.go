// Package wire answers plain requests on the connection, below net/http: hits at once,
// and what has to be fetched as an http.Handler would.
//
// An Answerer hands http.Server a wrapper of each net.Conn. Whenever net/http
// stands between two requests it calls the wrapper's Read to wait for the next
// one. There the wrapper parses that request itself; when it is a plain GET or
// HEAD that a fresh object answers, it writes the answer and reads on, and
// net/http never hears of it. Nor does it of a GET that the Clerk gives a Task for:
// that is served here, by the goroutine that reads (see visit). Every other request
// goes to net/http byte for byte. One connection mixes all of them for ever.
//
// What net/http cannot read as a request it refuses, here as on any connection; but
// the client gets that refusal in edge's words, and it is counted (see voice).
//
// What the package is not: it decides nothing. What a request may do, what is
// stored, whether it is fresh and what the answer's head says is asked of a
// Clerk, which package proxy implements with the very steps that serve net/http.
// Here are connections, framing, deadlines, buffers and writes.
//
// # The boundary
//
// The wrapper owns the framing of the connection:
//
//	Between two calls of its ConnState hook with StateIdle, net/http gets the
//	bytes of exactly one request – its head and its Content-Length body – and
//	no byte after them.
//
// It has to be so because nothing that net/http shows says where a request
// ends: it turns active only after it has read a whole head, its buffer may then
// hold the start of the next request, and the read with which it listens for
// the client's leaving is not told by its length. A wrapper that guessed would
// one day parse the middle of a body as a request, and answer it.
//
// What arrives while net/http has a request stays in a bounded buffer here. A
// request whose end is not known for certain ends the wrapper's part: chunked
// bodies, Expect, Upgrade, HTTP/2 prefaces, heads that request.Parse refuses or
// that do not fit the buffer. The connection is then disarmed: for the rest of
// its life every byte goes through as it came. A hijacked connection is disarmed
// too, and what was held back comes first. One kind of request net/http does not get,
// because it would read on behind it in good faith: see inDoubt.
//
// The invariant is asserted at every change of hands (see broken), the
// race detector runs over all tests, and a fuzz test splits pipelined hits,
// POSTs, Tasks and misses at every byte.
package wire
