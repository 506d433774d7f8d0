package policy

// RespondConf is respond: a fixed answer. Off is true for the word false, which
// keeps what defaults say away from a route.
type RespondConf struct {
	Status     *int
	Body       *string
	File       string
	Headers    []ConstField
	ExceptFrom []string
	Off        bool
}

// RedirectConf is redirect: where a route's requests are sent.
type RedirectConf struct {
	To     string
	Status *int
	Query  string // keep, drop
}

// PageConf is one line of error_pages: a status, or a class of them ("5xx"), and
// the name of a file.
type PageConf struct{ Status, File string }

// answersAlone reports whether no request of a route goes any further than to
// edge's own answer, so that all that is about origins has no meaning.
func (r *RouteConf) answersAlone() bool { return r.answerOption() != "" }

// answerOption is the option by which a route answers alone; "" for none.
func (r *RouteConf) answerOption() string {
	switch {
	case r.Redirect != nil:
		return "redirect"
	case r.Respond != nil && !r.Respond.Off && r.Respond.ExceptFrom == nil:
		return "respond"
	}
	return ""
}
