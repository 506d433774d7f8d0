package policy

import "time"

// Config is the shape of a policy after all files were read, variables
// expanded and layers put on top of each other: what the owner wrote, checked
// field by field, not yet compiled. The tables in options.go and
// options_route.go say how each field is written and what it means; the
// decoder, Print, Schema and docs/policy-reference.md are made from them.
//
// Every value is optional. A nil pointer, a nil slice or "" means "not
// written"; the option's place tells where it was written.
type Config struct {
	Version        int
	Listen         []ListenConf
	Scheme         string
	Hosts          []string
	TrustedProxies []string
	Admin          *ListenerConf
	Metrics        *ListenerConf
	Origin         *OriginConf
	Origins        []OriginConf // a mapping in YAML, in the order written
	Cache          CacheConf
	Internal       *InternalConf
	Preset         string
	Include        []string
	Defaults       RouteConf
	Routes         []RouteConf
	TrailingSlash  string // keep, never, always
	Slashes        string // keep, merge
	FastHits       *bool
	AccessLog      string
	DrainDelay     *time.Duration
	DrainTimeout   *time.Duration
	MaxRequestBody *int64
	Limits         LimitsConf

	// Places tells where each written option of the top level stands.
	Places Places
	// Hash is the hash of the text of all files.
	Hash string
}

// Place is a position in a file; Source is the text of the line.
type Place struct {
	File         string
	Line, Column int
	Source       string
}

// Places maps an option's path within its mapping ("mode", "key.query",
// "status.404", "tags.0" for the first item of a list) to where its value was
// written; the mapping itself is "". The zero Place is that of an option which
// was not written.
type Places map[string]Place

// RouteConf is one route, or the defaults, as written. Layering has been done
// for whole routes (the same path in a later layer replaces the route); the
// inheritance of single options from Defaults is done in compile, which knows
// what applies to a mode.
type RouteConf struct {
	Path    string
	Hosts   []string
	Mode    string
	Methods []string
	Origin  string

	Key       *KeyConf
	DynamicOn *KeyConf // None is true for "none"
	Withhold  *KeyConf // Tracking is true for "tracking"

	Revalidate        *time.Duration // Forever for "forever" and false
	Jitter            *float64       // share, 0.05
	Stale             *time.Duration
	StaleIfError      *time.Duration
	StaleWhen         []ConstField
	Status            []StatusConf
	ErrorCap          *time.Duration
	Heuristics        *bool
	SetCookie         string // strip, honour
	IgnoreVary        *VaryConf
	Targets           []string
	RequestDirectives string // honour, ignore
	Violations        string // override, pass, fail
	Browser           *BrowserConf
	Compress          *CompressConf
	CollapseWait      *time.Duration
	MaxObject         *int64
	Generation        string

	Tags            []string
	TagHeaders      []string
	Invalidates     []MethodTags
	InvalidateLimit *float64
	Params          *ParamsConf
	DynamicParams   *bool
	Warm            *bool
	CORS            *CORSConf
	Request         *FieldRuleSet
	Response        *FieldRuleSet
	WebSocket       *bool
	Trailers        []string

	Respond         *RespondConf
	Redirect        *RedirectConf
	ErrorPages      []PageConf
	InterceptErrors *bool

	Places Places
	// Layer is where the route comes from: "file", "include", "preset".
	Layer string
}

// KeyConf are the lists of key, dynamic_on and withhold.
type KeyConf struct {
	Query   []KeyItem
	Headers []KeyItem
	Cookies []KeyItem
	// None is the word "none" (dynamic_on), Tracking the word "tracking"
	// (withhold) instead of a mapping.
	None, Tracking bool
	// HasQuery and so on tell an empty list from one that was not written.
	HasQuery, HasHeaders, HasCookies bool
}

// KeyItem is one name in a list: a name, a glob ("wp_*"), "*" for all, or
// "name=value" (dynamic_on, withhold). Values closes the values ("theme:
// [light, dark]"); nil means any.
type KeyItem struct {
	Name   string
	Values []string
	Place  Place
}

// ListenConf is one listener of clients.
type ListenConf struct {
	Address string
	H2C     *bool
	TLS     *TLSConf
	// ProxyProtocol and RedirectHTTPS are proxy_protocol and redirect_https.
	ProxyProtocol, RedirectHTTPS *bool
	Places                       Places
}

// TLSConf is tls: one certificate, or several.
type TLSConf struct {
	Cert, Key    string
	Certificates []CertificateConf
	MinVersion   string
	Places       Places
}

// CertificateConf is one of several certificates.
type CertificateConf struct{ Cert, Key string }

// ListenerConf, CacheConf and so on are the smaller mappings. A ListenerConf is a
// private listener.
type ListenerConf struct {
	Listen string
	Token  string
	// TokenWritten is the token with its variables, which is what Print shows.
	TokenWritten string
}

// CacheConf is the cache mapping.
type CacheConf struct {
	Memory     *int64
	MaxObject  *int64
	Generation string
	Variants   *int
	InFlight   *int64
	MaxSilence *time.Duration
	Shared     *SharedConf
	Places     Places
}

// SharedConf is what a fleet shares.
type SharedConf struct {
	Redis string
	// RedisWritten is the URL with its variables, which is what Print shows.
	RedisWritten  string
	MaxObject     *int64
	Prefix        string
	Node          string
	Required      *bool
	Timeout       *time.Duration
	CA, Cert, Key string // tls
	Places        Places
}

// InternalConf is the internal mapping.
type InternalConf struct {
	Query    []string // names and globs
	Request  []string
	Response []string
}

// LimitsConf is the limits mapping.
type LimitsConf struct {
	Connections, PerClient *int
	Streams                *int
	Target, Query, Fields  *int64
	QueryParams            *int
	FieldCount             *int
	ClientMisses           *float64
	Head, Idle, Stall      *time.Duration
	Places                 Places
}

// ConstField is a field's name and constant value.
type ConstField struct{ Name, Value string }

// StatusConf is one line of status.
type StatusConf struct {
	Status   int
	Lifetime time.Duration // 0: not stored
}

// MethodTags is one line of invalidates.
type MethodTags struct {
	Method string
	Tags   []string
}

// BrowserConf is browser: a duration, or the word "origin".
type BrowserConf struct {
	MaxAge time.Duration
	Origin bool
}

// CompressConf is compress: true or false, or the codings in order.
type CompressConf struct {
	All     bool
	Codings []string
}

// VaryConf is ignore_vary: true or false, or the members that are ignored.
type VaryConf struct {
	All   bool
	Names []string
}

// ParamsConf are the known values of dynamic segments: lists by name, or
// complete sets.
type ParamsConf struct {
	ByName map[string][]string
	Sets   []map[string]string
}

// CORSConf is the cors mapping.
type CORSConf struct {
	Origins     []string
	Methods     []string
	Headers     []string
	Expose      []string
	Credentials *bool
	MaxAge      *time.Duration
}

// FieldRuleSet is request or response.
type FieldRuleSet struct {
	Set    []ConstField
	Remove []string
}
