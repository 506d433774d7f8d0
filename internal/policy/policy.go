package policy

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// Mode is the owner's word for a route. The zero Mode is Auto.
type Mode uint8

const (
	Auto Mode = iota
	ForceStatic
	DynamicOnRequestData
	ErrorMode
	ForceDynamic

	numModes
)

// String returns the mode as the policy file spells it.
func (m Mode) String() string {
	return [numModes]string{"auto", "force-static", "dynamic-on-request-data", "error", "force-dynamic"}[m]
}

// modeOf returns the mode that word names. Reading has let no other word
// through.
func modeOf(word string) Mode {
	for m := range numModes {
		if m.String() == word {
			return m
		}
	}
	panic("policy: internal error: no mode is called " + word)
}

// Policy is a compiled configuration. It is immutable and safe for concurrent
// use; a reload makes a new one.
type Policy struct {
	// Rules are what the fillers of View need.
	Rules request.Rules
	// Settings are everything that is not about routes.
	Settings Settings
	// Routes are all routes by ordinal; the default route is the last one.
	Routes []*Route
	// Hash is the hash of the text of all files (hex), for status and metric.
	Hash string
	// Warnings are what the owner should know though nothing is wrong.
	Warnings []Problem

	match   matcher
	slashes slashRules
	// httpsPort is ":8443", where clients that speak http are sent to; empty for
	// the default port.
	httpsPort string
	internal  *kindRules // of the query; nil for none
}

// Route is a compiled route. Everything is read-only.
type Route struct {
	// Ordinal numbers the route in this policy; counters are arrays by it.
	Ordinal int
	// Pattern is as written, without groups; "(default)" for the default
	// route. It is the label in metrics.
	Pattern string
	// Hosts the route is limited to; nil for all.
	Hosts []string
	Mode  Mode
	// Fingerprint is the first part of every key of the route.
	Fingerprint [16]byte
	ParamNames  []string
	// Overrides is what rfc9111 weighs for responses of this route.
	Overrides rfc9111.Overrides
	// Origin is the name of the origin in Settings.Origins; empty where edge
	// answers every request by itself.
	Origin string
	// Allow is the value of Allow: the methods that the route takes, sorted.
	Allow string
	// CollapseWait is how long a request waits for the fetches of others.
	CollapseWait time.Duration
	// Compress are the codings that edge applies itself, the preferred first;
	// nil for none.
	Compress []rfc9111.Coding
	// MaxObject bounds a stored body.
	MaxObject int64
	Client    Client
	CORS      *CORS // nil: edge leaves Access-Control fields alone
	Request   FieldRules
	Response  FieldRules
	WebSocket bool
	// Trailers are the names of trailer fields that pass, as net/http spells them;
	// "*" is every name.
	Trailers []string
	// InvalidateLimit is how many unsafe requests per second may purge; 0 is
	// no limit.
	InvalidateLimit float64
	// Warm are the canonical paths to fetch at start, on the first of Hosts (or
	// of Settings.Hosts) that is no wildcard.
	Warm []string
	// TagHeaders are the response fields that carry tags, by their canonical names,
	// stripped from answers.
	TagHeaders []string
	// Respond is the fixed answer that plans of the course Answer or Refuse with
	// the reason Responded stand for; nil for none.
	Respond *FixedAnswer
	// ErrorPages are what clients who prefer HTML get for errors of edge's own, and
	// for the origin's too where InterceptErrors is set.
	ErrorPages      ErrorPages
	InterceptErrors bool

	compiled
}

// compiled is the part of a route that only this package reads.
type compiled struct {
	methods      methodSet
	closed       *closedParams
	catchAll     bool // the last parameter may hold slashes
	query        kindRules
	headers      kindRules
	cookies      kindRules
	queryNames   []string // by group, as a query spells them
	keyedHeaders []keyedHeader
	tags         []template
	invalidates  map[string][]template
	internal     *kindRules // of the query; nil for none
	redirection  *redirection
	place        Place
}

// Enforced reports whether edge keeps unkeyed request data from the origin.
func (r *Route) Enforced() bool {
	return r.Mode == ForceStatic || r.Mode == DynamicOnRequestData || r.Mode == ErrorMode
}

// KeysFields reports whether header fields or cookies are in the key, beside what
// the URI says.
func (r *Route) KeysFields() bool { return len(r.keyedHeaders) > 0 || r.cookies.groups > 0 }

