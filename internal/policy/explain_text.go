package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// Text writes the explanation for people.
func (e Explanation) Text() string {
	var t textWriter
	t.line("request", e.Method+" "+e.URL)
	where := "mode " + e.Route.Mode
	if e.Route.Place != "" {
		where += ", " + e.Route.Place
	}
	if e.Route.Hosts != nil {
		where += ", for " + strings.Join(e.Route.Hosts, ", ")
	}
	t.line("route", e.Route.Pattern+"  ("+where+")")
	for _, tried := range e.Tried {
		t.line("tried", tried.Pattern+"  "+tried.Outcome)
	}
	for _, p := range e.Params {
		t.line("params", p.Name+" = "+strconv.Quote(p.Value))
	}
	t.line("plan", e.verdict())
	if e.Location != "" {
		t.line("location", e.Location)
	}
	if e.Allow != "" {
		t.line("allow", e.Allow)
	}
	if e.Page != "" {
		t.line("page", e.Page+", for who prefers HTML")
	}
	for _, d := range e.Data {
		t.line("data", fmt.Sprintf("%-9s %s  (%s: %s)", d.Drawer, datumText(d), d.Kind, d.Why))
	}
	if e.Course == Pass.String() && len(e.Data) > 0 {
		t.line("data", "one of them makes the request dynamic: the origin sees all")
	}
	if k := e.Key; k != nil {
		t.line("key", k.URL)
		t.pairs("key", k.Fields)
		t.line("key", "fingerprint "+k.Fingerprint)
	}
	t.lines("lifetime", e.Lifetime)
	t.lines("tags", e.Tags)
	t.lines("purges", e.Invalidates)
	if o := e.Origin; o != nil {
		t.line("origin", o.Name+"  "+strings.Join(o.URLs, " ")+"  sees")
		t.line("origin", o.Target)
		t.pairs("origin", o.Fields)
		t.line("origin", "("+o.Others+")")
	}
	t.pairs("client", e.Client)
	t.lines("hint", e.Hints)
	return t.b.String()
}

// verdict is the course with its status and reason.
func (e *Explanation) verdict() string {
	s := e.Course
	if e.Status != 0 {
		s += " " + strconv.Itoa(e.Status)
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if e.Why != "" {
		s += "  " + e.Why
	}
	return s
}

func datumText(d Datum) string {
	if d.Kind == headerData.String() {
		return d.Name + ": " + d.Value
	}
	return d.Name + "=" + d.Value
}

// textWriter writes lines under headings; a heading is not repeated.
type textWriter struct {
	b    strings.Builder
	last string
}

func (t *textWriter) line(heading, text string) {
	shown := heading
	if heading == t.last {
		shown = ""
	}
	t.last = heading
	fmt.Fprintf(&t.b, "%-9s %s\n", shown, text)
}

func (t *textWriter) lines(heading string, list []string) {
	for _, s := range list {
		t.line(heading, s)
	}
}

func (t *textWriter) pairs(heading string, list []NamedValue) {
	for _, p := range list {
		t.line(heading, p.Name+": "+p.Value)
	}
}
