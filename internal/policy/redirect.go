package policy

import (
	"fmt"
	"slices"
	"strings"

	"edge/internal/request"
)

// redirection is a compiled redirect. What a request puts into its Location is
// escaped for the place it stands in, and never stands before the path: a client
// cannot choose the host, nor end the field.
type redirection struct {
	status int
	// site is the scheme and the authority, as "https://www.example.com"; empty
	// for a path of the same site.
	site                  string
	path, query, fragment template
	hasQuery, hasFragment bool
	// keep says that the query of the request is kept, but for parameters of
	// the names that query has.
	keep  bool
	names []string
}

// location is the value of Location for the request v, of which p is the plan.
func (t *redirection) location(v *request.View, p *Plan) string {
	r := p.Route
	params := p.Params[:len(r.ParamNames)]
	var b strings.Builder
	path := t.pathOf(v, params, r.catchAll)
	if t.site == "" && strings.HasPrefix(path, "//") {
		path = "/." + path // two slashes would begin a host
	}
	b.WriteString(t.site + path)
	query, has := t.queryOf(v, r, params)
	if has {
		b.WriteString("?" + query)
	}
	if t.hasFragment {
		b.WriteString("#" + t.fragment.fillWith(params, r.catchAll, asItIs))
	}
	return b.String()
}

// asItIs writes a parameter into a path or a fragment: in a canonical path it is
// escaped for both.
func asItIs(raw string, _ bool) string { return raw }

// inQuery writes a parameter into a query, where more signs separate.
func inQuery(raw string, rest bool) string {
	return escapeQuery(string(appendParam(nil, raw, rest)))
}

// pathOf is the path with its parameters. An optional catch-all that is absent
// takes the slash before it along; where a catch-all ends the path, the slash at
// the end of the request's path ends it too.
func (t *redirection) pathOf(v *request.View, params []string, rest bool) string {
	if t.path.parts == nil {
		return t.path.text
	}
	path, open := "", false
	for _, part := range t.path.parts {
		if open = false; part.text != "" {
			path += part.text
			continue
		}
		value := params[part.param]
		if value == "" {
			path = strings.TrimSuffix(path, "/")
			continue
		}
		path += value
		open = rest && part.param == len(params)-1 && !strings.HasSuffix(value, "/")
	}
	if open && strings.HasSuffix(v.Path, "/") {
		path += "/"
	}
	return word(path, "/")
}

// queryOf is the query, and false where there is none.
func (t *redirection) queryOf(v *request.View, r *Route, params []string) (string, bool) {
	own := t.query.fillWith(params, r.catchAll, inQuery)
	query, has := r.ClientQuery(v)
	switch {
	case !t.keep || !has:
		return own, t.hasQuery
	case !t.hasQuery:
		return query, true
	}
	for param := range request.Params(query) {
		if slices.ContainsFunc(t.names, param.Is) {
			continue
		}
		own += "&" + param.Name
		if param.Equals {
			own += "=" + param.Value
		}
	}
	return own, true
}

// parseRedirection reads a path or a URL in which "[name]" stands for a
// parameter of the route.
func parseRedirection(text string, params []string) (*redirection, *fault) {
	if f := checkTarget(text); f != nil {
		return nil, f
	}
	t := &redirection{}
	rest, f := t.cutSite(text)
	if f != nil {
		return nil, f
	}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	path, query, hasQuery := strings.Cut(rest, "?")
	t.hasQuery, t.hasFragment = hasQuery, hasFragment
	for _, part := range []struct {
		into *template
		text string
	}{{&t.path, word(path, "/")}, {&t.query, query}, {&t.fragment, fragment}} {
		if *part.into, f = parseParts("redirect", part.text, params); f != nil {
			return nil, f
		}
	}
	for param := range request.Params(query) {
		t.names = append(t.names, decodedName(param.Name))
	}
	return t, nil
}

// decodedName is the name of a query's parameter as an origin reads it.
func decodedName(raw string) string {
	var name []byte
	for i := 0; i < len(raw); {
		var c byte
		c, i = letter(raw, i, queryName)
		name = append(name, c)
	}
	return string(name)
}

// checkTarget looks at the characters of a target.
func checkTarget(text string) *fault {
	for i := range len(text) {
		c := text[i]
		bad := c <= ' ' || c >= 0x7F || strings.IndexByte("\"<>\\^`{|}", c) >= 0
		if c == '%' {
			bad = i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2])
		}
		if bad {
			return &fault{fmt.Sprintf("redirect %q holds %q", text, text[i:i+1]), "percent-encode what is not a letter, a digit or a sign of URLs"}
		}
	}
	return nil
}

// cutSite takes the scheme and the authority off a URL.
func (t *redirection) cutSite(text string) (rest string, _ *fault) {
	const hint = "write /new or https://www.example.com/new"
	if strings.HasPrefix(text, "//") {
		return "", &fault{fmt.Sprintf("redirect %q begins with two slashes, which begin a host", text), hint}
	}
	if strings.HasPrefix(text, "/") {
		return text, nil
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return "", &fault{fmt.Sprintf("redirect %q is neither a path nor an http or https URL", text), hint}
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	host, port, hasPort := cutPort(authority)
	switch {
	case strings.Contains(authority, "["):
		return "", &fault{fmt.Sprintf("redirect %q: a parameter cannot choose the host", text), "write a route for each host"}
	case !isHostName(strings.ToLower(host)), hasPort && !isPort(port):
		return "", &fault{fmt.Sprintf("redirect %q: %q is not a host", text, authority), hint}
	}
	t.site = scheme + "://" + authority
	return rest[len(authority):], nil
}

// host is the host of the site, as View.Host has it.
func (t *redirection) host() string {
	scheme, host, _ := strings.Cut(strings.ToLower(t.site), "://")
	return strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
}
