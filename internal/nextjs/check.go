package nextjs

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// Finding is a place where the code reads something that a policy withholds, or
// exports a method that a policy refuses.
type Finding struct {
	At     Position
	Method string
	// Path is the pattern of the app's route.
	Path    string
	Message string // lower case, no full stop
	Hint    string // what to do
	// Policy is where the policy's route stands, file:line:column; empty when
	// no route is written for the path.
	Policy string
}

// String is the place, the message, the policy's line and the hint.
func (f Finding) String() string {
	s := f.At.String() + ": " + f.Message
	if f.Policy != "" {
		s += "\n    " + f.Policy + " says so"
	}
	return s + "\n    = " + f.Hint
}

// Check compares what the app's handlers read with what a policy gives them, by
// planning a request with that data for each way in which the app's route and
// the policy's meet. config is what p was compiled from. Pages are not looked at.
func Check(app *App, p *policy.Policy, config *policy.Config) []Finding {
	c := checker{policy: p, config: config, found: map[Finding]bool{}}
	for i := range app.Routes {
		r := &app.Routes[i]
		for _, path := range samplePaths(config, r.Conf.Path) {
			for _, host := range c.hosts() {
				c.route(r, "http://"+host+path)
			}
		}
	}
	list := make([]Finding, 0, len(c.found))
	for f := range c.found {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(comparePositions(a.At, b.At), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Policy, b.Policy))
	})
	return list
}

type checker struct {
	policy *policy.Policy
	config *policy.Config
	found  map[Finding]bool
}

// hosts are hosts that the policy serves, one for each that it names.
func (c *checker) hosts() []string {
	list := slices.Clone(c.config.Hosts)
	for _, r := range c.config.Routes {
		list = append(list, r.Hosts...)
	}
	if len(list) == 0 {
		return []string{"localhost"}
	}
	for i, host := range list {
		list[i] = strings.Replace(host, "*.", "edge-check.", 1)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// route checks all methods of one route at one address.
func (c *checker) route(r *Route, address string) {
	for _, m := range r.Methods {
		plan, ok := c.explain(m.Name, address)
		if !ok || plan.Plan.Reason == rfc9111.ClosedParam || plan.Plan.Reason == rfc9111.UnknownHost {
			continue
		}
		if plan.Plan.Reason == rfc9111.MethodNotAllowed {
			c.add(plan, r, m, m.At, fmt.Sprintf("it exports %s, which is answered 405", m.Name), "add "+m.Name+" to the route's methods")
			continue
		}
		for _, read := range m.Reads {
			c.read(plan, r, m, read, address)
		}
	}
}

// read checks one read.
func (c *checker) read(plan policy.Explanation, r *Route, m Method, read Read, address string) {
	if r.emptied && m.Name == http.MethodGet && read.Kind != ReadBody && read.Kind != ReadDraft {
		return // Next.js itself keeps it from the handler
	}
	if read.Kind == ReadBody {
		if m.Name == http.MethodGet && plan.Plan.Route.Mode != policy.ForceDynamic {
			c.add(plan, r, m, read.At, m.Name+" reads the body, and a GET with one is answered 400", "write mode: force-dynamic")
		}
		return
	}
	kind, name := datumOf(read)
	query, fields := "", []string(nil)
	switch kind {
	case "query":
		query = "?" + url.QueryEscape(name) + "=1"
	case "cookies":
		fields = []string{"Cookie: " + name + "=1"}
	default:
		fields = []string{name + ": 1"}
	}
	with, ok := c.explain(m.Name, address+query, fields...)
	if why := withholds(with, ok, kind, name); why != "" {
		c.add(plan, r, m, read.At, fmt.Sprintf("%s reads %s, which is withheld (%s)", m.Name, read.what(), why), hintFor(read, why))
	}
}

// sampleName stands for a name that no policy writes.
const sampleName = "edge-check"

// datumOf is the data of a request that a read is about: its kind in the words
// of a policy, and a name.
func datumOf(r Read) (kind, name string) {
	name = r.Name
	if name == AnyName {
		name = sampleName
	}
	switch r.Kind {
	case ReadQuery:
		return "query", name
	case ReadCookie:
		return "cookies", name
	case ReadDraft:
		return "cookies", draftCookies[0]
	case ReadClient:
		return "headers", cmp.Or(name, "x-forwarded-for")
	}
	return "headers", name
}

// whyRemoved is why a route that removes a field withholds it.
const whyRemoved = "request: {remove}"

// hintFor says what to do about a read that is withheld.
func hintFor(r Read, why string) string {
	k, unkeyed := keyOf([]Read{r})
	switch {
	case why == whyRemoved:
		return "take it out of request: {remove}, or do not read it"
	case unkeyed != "":
		return "write mode: force-dynamic, or do not read it"
	case r.Name == AnyName && r.Kind == ReadCookie:
		return "write mode: force-dynamic, or read cookies by name"
	}
	c := policy.RouteConf{Path: "/", Key: k.key}
	if k.key == nil {
		c.DynamicOn = k.dynamicOn
	}
	lines := strings.Fields(string(policy.PrintRoutes([]policy.RouteConf{c}, nil)))
	return "add it to the route, " + strings.Join(lines[3:], " ") + ", or do not read it"
}

// withholds says why a piece of data does not reach the handler; empty when it
// does.
func withholds(e policy.Explanation, ok bool, kind, name string) string {
	if !ok {
		return "no request can have it"
	}
	for _, removed := range e.Plan.Route.Request.Remove {
		if kind == "headers" && strings.EqualFold(removed, name) {
			return whyRemoved
		}
	}
	if e.Plan.Course == policy.Refuse && e.Plan.Reason == rfc9111.ForbiddenData {
		return "mode error refuses it"
	}
	if e.Plan.Course != policy.Lookup {
		return ""
	}
	for _, d := range e.Data {
		if d.Kind != kind || !strings.EqualFold(d.Name, name) {
			continue
		}
		if d.Drawer == "withheld" && !strings.HasPrefix(d.Why, "key.") { // a closed value
			return d.Why
		}
		return ""
	}
	if e.Plan.Route.Enforced() {
		return "it never reaches a fetch"
	}
	return ""
}

func (c *checker) explain(method, address string, fields ...string) (policy.Explanation, bool) {
	v, fault := request.New(&c.policy.Rules, method, address, fields...)
	if fault != request.NoFault {
		return policy.Explanation{}, false
	}
	return c.policy.Explain(v), true
}

func (c *checker) add(plan policy.Explanation, r *Route, m Method, at Position, message, hint string) {
	c.found[Finding{At: at, Method: m.Name, Path: r.Conf.Path, Message: message, Hint: hint, Policy: plan.Route.Place}] = true
}
