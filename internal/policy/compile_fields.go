package policy

import (
	"net/http"
	"slices"
	"strings"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// cors compiles cors.
func (b *routeCompiler) cors() {
	c := b.conf.CORS
	if c == nil {
		return
	}
	compiled := &CORS{
		Headers:     word(fieldList(c.Headers), defaultCORSHeaders),
		Expose:      fieldList(c.Expose),
		Credentials: given(c.Credentials, false),
		MaxAge:      given(c.MaxAge, 0),
		Methods:     b.corsMethods(c.Methods),
	}
	for i, origin := range c.Origins {
		if origin == "*" {
			compiled.AnyOrigin = true
			continue
		}
		if scheme, host, ok := strings.Cut(origin, "://"); !ok || scheme == "" || host == "" || strings.ContainsAny(host, "/?#@ *") || strings.ToLower(origin) != origin {
			b.reject("cors."+item("origins", i), `write "https://app.example.com": scheme, host and port, in lower case`, "cors: %q is not an origin", origin)
			continue
		}
		compiled.Origins = append(compiled.Origins, origin)
	}
	if len(c.Origins) == 0 {
		b.reject("cors.origins", `write origins: ["https://app.example.com"]`, "cors has no origins")
	}
	if compiled.AnyOrigin && len(compiled.Origins) > 0 {
		b.reject("cors.origins", "keep one of the two", `cors.origins has "*" and others`)
	}
	if compiled.AnyOrigin && compiled.Credentials {
		b.reject("cors.credentials", "list the origins", `browsers refuse credentials where cors.origins is "*"`)
	}
	b.route.CORS = compiled
}

// corsMethods are the methods that a preflight allows: those of cors, else
// those of the route but OPTIONS.
func (b *routeCompiler) corsMethods(listed []string) string {
	if listed == nil {
		listed = b.route.methods
	}
	if listed == nil {
		listed = allMethods()
	}
	for i, m := range listed {
		if b.conf.CORS.Methods != nil && !b.route.methods.take(m) {
			b.reject("cors."+item("methods", i), "add it to methods", "cors allows %s, which the route does not take", m)
		}
	}
	listed = slices.DeleteFunc(slices.Clone(listed), func(m string) bool { return m == http.MethodOptions })
	slices.Sort(listed)
	return fieldList(listed)
}

// fieldList is the value of a field that is a list.
func fieldList(items []string) string { return strings.Join(items, ", ") }

// fields compiles request, response, trailers and tag_headers.
func (b *routeCompiler) fields() {
	r := b.route
	r.Request = b.fieldRules("request", b.conf.Request)
	r.Request.keep = b.keptOfRequests()
	r.Response = b.fieldRules("response", b.conf.Response)
	r.Response.keep = append(slices.Clone(framing), contentEncoding, "content-range")
	b.internalFields()
	b.trailers()
	r.TagHeaders = defaultTagHeaders()
	if b.conf.TagHeaders != nil {
		r.TagHeaders = nil
		for _, name := range b.conf.TagHeaders {
			r.TagHeaders = append(r.TagHeaders, http.CanonicalHeaderKey(name))
		}
	}
}

func (b *routeCompiler) fieldRules(option string, c *FieldRuleSet) FieldRules {
	var rules FieldRules
	if c == nil {
		return rules
	}
	for _, f := range c.Set {
		at := option + ".set." + f.Name
		b.checkField(option, at, f.Name)
		if strings.ContainsFunc(f.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }) {
			b.reject(at, "", "%s.set: the value of %s holds a control character", option, f.Name)
		}
		rules.Set = append(rules.Set, request.Field{Name: http.CanonicalHeaderKey(f.Name), Value: f.Value})
	}
	for i, name := range c.Remove {
		b.checkField(option, option+"."+item("remove", i), name)
		rules.remove(name)
	}
	return rules
}

// remove adds a name or a glob to what is removed.
func (f *FieldRules) remove(name string) {
	if strings.Contains(name, "*") {
		f.Globs = append(f.Globs, strings.ToLower(name))
		return
	}
	f.Remove = append(f.Remove, http.CanonicalHeaderKey(name))
}

// framing are the fields that no rule may touch: they say where a message ends,
// or who it is for.
var framing = []string{"connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"}

// contentEncoding says how the bytes of a body are to be read, and edge writes it
// where it codes bodies.
const contentEncoding = "content-encoding"

// keptOfRequests are the fields that no rule of request removes: those of the
// message, those that edge writes, and what is in the key.
func (b *routeCompiler) keptOfRequests() []string {
	kept := slices.Clone(framing)
	for _, own := range ownNames {
		if !isDirectives(own) {
			kept = append(kept, own)
		}
	}
	for _, h := range b.route.keyedHeaders {
		kept = append(kept, strings.ToLower(h.name))
	}
	if b.route.cookies.groups > 0 {
		kept = append(kept, "cookie")
	}
	return kept
}

// isDirectives reports whether a lower-case name is one by which a request says
// what caches may do: edge has read it, and the origin need not.
func isDirectives(name string) bool { return name == "cache-control" || name == "pragma" }

func (b *routeCompiler) checkField(option, at, name string) {
	lower := strings.ToLower(name)
	switch {
	case slices.Contains(framing, lower):
		b.reject(at, "", "%s: %s belongs to the message itself and cannot be changed", option, name)
	case option == "response" && lower == contentEncoding && len(b.route.Compress) > 0:
		b.reject(at, "leave it out, or write compress: false", "response: %s is written by edge, which codes bodies here", name)
	case option == "request" && isOwn(lower) && !isDirectives(lower):
		b.reject(at, "", "request: %s is written by edge", name)
	case option == "request" && b.route.headers.keys(name):
		b.reject(at, "take it out of one of them", "request: %s is in key.headers", name)
	case option == "request" && lower == "cookie" && b.route.cookies.groups > 0:
		b.reject(at, "take it out of one of them", "request: Cookie is made of key.cookies")
	}
}

// tags compiles tags and invalidates.
func (b *routeCompiler) tags() {
	b.route.tags = b.templates("tags", b.conf.Tags)
	for _, m := range b.conf.Invalidates {
		option := "invalidates." + m.Method
		if !rfc9111.Unsafe(m.Method) {
			b.reject(option, "list methods such as POST, PUT, PATCH or DELETE", "%s changes nothing, so it invalidates nothing", m.Method)
			continue
		}
		if !b.route.methods.take(m.Method) {
			b.reject(option, "add "+m.Method+" to methods", "invalidates names %s, which the route does not take", m.Method)
		}
		if b.route.invalidates == nil {
			b.route.invalidates = map[string][]template{}
		}
		b.route.invalidates[m.Method] = b.templates(option, m.Tags)
	}
}

func (b *routeCompiler) templates(option string, texts []string) []template {
	var compiled []template
	for i, text := range texts {
		t, f := parseTemplate(text, b.route.ParamNames)
		if f != nil {
			b.failWith(b.at(item(option, i)), f)
			continue
		}
		compiled = append(compiled, t)
	}
	return compiled
}

// names numbers every field that a route reads, and tells the routes.
func (b *compiler) names() *request.Names {
	var extra []string
	for _, r := range b.policy.Routes {
		for _, rule := range r.headers.rules {
			if !rule.glob {
				extra = append(extra, rule.name)
			}
		}
	}
	names := request.NewNames(extra...)
	for _, r := range b.policy.Routes {
		r.headers.number(names)
	}
	return names
}