// Client is what a route says to clients about its answers.
type Client struct {
	// Browser is the max-age that clients get beyond Age; 0 is the default:
	// validate each time. BrowserOrigin keeps the origin's Cache-Control, as
	// auto always does.
	Browser       time.Duration
	BrowserOrigin bool
	// Private is true when the answer depends on who asks (dynamic_on, or
	// keyed cookies): "private" stands instead of "public".
	Private bool
	// Vary is the complete value for enforced answers; empty for none. It has
	// the keyed and dynamic fields, and Origin where cors depends on it.
	Vary string
}

// FieldRules set and remove constant fields, in this order: remove, set.
type FieldRules struct {
	Set    []request.Field
	Remove []string // canonical spelling
	Globs  []string // more to remove; lower case
	// keep are the fields that globs leave alone: those that may not be removed by
	// name either. Lower case, and globs themselves.
	keep []string
}

// Removes reports whether the rules remove a field, by its canonical name.
func (f *FieldRules) Removes(name string) bool {
	matches := func(glob string) bool { return globMatches(glob, name, foldedName) }
	return slices.Contains(f.Remove, name) || slices.ContainsFunc(f.Globs, matches) && !slices.ContainsFunc(f.keep, matches)
}

// sets reports whether the rules set a field, by its canonical name.
func (f *FieldRules) sets(name string) bool {
	return slices.ContainsFunc(f.Set, func(field request.Field) bool { return field.Name == name })
}

// Governs reports whether the rules set or remove a field, by its canonical name.
func (f *FieldRules) Governs(name string) bool {
	return f.Removes(name) || f.sets(name)
}

// Apply changes h by the rules.
func (f *FieldRules) Apply(h http.Header) {
	for _, name := range f.Remove {
		delete(h, name)
	}
	if len(f.Globs) > 0 {
		maps.DeleteFunc(h, func(name string, _ []string) bool { return f.Removes(name) })
	}
	for _, field := range f.Set {
		h[field.Name] = []string{field.Value}
	}
}

// Settings are everything of the file that is not about routes. Durations and
// sizes have their defaults filled in.
type Settings struct {
	Listen       []Listener      // never empty
	Admin        PrivateListener // Listen is never empty
	Metrics      PrivateListener // Listen is empty when there is none
	Origins      map[string]Origin
	Hosts        []string // canonical; nil for every host
	Memory       int64    // bytes
	Variants     int      // under one key
	Generation   string
	DrainDelay   time.Duration
	DrainTimeout time.Duration
	FastHits     bool
	AccessLog    string // "stdout", "stderr", "off" or a file
	// Budget bounds the bytes of all fetches in flight.
	Budget int64
	// MaxRequestBody bounds request bodies (413); 0 is no bound.
	MaxRequestBody int64
	Limits         Limits
	// MaxSilence is how long objects are trusted without the fleet's log.
	MaxSilence time.Duration
	// Shared is what the nodes of a fleet share; nil for a node without a fleet.
	Shared *Shared
	// Enforces says whether any route enforces anything, for messages.
	Enforces bool
}

// Limits are what clients may take; what one request may is in Rules.
type Limits struct {
	Connections int // at one time; 0 is what the file descriptors allow
	PerClient   int // connections of one client; 0 is no bound
	Streams     int // under way on one HTTP/2 connection
	// ClientMisses are fetches of one client per second; 0 is no bound.
	ClientMisses float64
	// Head is what a client has for a request's head, Idle for the next request,
	// and Stall for each 64 KiB of an answer.
	Head, Idle, Stall time.Duration
}

// Listener is where clients connect to.
type Listener struct {
	// Address is "host:port", where port 0 takes a free one; "systemd" for all
	// sockets that edge was started with and that no other listener names; or
	// "fd:NAME" for those of a name.
	Address string
	// H2C allows HTTP/2 without TLS. It is false with TLS.
	H2C bool
	// TLS is nil where clients speak without.
	TLS *TLS
	// ProxyProtocol is true where trusted proxies say first whom they speak for,
	// and nobody else may connect.
	ProxyProtocol bool
	// RedirectHTTPS is true where clients that speak http are sent to https.
	RedirectHTTPS bool
}

// TLS is how clients of a listener speak TLS.
type TLS struct {
	// Certificates are the names of files, at least one pair, as they are
	// written.
	Certificates []Certificate
	// Only13 is true where TLS 1.2 is refused.
	Only13 bool
}

// Certificate is a certificate and its key, as names of files.
type Certificate struct{ Cert, Key string }

// PrivateListener is an address for the owner alone.
type PrivateListener struct {
	Listen string
	Token  string // empty: none
}
