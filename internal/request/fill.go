package request

import (
	"iter"
	"net/http"
)

// FromHTTP fills dst from r, which a net/http server has read. It returns the
// first fault it finds; dst is then not to be used, except that Method, Host
// and Path are set as far as they were read, for the log. r is not changed.
// dst may alias r's strings.
func FromHTTP(dst *View, r *http.Request, c Conn, rules *Rules) Fault { panic("contract") }

// Parse fills dst from the head of an HTTP/1 request at the start of b. It
// returns how many bytes the head takes, with the empty line; 0 with NoFault
// means that b does not hold a whole head yet. dst aliases b. Parse does not
// allocate for a request that is already canonical. Where net/http would
// accept a request, Parse either fills the same View or refuses; it never
// reads another meaning.
func Parse(dst *View, b []byte, c Conn, rules *Rules) (n int, f Fault) { panic("contract") }

// Has reports whether the request has a field of this slot.
func (v *View) Has(s Slot) bool { panic("contract") }

// Get returns the first line of a slot, and false when there is none.
func (v *View) Get(s Slot) (string, bool) { panic("contract") }

// Lines yields the lines of a slot in the order they came.
func (v *View) Lines(s Slot) iter.Seq[string] { panic("contract") }

// LinesOf yields the lines named name, with or without a slot; Vary needs it.
func (v *View) LinesOf(name string) iter.Seq[string] { panic("contract") }

// Fields yields every end-to-end field line. Hop-by-hop fields, those that
// Connection names, forwarding fields of peers that are not trusted, Host,
// Expect, Content-Length and names with bytes beyond letters, digits and "-"
// are not among them: they went before anybody looked.
func (v *View) Fields() iter.Seq[Field] { panic("contract") }

// Cookies yields the cookies of all Cookie lines in order: the name, and the
// value with its quotes, exactly as sent. Parts without "=" yield their text as
// a name with an empty value.
func (v *View) Cookies() iter.Seq2[string, string] { panic("contract") }

// Params yields the parameters of the query in order: the name as sent, the
// value as sent, and whether there was a "=". Only "&" separates; empty parts
// are passed over. Compare names with ParamIs.
func (v *View) Params() iter.Seq[Param] { panic("contract") }

// Param is one parameter of a query, as sent.
type Param struct {
	Name, Value string
	Equals      bool
}

// Is reports whether the parameter's name, percent-decoded and with "+" as a
// space, is name. An origin decodes names, so "%71" is "q".
func (p Param) Is(name string) bool { panic("contract") }

// Names returns the table the view was filled with.
func (v *View) Names() *Names { return v.names }

// Reset empties the view and keeps its memory. It drops every string, so that a
// pooled view keeps no buffer alive.
func (v *View) Reset() { panic("contract") }

// String returns the word of the fault: the same word in log, metric and
// explain.
func (f Fault) String() string { panic("contract") }

// Status returns the HTTP status that refuses the request.
func (f Fault) Status() int { panic("contract") }

// Hint says in one sentence what the client should send instead.
func (f Fault) Hint() string { panic("contract") }
