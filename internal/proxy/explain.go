package proxy

import (
	"fmt"
	"net/http"
	"time"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// Explanation is what would be done with a request: the decision of the policy,
// and what the store has to say to it.
type Explanation struct {
	policy.Explanation
	Stored
}

// Stored tells in sentences what the store has for a request that is looked up.
// All is empty for others.
type Stored struct {
	// Object is what is stored for it, or why there is nothing.
	Object string `json:"stored,omitempty"`
	// Equivalent is the URL whose object answers in its place, by the object's own
	// No-Vary-Search; Object is then about that one.
	Equivalent string `json:"equivalent,omitempty"`
	// Part is what is stored of a body that is not whole. Rest is what the origin
	// would be asked for in order to complete it.
	Part string `json:"part,omitempty"`
	Rest string `json:"rest,omitempty"`
}

// Explain tells what would be done with a request by the policy in force, with the
// code that does it. It asks no origin and changes nothing. fields are lines like
// "Cookie: a=b"; a request that would be refused before the policy is asked comes
// back as its fault.
func (p *Proxy) Explain(method, url string, fields ...string) (Explanation, request.Fault) {
	l := p.live.Load()
	v, fault := request.New(&l.policy.Rules, method, url, fields...)
	if fault != request.NoFault {
		return Explanation{}, fault
	}
	x := &exchange{inquiry: inquiry{p: p, live: l, view: *v}}
	e := Explanation{Explanation: l.policy.Explain(v)}
	if x.decide(); x.plan.Course == policy.Lookup {
		x.explainStored(&e.Stored)
	}
	return e, fault
}

// Text is for people.
func (e Explanation) Text() string {
	text := e.Explanation.Text()
	for _, line := range [...]struct{ heading, text string }{
		{"stored", e.Object}, {"part", e.Part}, {"rest", e.Rest},
	} {
		if line.text != "" {
			text += fmt.Sprintf("%-9s %s\n", line.heading, line.text) // as policy has it
		}
	}
	return text
}

// explainStored looks up as an exchange does.
func (x *exchange) explainStored(s *Stored) {
	asked := string(x.plan.Key)
	x.search()
	if string(x.plan.Key) != asked {
		f := x.plan.Route.Fetch(string(x.plan.Key))
		s.Equivalent = f.Scheme + "://" + f.Host + f.Path
		if f.HasQuery {
			s.Equivalent += "?" + f.Query
		}
	}
	x.judge(x.p.now())
	s.Object = x.storedText(s.Equivalent)
	if x.partial != nil {
		s.Part = x.partText()
		s.Rest = x.restText()
	}
}

// storedText is about the object, which is that of another URL unless equivalent
// is empty.
func (x *exchange) storedText(equivalent string) string {
	if x.found.State != cache.Found {
		return storedWords[x.found.State]
	}
	o, now := x.found.Object, x.p.now()
	text := fmt.Sprintf("status %d, %d bytes, age %s; now: %s (%s)",
		o.Meta.Status, o.Body.Size(), o.Meta.Age(now).Round(time.Second), x.verdict.Action, x.verdict.Reason)
	if x.found.Soft.Hit {
		text += fmt.Sprintf("; softly purged %s ago", now.Sub(x.found.Soft.At).Round(time.Second))
	}
	if d := x.verdict.IfError; d > 0 && d != rfc9111.Forever {
		text += fmt.Sprintf("; stands in for a failed origin for another %s", d.Round(time.Second))
	}
	if x.standsIn() {
		text += "; it does now, for the origin failed a moment ago"
	}
	if o.Meta.Facts.Has(rfc9111.FactPosted) {
		text += "; it came as the answer to a POST"
	}
	if equivalent != "" {
		text += "; it was made for " + equivalent + ", and its No-Vary-Search says that it answers"
	}
	return text
}

// storedWords tell what a look-up found when it is no object.
var storedWords = map[cache.State]string{
	cache.Nothing: "nothing",
	cache.Variant: "only for other request fields",
	cache.Dead:    "nothing, it was purged",
	cache.Marked:  "nothing, it turned out not storable a moment ago",
}

// partText is about the part that is stored of a body.
func (x *exchange) partText() string {
	part, meta, now := x.partial.part, &x.partial.object.Meta, x.p.now()
	text := fmt.Sprintf("%s, age %s; ", part.ContentRange(part.Size), meta.Age(now).Round(time.Second))
	v, head := x.judgePartial()
	switch {
	case head != nil:
		return text + "it answers this range"
	case v.Action == rfc9111.Serve:
		return text + "ranges that lie in it are answered"
	}
	return text + fmt.Sprintf("it answers nothing until the origin has confirmed it (%s)", v.Reason)
}

// restText is about what a fetch would ask for because of the part.
func (x *exchange) restText() string {
	if _, head := x.judgePartial(); head != nil {
		return ""
	}
	f := x.newFetch()
	if f.takePartial(); f.partial == nil || x.mustPass() {
		return "the part is no help: the whole is asked for, or the client's range"
	}
	h := http.Header{}
	f.partial.part.Ask(h, f.partial.object.Head.Get("Etag"))
	return fmt.Sprintf("the origin is asked for %s, if its entity tag is still %s, and the two are combined", h.Get("Range"), h.Get("If-Range"))
}
