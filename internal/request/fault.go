package request

import "net/http"

// Fault is why a request is refused before any policy is asked. The zero
// Fault means that nothing is wrong.
type Fault uint8

const (
	NoFault Fault = iota
	// BadTarget: bytes or escapes in the path that two parsers could read in
	// two ways (400).
	BadTarget
	// BadHost: no Host, two of them, or one that is no host (400).
	BadHost
	// ForeignHost: an absolute-form target for a host that is not ours (421).
	ForeignHost
	// BadMethod: the method is not a token (400).
	BadMethod
	// RefusedMethod: CONNECT or TRACE (405).
	RefusedMethod
	// BadField: a field line that no parser should accept (400).
	BadField
	// BadFraming: Content-Length and Transfer-Encoding that do not agree (400).
	BadFraming
	// BadVersion: not HTTP/1.0, 1.1, 2 or 3 (505).
	BadVersion
	// LongTarget: beyond Rules.TargetBytes (414).
	LongTarget
	// LongQuery: beyond Rules.QueryBytes or QueryParams (414).
	LongQuery
	// BigFields: beyond Rules.FieldBytes or FieldCount (431).
	BigFields

	// NumFaults is the number of faults, NoFault included.
	NumFaults
)

// faults is what is said of each fault. The words are those of the reasons in
// rfc9111, where an unknown host and a refused method may also be found later.
var faults = [NumFaults]struct {
	word   string
	status int
	hint   string
}{
	NoFault: {"", http.StatusOK, ""},
	BadTarget: {"bad-target", http.StatusBadRequest,
		`Percent-encode the path (no raw \ " < > # or bytes beyond ASCII) and resolve "." and ".." before encoding.`},
	BadHost: {"bad-host", http.StatusBadRequest,
		"Send exactly one Host: a name or an address, with a port from 1 to 65535 or none."},
	ForeignHost: {"unknown-host", http.StatusMisdirectedRequest,
		"Ask this server only for the hosts that it serves."},
	BadMethod: {"bad-method", http.StatusBadRequest,
		"Send a method of letters, such as GET."},
	RefusedMethod: {"method-not-allowed", http.StatusMethodNotAllowed,
		"Use neither CONNECT nor TRACE: this is not a forward proxy."},
	BadField: {"bad-field", http.StatusBadRequest,
		`Send each field as "Name: value" on one line, without control characters, and name no forwarding field in Connection.`},
	BadFraming: {"bad-framing", http.StatusBadRequest,
		`Send either one Content-Length or "Transfer-Encoding: chunked", not both.`},
	BadVersion: {"bad-version", http.StatusHTTPVersionNotSupported,
		"Use HTTP/1.1 or HTTP/2."},
	LongTarget: {"long-target", http.StatusRequestURITooLong,
		"Send a shorter URL, or put the data into a body."},
	LongQuery: {"long-query", http.StatusRequestURITooLong,
		"Send fewer or shorter query parameters, or put the data into a body."},
	BigFields: {"big-fields", http.StatusRequestHeaderFieldsTooLarge,
		"Send fewer or shorter header fields; large cookies are the usual cause."},
}

// String returns the word of the fault: the same word in log, metric and
// explain. It is empty for NoFault.
func (f Fault) String() string { return faults[f].word }

// Status returns the HTTP status that refuses the request; 200 for NoFault.
func (f Fault) Status() int { return faults[f].status }

// Hint says in one sentence what the client should send instead. It is empty
// for NoFault.
func (f Fault) Hint() string { return faults[f].hint }
