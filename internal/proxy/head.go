package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// head is what the client's head depends on beside the origin's fields.
type head struct {
	status int
	age    time.Duration
	stored bool   // the answer is or will be an object
	etag   string // edge's own entity tag; empty while the body is not whole
}

// The Cache-Control values that edge writes. Shared: never to be changed.
var (
	dynamicControl = []string{"private, no-cache, no-store, max-age=0, must-revalidate"}
	publicControl  = []string{"public, max-age=0, must-revalidate"}
	autoControl    = []string{"max-age=0, must-revalidate"}
	privateControl = []string{"private, max-age=0, must-revalidate"}
)

// clientHead turns the origin's fields in h into those that clients get, for
// answers of a lookup. Leader, follower and hit go through it alike. In auto
// the origin's fields pass unchanged, unless the route has a browser option.
func (q *inquiry) clientHead(h http.Header, a head) {
	route, varies := q.plan.Route, q.varies(h, a.status)
	switch {
	case route.Enforced():
		q.enforcedHead(h, a)
	case !route.Client.BrowserOrigin:
		q.limitBrowser(h, a.age)
	}
	if varies {
		addVary(h, "Accept-Encoding")
	}
	q.cors(h)
	route.Response.Apply(h)
}

// enforcedHead writes what the policy says of an enforced answer.
func (q *inquiry) enforcedHead(h http.Header, a head) {
	route := q.plan.Route
	switch {
	case !a.stored:
		setDynamicControl(h)
	case !route.Client.BrowserOrigin:
		h["Cache-Control"] = q.browserControl(a.age)
		delete(h, "Expires")
		delete(h, "Pragma")
	}
	dropTargets(h, route)
	if delete(h, "Vary"); route.Client.Vary != "" {
		h["Vary"] = []string{route.Client.Vary}
	}
	if tag := get(h, "Etag"); tag == "" || strings.HasPrefix(tag, "W/") {
		if delete(h, "Etag"); a.etag != "" && a.status == http.StatusOK {
			h["Etag"] = []string{a.etag}
		}
	}
}

// dropTargets removes the targeted fields (RFC 9213): they spoke to us, and a
// cache behind us would believe them more than Cache-Control.
func dropTargets(h http.Header, route *policy.Route) {
	for _, name := range route.Overrides.Targets {
		h.Del(name) // it is spelled as its RFC does, not as net/http
	}
}

// browserControl is the Cache-Control that tells browsers how long to keep an
// answer. A max-age counts from when the answer was made, so the browser's share
// is added to its age.
func (q *inquiry) browserControl(age time.Duration) []string {
	c := &q.plan.Route.Client
	switch {
	case c.Browser > 0:
		return []string{q.beforeMaxAge() + maxAgeText(c, age)}
	case !q.plan.Route.Enforced():
		return autoControl
	case c.Private:
		return privateControl
	}
	return publicControl
}

// beforeMaxAge is what stands before max-age. In auto it is the origin's to say
// who may keep the answer.
func (q *inquiry) beforeMaxAge() string {
	switch {
	case !q.plan.Route.Enforced():
		return ""
	case q.plan.Route.Client.Private:
		return "private, "
	}
	return "public, "
}

func maxAgeText(c *policy.Client, age time.Duration) string {
	return string(appendMaxAge(nil, c, age))
}

func appendMaxAge(dst []byte, c *policy.Client, age time.Duration) []byte {
	return strconv.AppendInt(append(dst, "max-age="...), int64((age+c.Browser)/time.Second), 10)
}

// limitBrowser is what browser does in auto: where the origin lets answers be
// kept, it says how long. What it forbids, and its silence, stay.
func (q *inquiry) limitBrowser(h http.Header, age time.Duration) {
	d := rfc9111.ParseDirectives(h["Cache-Control"])
	if h["Cache-Control"] == nil || d.NoStore || d.Private || d.NoCache {
		return
	}
	h["Cache-Control"] = q.browserControl(age)
	delete(h, "Expires")
	delete(h, "Pragma")
}

// forOne reports whether data of the request made it dynamic: the answer is for
// one reader.
func forOne(why rfc9111.Reason) bool {
	switch why {
	case rfc9111.DynamicQuery, rfc9111.DynamicCookie, rfc9111.DynamicHeader, rfc9111.DynamicAuth:
		return true
	}
	return false
}

// setDynamicControl keeps answers that are for one reader out of every cache,
// unless the origin has done so in its own words.
func setDynamicControl(h http.Header) {
	if d := rfc9111.ParseDirectives(h["Cache-Control"]); d.NoStore || d.Private {
		return
	}
	h["Cache-Control"] = dynamicControl
	delete(h, "Expires")
}

// dynamicHead is the head of a pass; stored says that the answer to a POST is
// kept for a GET.
func (x *exchange) dynamicHead(res *http.Response, stored bool) {
	h, route := res.Header, x.plan.Route
	if x.stripped { // what a fetch would bring, had it been storable
		x.enforcedHead(h, head{status: res.StatusCode})
		if route.Overrides.Violations == rfc9111.ViolationsOverride {
			delete(h, "Set-Cookie")
		}
	}
	if (route.Mode != policy.Auto || forOne(x.reason)) && res.StatusCode != http.StatusSwitchingProtocols {
		setDynamicControl(h)
		dropTargets(h, route)
	}
	x.cors(h)
	route.Response.Apply(h)
	appendStatus(h, rfc9111.Status{Fwd: x.fwd(), FwdStatus: res.StatusCode, Stored: stored, Detail: x.reason})
}

// cors writes the route's Access-Control fields and removes the origin's.
func (q *inquiry) cors(h http.Header) {
	c := q.plan.Route.CORS
	if c == nil {
		return
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			delete(h, name)
		}
	}
	if !c.AnyOrigin {
		addVary(h, "Origin")
	}
	from, _ := q.view.Get(originSlot)
	allowed, ok := c.Allows(from)
	if !ok {
		return
	}
	h["Access-Control-Allow-Origin"] = []string{allowed}
	if c.Credentials {
		h["Access-Control-Allow-Credentials"] = []string{"true"}
	}
	if c.Expose != "" {
		h["Access-Control-Expose-Headers"] = []string{c.Expose}
	}
}

// addVary adds a member to Vary unless it is there.
func addVary(h http.Header, member string) {
	for _, line := range h["Vary"] {
		for m := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(m), member) {
				return
			}
		}
	}
	if old := strings.Join(h["Vary"], ", "); old != "" {
		member = old + ", " + member
	}
	h["Vary"] = []string{member}
}
