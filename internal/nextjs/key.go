package nextjs

import (
	"maps"
	"slices"
	"strings"

	"edge/internal/policy"
)

// requestKey is what a policy writes for a set of reads.
type requestKey struct {
	key, dynamicOn, withhold *policy.KeyConf
	notes                    map[string]string
}

// nothing reports whether there was no read at all.
func (k *requestKey) nothing() bool {
	return k.key == nil && k.dynamicOn != nil && k.dynamicOn.None
}

// keyOf turns reads into a key: parameters and header fields are keyed, cookies
// and Authorization make a request dynamic, because answers to them are one
// person's. What no key can hold is returned as the reason why.
func keyOf(reads []Read) (k *requestKey, why string) {
	k = &requestKey{notes: map[string]string{}}
	places := map[string][]string{}
	note := func(option string, r Read) { places[option] = append(places[option], r.short()) }
	var query, headers, cookies, dynamicHeaders []string
	anyCookie := false
	for _, r := range reads {
		switch {
		case r.Kind == ReadQuery:
			query = append(query, r.Name)
			note("key", r)
		case r.Kind == ReadCookie:
			anyCookie = anyCookie || r.Name == AnyName
			cookies = append(cookies, r.Name)
			note("dynamic_on", r)
		case r.Kind == ReadDraft:
			cookies = append(cookies, draftCookies...)
			note("dynamic_on", r)
		case r.Kind == ReadHeader && r.Name == "authorization":
			dynamicHeaders = append(dynamicHeaders, r.Name)
			note("dynamic_on", r)
		case r.Kind == ReadHeader && !unkeyable(r.Name):
			headers = append(headers, r.Name)
			note("key", r)
		default:
			return nil, "source " + r.At.String() + ": it reads " + r.what() + ", which no key holds"
		}
	}
	if slices.Contains(query, AnyName) {
		query = []string{AnyName}
	}
	k.write(unique(query), unique(headers), unique(cookies), unique(dynamicHeaders), anyCookie)
	for option, list := range maps.All(places) {
		k.notes[option] = "source " + strings.Join(list, ", ")
	}
	return k, ""
}

// write puts names where they belong. A kind that nothing names would be open:
// of what the handler does not read, nothing makes a request dynamic.
func (k *requestKey) write(query, headers, cookies, dynamicHeaders []string, anyCookie bool) {
	if len(query)+len(headers) > 0 {
		k.key = keyConf(query, headers, nil)
	}
	if anyCookie {
		cookies = nil // open: any cookie makes the request dynamic
	}
	if !anyCookie && len(cookies)+len(dynamicHeaders) == 0 {
		k.dynamicOn = &policy.KeyConf{None: true}
		k.notes["dynamic_on"] = "it reads no other data"
		return
	}
	if len(cookies)+len(dynamicHeaders) > 0 {
		k.dynamicOn = keyConf(nil, dynamicHeaders, cookies)
	}
	var noQuery, noCookies []string
	if len(query) == 0 {
		noQuery = []string{AnyName}
	}
	if len(cookies) == 0 && !anyCookie {
		noCookies = []string{AnyName}
	}
	if noQuery != nil || noCookies != nil {
		k.withhold = keyConf(noQuery, nil, noCookies)
		k.notes["withhold"] = "it does not read them"
	}
}

// keyConf is what key, dynamic_on or withhold hold; a kind without names is not
// written.
func keyConf(query, headers, cookies []string) *policy.KeyConf {
	return &policy.KeyConf{
		Query: keyItems(query...), HasQuery: len(query) > 0,
		Headers: keyItems(headers...), HasHeaders: len(headers) > 0,
		Cookies: keyItems(cookies...), HasCookies: len(cookies) > 0,
	}
}

func unique(list []string) []string {
	if list == nil {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// unkeyable reports whether a header field cannot be keyed: it never reaches a
// fetch, or nearly every client has a value of its own.
func unkeyable(name string) bool {
	switch name {
	case AnyName, "user-agent",
		"connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization",
		"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
		"baggage", "cache-control", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
		"pragma", "range", "traceparent", "tracestate", "via":
		return true
	}
	return strings.HasPrefix(name, "x-forwarded-") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != ""
}

// what is the data that is read, in words.
func (r Read) what() string {
	switch r.Kind {
	case ReadBody:
		return "the body"
	case ReadDraft:
		return "draft mode"
	case ReadClient:
		return "who the client is"
	}
	plural := map[ReadKind]string{ReadQuery: "any query parameter", ReadHeader: "any header field", ReadCookie: "any cookie"}
	if r.Name == AnyName {
		return plural[r.Kind]
	}
	return string(r.Kind) + " " + r.Name
}

// short is the data and its place.
func (r Read) short() string { return r.what() + " (" + r.At.String() + ")" }

// describeReads tells above a route what its GET reads.
func (d *draft) describeReads(h *handlerCode) {
	if h == nil || h.methods["GET"] == nil || len(h.methods["GET"].reads) == 0 {
		return
	}
	var list []string
	for _, r := range h.methods["GET"].reads {
		text := r.short()
		if r.Why != "" {
			text = r.what() + " (" + r.At.String() + ": " + r.Why + ")"
		}
		list = append(list, text)
	}
	d.above("GET reads %s.", strings.Join(list, ",\n  "))
}

// readsBody reports whether a method reads the body.
func (m *methodCode) readsBody() bool {
	return slices.ContainsFunc(m.reads, func(r Read) bool { return r.Kind == ReadBody })
}

// readsRequest reports whether a method reads what makes Next.js run it for
// every request: all but draft mode.
func (m *methodCode) readsRequest() bool {
	return slices.ContainsFunc(m.reads, func(r Read) bool { return r.Kind != ReadDraft })
}

// suggest shows above a dynamic route how it could be cached.
func (d *draft) suggest(get *methodCode) {
	k, why := keyOf(get.reads)
	if why != "" {
		return
	}
	c := policy.RouteConf{Path: d.conf.Path, Mode: policy.DynamicOnRequestData.String(), Key: k.key, DynamicOn: k.dynamicOn, Withhold: k.withhold}
	if k.nothing() {
		c = policy.RouteConf{Path: d.conf.Path, Mode: policy.ForceStatic.String()}
	}
	text := strings.TrimSpace(string(policy.PrintRoutes([]policy.RouteConf{c}, nil)))
	lines := strings.Split(text, "\n")
	d.above("To cache it, write how long its answers live:\n%s\n  revalidate: …", strings.Join(lines, "\n"))
}
