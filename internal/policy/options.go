package policy

import (
	"time"
)

// The tables below define the top level of the policy file and its smaller
// mappings: every option with its name, how it is written, where it is kept,
// its default and what it means. options_route.go has those of routes.

// configOptions are the options of the top level.
var configOptions = []optionOf[Config]{
	need(option("version", versionShape(), func(c *Config) *int { return &c.Version }, "",
		"The version of the format.")),
	option("listen", listeners(), func(c *Config) *[]ListenConf { return &c.Listen }, `":8080"`,
		"Where clients connect to: an address, a mapping with an address and options, or a list of these."),
	option("scheme", oneOf("http", "https"), func(c *Config) *string { return &c.Scheme }, "",
		"The scheme that clients speak; it is part of every key. Without it, the scheme of the listener, or of X-Forwarded-Proto from a trusted proxy."),
	option("hosts", textList("a list of host names", `[www.example.com, "*.example.com"]`), func(c *Config) *[]string { return &c.Hosts }, "",
		"The hosts that are served; a request for any other is answered 421. Without it every host is served, with a warning."),
	option("trusted_proxies", textList("a list of networks", "[10.0.0.0/8]"), func(c *Config) *[]string { return &c.TrustedProxies }, "",
		"Networks of the proxies whose forwarding fields (Forwarded, X-Forwarded-*) are believed."),
	option("admin", optional(mapping(adminOptions, `{listen: "127.0.0.1:9090"}`)), func(c *Config) **ListenerConf { return &c.Admin }, "",
		"The private listener: invalidation, explain, status, pprof, metrics and health."),
	option("metrics", optional(mapping(metricsOptions, `{listen: ":9091"}`)), func(c *Config) **ListenerConf { return &c.Metrics }, "",
		"One more listener, for /metrics, /healthz and /readyz and nothing else. It never needs a token."),
	option("origin", optional(defaultOrigin), func(c *Config) **OriginConf { return &c.Origin }, "",
		"Where responses come from when there is one origin: short for origins.default."),
	option("origins", originsByName, func(c *Config) *[]OriginConf { return &c.Origins }, "",
		"Origins by name. Routes that name none go to default."),
	option("cache", placed(mapping(cacheOptions, "{memory: 512MiB}"), func(c *CacheConf) *Places { return &c.Places }), func(c *Config) *CacheConf { return &c.Cache }, "",
		"The store."),
	option("internal", optional(mapping(internalOptions, "{request: [x-middleware-*]}")), func(c *Config) **InternalConf { return &c.Internal }, "",
		"Request data and response fields that only the application itself may use: they are removed from requests and answers on every route whose key does not name them. Globs are allowed."),
	option("preset", oneOf("nextjs"), func(c *Config) *string { return &c.Preset }, "",
		"Routes, defaults and other options for a framework, below those of the file: edge validate --print shows them."),
	option("include", textList("a list of files", "[routes.next.yaml]"), func(c *Config) *[]string { return &c.Include }, "",
		"Files with a list of routes and nothing else, relative to this file. A route of this file replaces an included one on the same path as a whole."),
	option("defaults", placed(mapping(defaultOptions(), "{stale: 1d}"), func(r *RouteConf) *Places { return &r.Places }), func(c *Config) *RouteConf { return &c.Defaults }, "",
		"Options of every route that does not write them itself, and of paths that match no route. What does not apply to the mode of a route is ignored there."),
	option("routes", routeList, func(c *Config) *[]RouteConf { return &c.Routes }, "",
		"The routes. Their order has no meaning: the most specific path matches."),
	option("trailing_slash", oneOf("keep", "never", "always"), func(c *Config) *string { return &c.TrailingSlash }, "keep",
		"never and always redirect (308) to the path without, or with, a trailing slash."),
	option("slashes", oneOf("keep", "merge"), func(c *Config) *string { return &c.Slashes }, "keep",
		"merge redirects (308) a path with doubled slashes to the one without."),
	option("fast_hits", optional(boolean()), func(c *Config) **bool { return &c.FastHits }, "true",
		"Whether plain GETs that a route looks up are answered on the connection, below net/http. The answers are the same; a hit takes less than half of the processor's time, and less than a fifth in HTTP/2; a fetch of HTTP/1.1 takes less, too. A reload to false holds for open connections, too; one to true, in HTTP/1, for new ones only."),
	option("access_log", text("a place for the log", "stdout, stderr, off or the name of a file"), func(c *Config) *string { return &c.AccessLog }, "stdout",
		"Where one line of JSON for each request goes."),
	option("drain_delay", optional(duration()), func(c *Config) **time.Duration { return &c.DrainDelay }, "5s",
		"How long connections are still accepted on SIGTERM, after readiness has failed."),
	option("drain_timeout", optional(duration()), func(c *Config) **time.Duration { return &c.DrainTimeout }, "30s",
		"How long requests in flight may then take."),
	option("max_request_body", optional(size()), func(c *Config) **int64 { return &c.MaxRequestBody }, "0",
		"The largest body of a request that is passed on; beyond it the answer is 413. 0 sets no bound."),
	option("limits", placed(mapping(limitOptions, "{connections_per_client: 100}"), func(l *LimitsConf) *Places { return &l.Places }), func(c *Config) *LimitsConf { return &c.Limits }, "",
		"What one request, one client and all of them together may take."),
}

