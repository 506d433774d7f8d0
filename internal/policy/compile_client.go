package policy

import (
	"net/http"
	"slices"
	"strings"

	"edge/internal/rfc9111"
)

// client compiles what answers tell clients.
func (b *routeCompiler) client() {
	r := b.route
	browser := given(b.conf.Browser, BrowserConf{Origin: r.Mode == Auto})
	r.Client.Browser, r.Client.BrowserOrigin = browser.MaxAge, browser.Origin
	b.compress()
	if !r.Enforced() {
		return // the origin's fields pass
	}
	dependsOnWho := r.Mode == DynamicOnRequestData
	if b.conf.DynamicOn != nil {
		dependsOnWho = !b.conf.DynamicOn.None
	}
	r.Client.Private = dependsOnWho || r.cookies.groups > 0 || r.headers.keys("Authorization")
	r.Client.Vary = r.vary()
}

// vary lists the fields that decide about an enforced answer, sorted.
func (r *Route) vary() string {
	if r.headers.star >= 0 {
		return "*"
	}
	var fields []string
	for _, rule := range r.headers.rules {
		if !rule.glob && (rule.to == keyed || rule.to == dynamic) {
			fields = append(fields, http.CanonicalHeaderKey(rule.name))
		}
	}
	if r.cookies.groups > 0 || r.cookies.sendsTo(dynamic) {
		fields = append(fields, "Cookie")
	}
	if r.CORS != nil && !r.CORS.AnyOrigin {
		fields = append(fields, "Origin")
	}
	slices.Sort(fields)
	return strings.Join(slices.Compact(fields), ", ")
}

// sendsTo reports whether any data of the kind can go to d.
func (k *kindRules) sendsTo(d drawer) bool {
	return k.rest.to == d || slices.ContainsFunc(k.rules, func(r rule) bool { return r.to == d })
}

// keys reports whether the kind keys a name.
func (k *kindRules) keys(name string) bool {
	r, _ := k.find(name, "")
	return r.to == keyed
}

// compress compiles compress. Where the coding is in the key, the origin codes.
func (b *routeCompiler) compress() {
	r, c := b.route, given(b.conf.Compress, CompressConf{All: b.route.Enforced()})
	if r.headers.keys("Accept-Encoding") {
		if b.written.Compress != nil {
			b.reject("compress", "take Accept-Encoding out of key.headers", "compress has no use where the origin is asked for a coding")
		}
		return
	}
	if c.All {
		r.Compress = []rfc9111.Coding{rfc9111.Brotli, rfc9111.Zstd, rfc9111.Gzip}
	}
	for _, name := range c.Codings {
		for coding := rfc9111.Brotli; coding < rfc9111.NumCodings; coding++ {
			if coding.String() == name {
				r.Compress = append(r.Compress, coding)
			}
		}
	}
}
