package policy

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"edge/internal/request"
)

const whyInternal = "internal"

// internalQuery compiles the parameters that no client may send.
func (b *compiler) internalQuery() {
	if b.config.Internal == nil || len(b.config.Internal.Query) == 0 {
		return
	}
	k := &kindRules{form: queryName, star: -1, rest: rule{to: forwarded}}
	k.addNames(withheld, whyInternal, b.config.Internal.Query...)
	k.index()
	b.policy.internal = k
}

// internalRules adds, for one kind, what no client may send. In auto and
// force-dynamic fields are removed on their way to the origin and need no rule.
func (b *routeCompiler) internalRules(rules *kindRules, k dataKind) {
	in := b.config.Internal
	switch {
	case in == nil:
	case k == queryData:
		rules.addNames(withheld, whyInternal, in.Query...)
	case k == headerData && (b.route.Enforced() || rules.star >= 0):
		for _, name := range in.Request {
			rules.addNames(withheld, whyInternal, strings.ToLower(name))
		}
	}
}

// ClientQuery is the client's query as auto and a pass send it: byte for byte,
// without the parameters that are internal. It allocates only if there are any.
func (r *Route) ClientQuery(v *request.View) (query string, present bool) {
	if r.internal == nil || !v.HasQuery {
		return v.Query, v.HasQuery
	}
	internal := false
	for p := range v.Params() {
		internal = internal || r.isInternal(p)
	}
	if !internal {
		return v.Query, true
	}
	var b strings.Builder
	for p := range v.Params() {
		if r.isInternal(p) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.Name)
		if p.Equals {
			b.WriteByte('=')
		}
		b.WriteString(p.Value)
	}
	return b.String(), b.Len() > 0
}

func (r *Route) isInternal(p request.Param) bool {
	_, to := r.internal.find(p.Name, p.Value)
	return to == withheld
}

// internalFields adds what no client may send or see to the rules of the route.
// What the route names in its key it has a use for.
func (b *routeCompiler) internalFields() {
	in := b.config.Internal
	if in == nil {
		return
	}
	r := b.route
	for i, name := range in.Request {
		b.checkInternal("request", i, name)
		canonical := http.CanonicalHeaderKey(name)
		if !slices.ContainsFunc(r.keyedHeaders, func(h keyedHeader) bool { return h.name == canonical }) {
			r.Request.remove(name)
		}
	}
	for i, name := range in.Response {
		b.checkInternal("response", i, name)
		r.Response.remove(name)
	}
}

// checkInternal reports names of fields that are not an application's own.
func (b *compiler) checkInternal(side string, i int, name string) {
	lower := strings.ToLower(name)
	if slices.ContainsFunc(slices.Concat(framing, ownNames, []string{"cookie", authorization, contentEncoding}), func(own string) bool {
		return globMatches(lower, own, plainName)
	}) {
		option := "internal." + side
		b.fail(b.at(option+"."+strconv.Itoa(i)), "name the fields that the application made up",
			"%s: %s is not the application's own", option, name)
	}
}
