package policy

import (
	"net/http"
	"net/netip"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// FixedAnswer is an answer of edge's own (respond). It is read-only.
type FixedAnswer struct {
	Status int
	// Problem is true where edge answers as it answers its own errors; nothing
	// but Status counts then.
	Problem bool
	// Fields are the whole head but for what cors and response add, in
	// canonical spelling.
	Fields []request.Field
	Body   []byte
	// except are the networks whose clients get past the answer.
	except networks
}

// answers reports whether the answer is for the client of v. A nil answer is for
// nobody; a client whose address is not known is not excepted.
func (a *FixedAnswer) answers(v *request.View) bool {
	if a == nil || a.except == nil {
		return a != nil
	}
	client, err := netip.ParseAddr(v.ClientIP())
	return err != nil || !a.except.has(client)
}

// respond plans a fixed answer.
func (dst *Plan) respond(a *FixedAnswer) {
	if a.Problem {
		dst.refuse(a.Status, rfc9111.Responded)
		return
	}
	dst.answer(a.Status, rfc9111.Responded)
}

// redirect plans the redirect of the route.
func (dst *Plan) redirect(v *request.View) {
	t := dst.Route.redirection
	dst.answer(t.status, rfc9111.Redirected)
	dst.Location = t.location(v, dst)
}

// What fixed answers say to caches unless the owner says it.
const (
	fixedControl   = "public, max-age=0, must-revalidate"
	noStoreControl = "no-store"
)

// controlOf is the Cache-Control of a fixed answer. An error is for now, and what
// depends on who asks must not be kept for others.
func (a *FixedAnswer) controlOf() string {
	if a.Status >= http.StatusBadRequest || a.except != nil {
		return noStoreControl
	}
	return fixedControl
}
