package origin

import (
	"net/http"
	"time"
)

// Config describes one origin.
type Config struct {
	Name string
	// URLs are its addresses: "http://host:port", at least one. Scheme https
	// verifies against the system's roots.
	URLs []string
	// StripPrefix is removed from the front of the path, AddPrefix put there.
	StripPrefix, AddPrefix string
	// Connect bounds dialling with TLS, FirstByte the wait for the response's
	// head, Idle the wait between two reads of the body. Zero means 2 s, 60 s,
	// 60 s.
	Connect, FirstByte, Idle time.Duration
}

// Failure is why there is no response. The zero Failure is none.
type Failure uint8

const (
	None Failure = iota
	// Dial: no connection.
	Dial
	// Timeout: connected, but no head in time, or the body stood still.
	Timeout
	// Broken: no valid response, or the body broke off.
	Broken
	// Canceled: our own context ended.
	Canceled
	// BadRequestBody: the client's body could not be read; not the origin's
	// failure.
	BadRequestBody
)

// Classify says which Failure err, from RoundTrip or a body's Read, is.
func Classify(err error) Failure { panic("contract") }

// Set is all origins of a process. It is safe for concurrent use.
type Set struct{}

// NewSet returns a Set with the given origins. An invalid URL is an error that
// names the origin.
func NewSet(configs []Config) (*Set, error) { panic("contract") }

// Update replaces the origins after a reload. Connections of origins whose
// Config is unchanged are kept; requests in flight go on.
func (s *Set) Update(configs []Config) error { panic("contract") }

// Transport returns the RoundTripper of an origin, or nil for an unknown name.
// It fills in scheme and address of the request's URL and leaves Host alone;
// the body it returns enforces Idle and reports a truncated body as an error,
// never as io.EOF. A status outside 100–599 is Broken.
func (s *Set) Transport(name string) http.RoundTripper { panic("contract") }

// Close closes idle connections.
func (s *Set) Close() { panic("contract") }
