package policy

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// Explanation is everything that Plan decided about a request, and why. Its
// JSON form is for programs, Text for people. It quotes values of headers and
// cookies: it is for the owner, not for clients.
type Explanation struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Plan is what Plan returns for the same view.
	Plan Plan `json:"-"`

	Route RouteSummary `json:"route"`
	// Tried are the routes and branches that were looked at, in order; the
	// last one is the one that was taken.
	Tried  []Tried      `json:"tried"`
	Params []NamedValue `json:"params,omitempty"`

	Course   string `json:"course"`
	Reason   string `json:"reason,omitempty"`
	Why      string `json:"why,omitempty"`
	Status   int    `json:"status,omitempty"`
	Location string `json:"location,omitempty"`
	Allow    string `json:"allow,omitempty"`
	// Page is the file that a refusal is told with to who prefers HTML.
	Page string `json:"page,omitempty"`

	// Data are the pieces of request data and their drawers, where the mode of
	// the route asks about them.
	Data []Datum     `json:"data,omitempty"`
	Key  *KeySummary `json:"key,omitempty"`

	// Lifetime says in sentences how long an answer lives.
	Lifetime    []string `json:"lifetime,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Invalidates []string `json:"invalidates,omitempty"`

	Origin *OriginSummary `json:"origin,omitempty"`
	// Client are the fields that edge writes for clients, and those of the route's
	// own rules.
	Client []NamedValue `json:"client,omitempty"`
	// Hints say what the owner could write.
	Hints []string `json:"hints,omitempty"`
}

// RouteSummary names a route.
type RouteSummary struct {
	Pattern string   `json:"pattern"`
	Mode    string   `json:"mode"`
	Hosts   []string `json:"hosts,omitempty"`
	Place   string   `json:"place,omitempty"`
}

// Tried is one step of the search for a route.
type Tried struct {
	Pattern string `json:"pattern"`
	Outcome string `json:"outcome"`
}

// NamedValue is a name and its value.
type NamedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Datum is a piece of request data and where it goes.
type Datum struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Value  string `json:"value"`
	Drawer string `json:"drawer"`
	Why    string `json:"why"`
}

// KeySummary is a cache key in readable form.
type KeySummary struct {
	Fingerprint string       `json:"fingerprint"`
	URL         string       `json:"url"`
	Fields      []NamedValue `json:"fields,omitempty"`
}

// OriginSummary is what the origin would see.
type OriginSummary struct {
	Name string   `json:"name"`
	URLs []string `json:"urls"`
	// Target and Fields are what comes from the request, as the policy's rules
	// leave it. Others says what is sent beside them.
	Target string       `json:"target"`
	Fields []NamedValue `json:"fields,omitempty"`
	Others string       `json:"others"`
}

// Explain decides about v as Plan does, with the same code, and tells how.
func (p *Policy) Explain(v *request.View) Explanation {
	e := Explanation{Method: v.Method, URL: v.Scheme + "://" + v.Host + target(v.Path, v.Query, v.HasQuery)}
	var rec recorder
	p.plan(v, &e.Plan, &rec)
	e.Tried, e.Data = rec.steps, rec.data
	e.decision()
	r := e.Plan.Route
	for i, name := range r.ParamNames {
		e.Params = append(e.Params, NamedValue{name, e.Plan.Params[i]})
	}
	switch e.Plan.Course {
	case Answer:
		e.Client = fixedFields(&e.Plan)
	case Lookup:
		e.lookup(p)
	case Pass, Pipe:
		e.Invalidates = r.AppendInvalidates(nil, v.Method, &e.Plan)
		if r.Mode == Auto && v.Method == http.MethodPost && e.Plan.Reason == rfc9111.UnsafeMethod {
			e.Lifetime = []string{"a 200 that says for how long, and whose Content-Location is this URL, is stored: it answers later GETs, never a POST"}
		}
		query, hasQuery := r.ClientQuery(v)
		e.Origin = p.originSummary(r, v.Method+" "+target(v.Path, query, hasQuery), ruledFields(r, nil),
			"all that the client sent, and edge's forwarding fields")
	}
	if e.Plan.Course != Refuse { // an error of edge's own is not the route's answer
		e.Client = ruledAnswer(r, e.Client)
	}
	e.Hints = hints(v, &e.Plan)
	return e
}

func target(path, query string, hasQuery bool) string {
	if hasQuery {
		return path + "?" + query
	}
	return path
}

// decision fills in what the plan says.
func (e *Explanation) decision() {
	p, r := &e.Plan, e.Plan.Route
	e.Route = RouteSummary{Pattern: r.Pattern, Mode: r.Mode.String(), Hosts: r.Hosts}
	if r.place.Line > 0 {
		e.Route.Place = r.place.String()
	}
	e.Course, e.Reason, e.Why = p.Course.String(), p.Reason.String(), p.Reason.Text()
	e.Status, e.Location = p.Status, p.Location
	if page, ok := r.ErrorPages.Of(p.Status); ok && p.Course == Refuse {
		e.Page = page.File
	}
	switch p.Reason {
	case rfc9111.Options, rfc9111.PreflightNoCORS, rfc9111.MethodNotAllowed:
		e.Allow = r.Allow
	}
}

// lookup fills in what follows from a key. It reads the key back, as a fetch
// does.
func (e *Explanation) lookup(p *Policy) {
	r := e.Plan.Route
	f := r.Fetch(string(e.Plan.Key))
	var fields []NamedValue
	for _, field := range f.Fields {
		fields = append(fields, NamedValue{field.Name, field.Value})
	}
	if f.Cookie != "" {
		fields = append(fields, NamedValue{"Cookie", f.Cookie})
	}
	e.Key = &KeySummary{
		Fingerprint: hex.EncodeToString(r.Fingerprint[:]),
		URL:         f.Scheme + "://" + f.Host + target(f.Path, f.Query, f.HasQuery),
		Fields:      fields,
	}
	e.Lifetime = lifetimeText(r)
	e.Tags = r.AppendTags(nil, &e.Plan)
	others := "Accept, Accept-Encoding: identity, User-Agent, Via, X-Forwarded-Host, -Proto and -Port, traceparent: edge's own, where they are not above"
	method := http.MethodGet // of every fetch for the store
	if !r.Enforced() {
		method = e.Method // a HEAD that misses goes on as it is
		others = "all that the client sent but conditions, and edge's forwarding fields"
	} else {
		fields = append([]NamedValue{{"Host", f.Host}}, fields...)
		e.Client = clientFields(r)
	}
	e.Origin = p.originSummary(r, method+" "+target(f.Path, f.Query, f.HasQuery), ruledFields(r, fields), others)
}

// ruledFields applies the constants of request to fields.
func ruledFields(r *Route, fields []NamedValue) []NamedValue {
	for _, f := range r.Request.Set {
		fields = append(fields, NamedValue{f.Name, f.Value})
	}
	return fields
}

func (p *Policy) originSummary(r *Route, line string, fields []NamedValue, others string) *OriginSummary {
	o := p.Settings.Origins[r.Origin]
	if o.StripPrefix != "" {
		others += "; the path loses " + o.StripPrefix
	}
	if o.AddPrefix != "" {
		others += "; the path begins with " + o.AddPrefix
	}
	if removed := slices.Concat(r.Request.Remove, r.Request.Globs); len(removed) > 0 {
		others += "; without " + strings.Join(removed, ", ")
	}
	return &OriginSummary{Name: o.Name, URLs: o.URLs, Target: line, Fields: fields, Others: others}
}

// clientFields are what enforced answers tell clients.
func clientFields(r *Route) []NamedValue {
	who := "public"
	if r.Client.Private {
		who = "private"
	}
	var fields []NamedValue
	switch {
	case r.Client.BrowserOrigin:
		fields = append(fields, NamedValue{"Cache-Control", "the origin's"})
	case r.Client.Browser > 0:
		fields = append(fields, NamedValue{"Cache-Control",
			fmt.Sprintf("%s, max-age=(Age + %d)", who, int(r.Client.Browser.Seconds()))})
	default:
		fields = append(fields, NamedValue{"Cache-Control", who + ", max-age=0, must-revalidate"})
	}
	if r.Client.Vary != "" {
		fields = append(fields, NamedValue{"Vary", r.Client.Vary})
	}
	if len(r.Compress) > 0 {
		var codings []string
		for _, c := range r.Compress {
			codings = append(codings, c.String())
		}
		fields = append(fields, NamedValue{"Content-Encoding", joinWords(codings, " or ") + ", for clients that take it, where it saves something"})
	}
	return fields
}

// ruledAnswer applies the rules of response to what edge writes for clients.
func ruledAnswer(r *Route, fields []NamedValue) []NamedValue {
	fields = slices.DeleteFunc(fields, func(f NamedValue) bool { return r.Response.Removes(f.Name) || r.Response.sets(f.Name) })
	for _, f := range r.Response.Set {
		fields = append(fields, NamedValue{f.Name, f.Value})
	}
	return fields
}

// fixedFields are what a fixed answer tells clients.
func fixedFields(p *Plan) []NamedValue {
	if p.Reason != rfc9111.Responded {
		return nil
	}
	var fields []NamedValue
	for _, f := range p.Route.Respond.Fields {
		fields = append(fields, NamedValue{f.Name, f.Value})
	}
	return append(fields, NamedValue{"Content-Length", strconv.Itoa(len(p.Route.Respond.Body))})
}

// hints says what the owner could write where a plan may surprise.
func hints(v *request.View, p *Plan) []string {
	var list []string
	switch p.Reason {
	case rfc9111.UnknownHost:
		list = append(list, "add "+v.Host+" to hosts")
	case rfc9111.ClosedParam:
		list = append(list, "add the value to params, or write dynamic_params: true")
	case rfc9111.ForbiddenData:
		list = append(list, "name the data in key or in withhold")
	case rfc9111.MethodNotAllowed:
		list = append(list, "add "+v.Method+" to methods")
	case rfc9111.Responded:
		if except := p.Route.Respond.except; except != nil {
			list = append(list, "clients in "+except.String()+" get past this answer")
		}
	case rfc9111.DynamicQuery, rfc9111.DynamicCookie:
		list = append(list, "name in key what the answer depends on, and in withhold what does not count; dynamic_on: none if nothing does")
	case rfc9111.DynamicAuth:
		list = append(list, "if the answer is the same for everybody: withhold: {headers: [Authorization]}")
	}
	if isPreflight(v) && p.Route.CORS == nil && p.Route.Enforced() {
		list = append(list, "this is a preflight: browsers of other origins get nowhere without cors: {origins: [...]}")
	}
	if v.Upgrade != "" && p.Course != Pipe && v.Method == http.MethodGet {
		list = append(list, "Upgrade is removed: websocket: true in mode auto, or mode force-dynamic, lets WebSockets through")
	}
	return list
}
