package rfc9111

import (
	"net/http"

	"edge/internal/request"
)

// AnswersGet reports whether the response to v, a POST, may be stored as the
// answer to a later GET for the same URL (RFC 9110 section 9.3.3): it has
// explicit freshness, and a Content-Location that says that it is a
// representation of what v asked. meta is what Admit made of it as the answer to
// that GET.
func AnswersGet(v *request.View, r Response, meta *Meta) bool {
	if v.Method != http.MethodPost || r.Status != http.StatusOK || !meta.Facts.Has(FactExplicit) || meta.Lifetime <= 0 {
		return false
	}
	lines := r.Header.Values("Content-Location")
	if len(lines) != 1 {
		return false
	}
	u, ok := resolve(v, lines[0])
	return ok && u.Scheme == v.Scheme && canonicalHost(u) == v.Host && u.EscapedPath() == v.Path &&
		u.RawQuery == v.Query && (u.RawQuery != "" || u.ForceQuery) == v.HasQuery
}
