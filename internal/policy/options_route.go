package policy

import "time"

// routeOptions are the options of a route; those marked with inherit may stand
// in defaults.
var routeOptions = []optionOf[RouteConf]{
	need(option("path", text("a path", "/api/posts/[id]"), func(r *RouteConf) *string { return &r.Path }, "",
		"The public path, in Next.js's segment syntax: [x], [...x], [[...x]]; (group) is ignored.")),
	option("hosts", textList("a list of host names", "[www.example.com]"), func(r *RouteConf) *[]string { return &r.Hosts }, "",
		"Limits the route to these hosts. It then goes before routes for all hosts."),
	inherit(option("mode", oneOf("auto", "force-static", "dynamic-on-request-data", "error", "force-dynamic"), func(r *RouteConf) *string { return &r.Mode }, "auto",
		"What happens to request data that is not in key: see the modes.")),
	option("methods", nameList(methodNames, "a list of methods", "[GET, POST]"), func(r *RouteConf) *[]string { return &r.Methods }, "",
		"The methods that are served; others are answered 405. GET implies HEAD. Without it, GET in enforced modes and every method elsewhere."),
	option("origin", text("the name of an origin", "api"), func(r *RouteConf) *string { return &r.Origin }, "default",
		"The name of the origin."),

	option("key", keyShape, func(r *RouteConf) **KeyConf { return &r.Key }, "",
		"The request data that the answer depends on. In enforced modes the origin sees nothing else."),
	option("dynamic_on", dynamicShape, func(r *RouteConf) **KeyConf { return &r.DynamicOn }, "",
		"The data whose presence makes a request dynamic: it passes, and the answer is for nobody else. In dynamic-on-request-data any query parameter does so, too, as long as key and dynamic_on name none, and so does any cookie; none says that neither do. Authorization always does, unless key or withhold names it. Globs (wp_*) and name=value are allowed."),
	inherit(option("withhold", withholdShape, func(r *RouteConf) **KeyConf { return &r.Withhold }, "",
		"Data that never makes a request dynamic and never reaches the origin on a fetch. tracking is a built-in list (utm_*, gclid, fbclid, _ga* and others), alone or first in a list.")),

	option("revalidate", optional(lifetime()), func(r *RouteConf) **time.Duration { return &r.Revalidate }, "",
		"The lifetime of answers. In enforced modes it beats the origin both ways; in auto it counts where the origin is silent. false means forever, here only."),
	inherit(option("jitter", optional(share()), func(r *RouteConf) **float64 { return &r.Jitter }, "5%",
		"The largest share by which a lifetime that revalidate gave is shortened at random.")),
	inherit(option("stale", optional(span()), func(r *RouteConf) **time.Duration { return &r.Stale }, "1d",
		"How long after its lifetime, or after a soft purge that ends it early, an object may be served while it is refreshed, or while the origin fails. The default is that of enforced modes; in auto it counts only where it is written on the route.")),
	inherit(option("stale_if_error", optional(span()), func(r *RouteConf) **time.Duration { return &r.StaleIfError }, "",
		"The same for a failed origin alone. Without it, stale.")),
	inherit(option("stale_when", constants("{x-nextjs-cache: STALE}"), func(r *RouteConf) *[]ConstField { return &r.StaleWhen }, "",
		"Response fields with the value that marks an answer as stale on arrival.")),
	option("status", statuses(), func(r *RouteConf) *[]StatusConf { return &r.Status }, "",
		"Lifetimes by status, in enforced modes; 0 is not stored. Without it 301 and 308 live 10m, 404 and 410 10s."),
	inherit(option("error_cap", optional(span()), func(r *RouteConf) **time.Duration { return &r.ErrorCap }, "60s",
		"In auto: the longest lifetime of 4xx and 5xx answers.")),
	inherit(option("heuristics", optional(boolean()), func(r *RouteConf) **bool { return &r.Heuristics }, "false",
		"In auto: whether answers without explicit freshness get a lifetime (section 4.2.2 of RFC 9111).")),
	inherit(option("set_cookie", oneOf("honour", "strip"), func(r *RouteConf) *string { return &r.SetCookie }, "honour",
		"In auto: an answer with Set-Cookie is not stored (honour), or is stored without the field (strip).")),
	inherit(option("ignore_vary", optional(varyShape()), func(r *RouteConf) **VaryConf { return &r.IgnoreVary }, "",
		"Whether members of the origin's Vary that are not in the key are ignored; a list names those that are. Without it, true in enforced modes.")),
	inherit(option("targets", distinct(listOrEmpty(fieldNames.name(), "a list of header field names", "[CDN-Cache-Control]"), fieldNames.same), func(r *RouteConf) *[]string { return &r.Targets }, "[CDN-Cache-Control]",
		"Targeted cache control fields (RFC 9213) in order of precedence.")),
	inherit(option("request_directives", oneOf("honour", "ignore"), func(r *RouteConf) *string { return &r.RequestDirectives }, "honour",
		"In auto: whether a request's Cache-Control counts.")),
	inherit(option("violations", oneOf("override", "pass", "fail"), func(r *RouteConf) *string { return &r.Violations }, "",
		"What happens to an answer that contradicts the mode. Without it override in force-static, pass in dynamic-on-request-data, fail in error.")),
	inherit(option("browser", optional(browserShape()), func(r *RouteConf) **BrowserConf { return &r.Browser }, "0",
		"How long browsers may keep answers; origin keeps the origin's Cache-Control, which is what auto does unless the route itself writes this option.")),
	inherit(option("compress", optional(compressShape()), func(r *RouteConf) **CompressConf { return &r.Compress }, "",
		"Whether edge codes answers for clients that take it, or with which codings, the preferred first; true is [br, zstd, gzip]. Without it, true in enforced modes, where no origin is asked for a coding, and false in auto, where only the route itself can say it.")),
	inherit(option("collapse_wait", optional(duration()), func(r *RouteConf) **time.Duration { return &r.CollapseWait }, "5s",
		"How long a request waits for the fetches of others, all together.")),
	option("max_object", optional(size()), func(r *RouteConf) **int64 { return &r.MaxObject }, "",
		"The largest body that is stored. Without it, that of cache."),
	option("generation", text("text", "assets"), func(r *RouteConf) *string { return &r.Generation }, "",
		"A generation of the route's own, for objects that are to outlive a new cache.generation: files whose names change with their content. Without it, that of cache."),

	option("tags", textList("a list of tags", `[posts, "post:[id]"]`), func(r *RouteConf) *[]string { return &r.Tags }, "",
		"Labels to invalidate objects by; [id] is replaced by the value of the parameter."),
	inherit(option("tag_headers", nameList(fieldNames, "a list of header field names", "[Cache-Tag]"), func(r *RouteConf) *[]string { return &r.TagHeaders }, "[Cache-Tag, Surrogate-Key]",
		"Response fields that carry more tags. They are removed from answers.")),
	option("invalidates", methodTags(), func(r *RouteConf) *[]MethodTags { return &r.Invalidates }, "",
		"Tags that a successful request with an unsafe method purges."),
	option("invalidate_limit", optional(rate()), func(r *RouteConf) **float64 { return &r.InvalidateLimit }, "false",
		"How many purging requests per second are let through; more are refused with 429."),
	option("params", optional(paramsShape()), func(r *RouteConf) **ParamsConf { return &r.Params }, "",
		"Known values of the path's parameters: lists by name, or a list of complete sets."),
	option("dynamic_params", optional(boolean()), func(r *RouteConf) **bool { return &r.DynamicParams }, "true",
		"false: values that params does not list match nothing."),
	option("warm", optional(boolean()), func(r *RouteConf) **bool { return &r.Warm }, "false",
		"Whether the known values are fetched at start."),
	inherit(option("cors", optional(mapping(corsOptions, `{origins: ["https://app.example.com"]}`)), func(r *RouteConf) **CORSConf { return &r.CORS }, "",
		"Cross-origin access. edge answers preflights and writes Access-Control-* itself.")),
	option("request", optional(mapping(fieldRuleOptions, "{set: {x-name: value}, remove: [x-name]}")), func(r *RouteConf) **FieldRuleSet { return &r.Request }, "",
		"Constant changes to what the origin gets."),
	option("response", optional(mapping(fieldRuleOptions, "{set: {x-name: value}, remove: [x-name]}")), func(r *RouteConf) **FieldRuleSet { return &r.Response }, "",
		"Constant changes to what clients get."),
	inherit(option("trailers", nameList(fieldNames, "a list of trailer field names", `[X-Checksum] or ["*"]`), func(r *RouteConf) *[]string { return &r.Trailers }, "[Content-Digest, Repr-Digest, Server-Timing]",
		"In force-dynamic: the trailer fields of the origin that pass. Those of gRPC always do; those that decide about a message or its client (Set-Cookie, Cache-Control, ...) never do.")),
	option("websocket", optional(boolean()), func(r *RouteConf) **bool { return &r.WebSocket }, "false",
		"In auto: whether WebSocket upgrades are allowed. force-dynamic always allows them."),

	inherit(option("respond", optional(respondShape()), func(r *RouteConf) **RespondConf { return &r.Respond }, "",
		"A fixed answer of edge's own to every method that the route takes: the origin is not asked. A status alone is short for a mapping. false keeps away what defaults say.")),
	option("redirect", optional(redirectShape()), func(r *RouteConf) **RedirectConf { return &r.Redirect }, "",
		"Where requests are sent instead of an origin: short for a mapping with to."),
	inherit(option("error_pages", errorPages(), func(r *RouteConf) *[]PageConf { return &r.ErrorPages }, "",
		"HTML files that browsers get instead of edge's own errors: clients whose Accept prefers text/html. Others get a problem document (RFC 9457). A status goes before its class. Files are relative to the policy file, UTF-8, at most 1MiB, and read again when they change.")),
	inherit(option("intercept_errors", optional(boolean()), func(r *RouteConf) **bool { return &r.InterceptErrors }, "false",
		"Whether error_pages stand in for the bodies of the origin's errors as well. The status and all fields that are not about the body stay; others than browsers get the origin's answer.")),
}