var adminOptions = []optionOf[ListenerConf]{
	option("listen", address, func(l *ListenerConf) *string { return &l.Listen }, `"127.0.0.1:9090"`,
		"The address. Without a token it must be a loopback address."),
	secret(option("token", anyText("text", "${EDGE_ADMIN_TOKEN:-}"), func(l *ListenerConf) *string { return &l.Token }, "",
		"What clients of the admin API must send as a bearer token. Without one, only loopback addresses may listen."),
		func(l *ListenerConf) *string { return &l.TokenWritten }, asWritten),
}

var metricsOptions = []optionOf[ListenerConf]{
	need(option("listen", address, func(l *ListenerConf) *string { return &l.Listen }, "",
		"The address.")),
}

var cacheOptions = []optionOf[CacheConf]{
	option("memory", optional(size()), func(c *CacheConf) **int64 { return &c.Memory }, "512MiB",
		"How many bytes objects may take in memory."),
	option("max_object", optional(size()), func(c *CacheConf) **int64 { return &c.MaxObject }, "16MiB",
		"The largest body that is stored. A route may write its own."),
	option("generation", anyText("text", `"${GIT_SHA:-}"`), func(c *CacheConf) *string { return &c.Generation }, "",
		"The version of the application. It is part of every key, so that a new one starts with an empty store."),
	option("variants", optional(whole("16", 1, 4096)), func(c *CacheConf) **int { return &c.Variants }, "16",
		"How many variants (section 4.1 of RFC 9111) one key may have."),
	option("in_flight", optional(size()), func(c *CacheConf) **int64 { return &c.InFlight }, "256MiB",
		"How many bytes the bodies of all fetches may hold at once. Above it answers are not stored: they stream, through small windows, to the requests that wait for them already."),
	option("max_silence", optional(timeLimit("5s, 30s or 1m")), func(c *CacheConf) **time.Duration { return &c.MaxSilence }, "30s",
		"In a fleet: for how long stored objects are trusted after the last news from the log of invalidations. After that all of them count as softly purged. At least 1s."),
	option("shared", optional(sharedShape), func(c *CacheConf) **SharedConf { return &c.Shared }, "",
		"What the nodes of a fleet share: a log of invalidations and a second tier of objects, on Redis or Valkey."),
}

var internalOptions = []optionOf[InternalConf]{
	option("query", textList("a list of names", `["nxtP*"]`), func(c *InternalConf) *[]string { return &c.Query }, "",
		"Query parameters of requests."),
	option("request", nameList(fieldNames, "a list of header field names", "[x-middleware-*]"), func(c *InternalConf) *[]string { return &c.Request }, "",
		"Request fields."),
	option("response", nameList(fieldNames, "a list of header field names", "[x-middleware-*]"), func(c *InternalConf) *[]string { return &c.Response }, "",
		"Response fields."),
}

// section is one mapping of the policy file, for hints and for the reference.
type section struct {
	where string
	rows  []row
}

// row is one option, without the type of what holds it.
type row struct {
	name, preset, doc, wants, write string
	required, inherited             bool
}

// sections are all mappings of the policy file that have options.
func sections() []section {
	return []section{
		{"the top level", rows(configOptions)},
		{"listen", rows(listenOptions)},
		{"tls of a listener", rows(tlsOptions)},
		{"routes", rows(routeOptions)},
		{"key, dynamic_on and withhold", rows(keyOptions)},
		{"cors", rows(corsOptions)},
		{"request and response", rows(fieldRuleOptions)},
		{"respond", rows(respondOptions)},
		{"redirect", rows(redirectOptions)},
		{"origin and origins", rows(originOptions)},
		{"timeouts of an origin", rows(timeoutOptions)},
		{"tls of an origin", rows(originTLSOptions)},
		{"health of an origin", rows(healthOptions)},
		{"eject of an origin", rows(ejectOptions)},
		{"breaker of an origin", rows(breakerOptions)},
		{"limits", rows(limitOptions)},
		{"cache", rows(cacheOptions)},
		{"shared of cache", rows(sharedOptions)},
		{"tls of shared", rows(sharedTLSOptions)},
		{"internal", rows(internalOptions)},
		{"admin", rows(adminOptions)},
		{"metrics", rows(metricsOptions)},
	}
}

func rows[S any](table []optionOf[S]) []row {
	list := make([]row, len(table))
	for i, o := range table {
		list[i] = row{o.name, o.preset, o.doc, o.wants, o.write, o.required, o.inherited}
	}
	return list
}
