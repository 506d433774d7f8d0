package policy

import "time"

// Config is the shape of a policy after all files were read, variables
// expanded and layers put on top of each other: what the owner wrote, checked
// field by field, not yet compiled. Field comments are the reference manual.
//
// Every value is optional. A nil pointer, nil slice or Unset means "not
// written"; Place of the option tells where it was written.
type Config struct {
	Version        int            `yaml:"version"`
	Listen         string         `yaml:"listen"`
	Scheme         string         `yaml:"scheme"`
	Hosts          []string       `yaml:"hosts"`
	TrustedProxies []string       `yaml:"trusted_proxies"`
	Admin          *ListenerConf  `yaml:"admin"`
	Metrics        *ListenerConf  `yaml:"metrics"`
	Origin         *OriginConf    `yaml:"origin"`
	Origins        []OriginConf   `yaml:"origins"` // a mapping in YAML, in the order written
	Cache          CacheConf      `yaml:"cache"`
	Preset         string         `yaml:"preset"`
	Include        []string       `yaml:"include"`
	Defaults       RouteConf      `yaml:"defaults"`
	Routes         []RouteConf    `yaml:"routes"`
	TrailingSlash  string         `yaml:"trailing_slash"` // keep, never, always
	Slashes        string         `yaml:"slashes"`        // keep, merge
	FastHits       *bool          `yaml:"fast_hits"`
	AccessLog      string         `yaml:"access_log"`
	DrainDelay     *time.Duration `yaml:"drain_delay"`
	DrainTimeout   *time.Duration `yaml:"drain_timeout"`

	// Places tells where each written option of the top level stands.
	Places Places `yaml:"-"`
	// Hash is the hash of the text of all files.
	Hash string `yaml:"-"`
}

// Place is a position in a file; Source is the text of the line.
type Place struct {
	File         string
	Line, Column int
	Source       string
}

// Places maps an option's path within its mapping ("mode", "key.query",
// "status.404") to where its value was written; the mapping itself is "".
type Places map[string]Place

// RouteConf is one route, or the defaults, as written. Layering has been done
// for whole routes (the same path in a later layer replaces the route); the
// inheritance of single options from Defaults is done in compile, which knows
// what applies to a mode.
type RouteConf struct {
	Path    string   `yaml:"path"`
	Hosts   []string `yaml:"hosts"`
	Mode    string   `yaml:"mode"`
	Methods []string `yaml:"methods"`
	Origin  string   `yaml:"origin"`

	Key       *KeyConf `yaml:"key"`
	DynamicOn *KeyConf `yaml:"dynamic_on"` // None is true for "none"
	Withhold  *KeyConf `yaml:"withhold"`   // Tracking is true for "tracking"

	Revalidate   *time.Duration `yaml:"revalidate"` // Forever for "forever" and false
	Jitter       *float64       `yaml:"jitter"`     // share, 0.05
	Stale        *time.Duration `yaml:"stale"`
	StaleIfError *time.Duration `yaml:"stale_if_error"`
	StaleWhen    []ConstField   `yaml:"stale_when"`
	Status       []StatusConf   `yaml:"status"`
	ErrorCap     *time.Duration `yaml:"error_cap"`
	Heuristics   *bool          `yaml:"heuristics"`
	SetCookie    string         `yaml:"set_cookie"` // "strip", or empty
	IgnoreVary   *bool          `yaml:"ignore_vary"`
	Targets      []string       `yaml:"targets"`
	// IgnoreRequest is "request_directives: ignore".
	RequestDirectives string         `yaml:"request_directives"` // honour, ignore
	Violations        string         `yaml:"violations"`         // override, pass, fail
	Browser           *BrowserConf   `yaml:"browser"`
	CollapseWait      *time.Duration `yaml:"collapse_wait"`
	MaxObject         *int64         `yaml:"max_object"`

	Tags            []string      `yaml:"tags"`
	TagHeaders      []string      `yaml:"tag_headers"`
	Invalidates     []MethodTags  `yaml:"invalidates"`
	InvalidateLimit *float64      `yaml:"invalidate_limit"`
	Params          *ParamsConf   `yaml:"params"`
	DynamicParams   *bool         `yaml:"dynamic_params"`
	Warm            *bool         `yaml:"warm"`
	CORS            *CORSConf     `yaml:"cors"`
	Request         *FieldRuleSet `yaml:"request"`
	Response        *FieldRuleSet `yaml:"response"`
	WebSocket       *bool         `yaml:"websocket"`

	Places Places `yaml:"-"`
	// Layer is where the route comes from: "file", "include", "preset".
	Layer string `yaml:"-"`
}

// KeyConf are the lists of key, dynamic_on and withhold.
type KeyConf struct {
	Query   []KeyItem `yaml:"query"`
	Headers []KeyItem `yaml:"headers"`
	Cookies []KeyItem `yaml:"cookies"`
	// None is the word "none" (dynamic_on), Tracking the word "tracking"
	// (withhold) instead of a mapping.
	None, Tracking bool `yaml:"-"`
	// HasQuery and so on tell an empty list from one that was not written.
	HasQuery, HasHeaders, HasCookies bool `yaml:"-"`
}

// KeyItem is one name in a list: a name, a glob ("wp_*"), "*" for all, or
// "name=value" (dynamic_on, withhold). Values closes the values ("theme:
// [light, dark]"); nil means any.
type KeyItem struct {
	Name   string
	Values []string
	Place  Place
}

// ListenerConf, OriginConf and so on are the smaller mappings.
type ListenerConf struct {
	Listen string `yaml:"listen"`
	Token  string `yaml:"token"`
}

// OriginConf is one origin.
type OriginConf struct {
	Name        string         `yaml:"-"`
	URL         string         `yaml:"url"`
	URLs        []string       `yaml:"urls"`
	StripPrefix string         `yaml:"strip_prefix"`
	AddPrefix   string         `yaml:"add_prefix"`
	Connect     *time.Duration `yaml:"connect"`    // timeouts.connect
	FirstByte   *time.Duration `yaml:"first_byte"` // timeouts.first_byte
	Idle        *time.Duration `yaml:"idle"`       // timeouts.idle
	Places      Places         `yaml:"-"`
}

// CacheConf is the cache mapping.
type CacheConf struct {
	Memory     *int64         `yaml:"memory"`
	MaxObject  *int64         `yaml:"max_object"`
	Generation string         `yaml:"generation"`
	Variants   *int           `yaml:"variants"`
	InFlight   *int64         `yaml:"in_flight"`
	MaxSilence *time.Duration `yaml:"max_silence"`
	Places     Places         `yaml:"-"`
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

// ParamsConf are the known values of dynamic segments: lists by name, or
// complete sets.
type ParamsConf struct {
	ByName map[string][]string
	Sets   []map[string]string
}

// CORSConf is the cors mapping.
type CORSConf struct {
	Origins     []string       `yaml:"origins"`
	Methods     []string       `yaml:"methods"`
	Headers     []string       `yaml:"headers"`
	Expose      []string       `yaml:"expose"`
	Credentials *bool          `yaml:"credentials"`
	MaxAge      *time.Duration `yaml:"max_age"`
}

// FieldRuleSet is request or response.
type FieldRuleSet struct {
	Set    []ConstField `yaml:"set"`
	Remove []string     `yaml:"remove"`
}