// defaultOptions are those of routeOptions that may stand in defaults.
func defaultOptions() []optionOf[RouteConf] {
	var inherited []optionOf[RouteConf]
	for _, o := range routeOptions {
		if o.inherited {
			inherited = append(inherited, o)
		}
	}
	return inherited
}

var corsOptions = []optionOf[CORSConf]{
	need(option("origins", textList("a list of origins", `["https://app.example.com"]`), func(c *CORSConf) *[]string { return &c.Origins }, "",
		`The origins that are allowed; "*" for all.`)),
	option("methods", nameList(methodNames, "a list of methods", "[GET, POST]"), func(c *CORSConf) *[]string { return &c.Methods }, "",
		"The methods that are allowed. Without it, those of the route."),
	option("headers", nameList(fieldNames, "a list of header field names", "[Content-Type]"), func(c *CORSConf) *[]string { return &c.Headers }, "[Content-Type]",
		"The request fields that are allowed."),
	option("expose", nameList(fieldNames, "a list of header field names", "[ETag]"), func(c *CORSConf) *[]string { return &c.Expose }, "",
		"The response fields that scripts may read."),
	option("credentials", optional(boolean()), func(c *CORSConf) **bool { return &c.Credentials }, "false",
		"Whether credentials may be sent."),
	option("max_age", optional(duration()), func(c *CORSConf) **time.Duration { return &c.MaxAge }, "",
		"How long browsers may remember the answer to a preflight."),
}

var fieldRuleOptions = []optionOf[FieldRuleSet]{
	option("set", constants("{x-name: value}"), func(f *FieldRuleSet) *[]ConstField { return &f.Set }, "",
		"Fields with their constant values; they replace what was there."),
	option("remove", nameList(fieldNames, "a list of header field names", "[x-name]"), func(f *FieldRuleSet) *[]string { return &f.Remove }, "",
		"Fields that are removed, before set. Globs (x-debug-*) are allowed; they leave alone what is in the key, forwarding fields, and what says how a message is framed and coded."),
}
