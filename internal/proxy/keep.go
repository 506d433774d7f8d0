package proxy

import (
	"fmt"
	"io"
	"net/http"

	"github.com/cespare/xxhash/v2"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// keep stores the answer to a pass while it passes: one to a POST that is also
// the answer to a GET for the same URL (RFC 9110 section 9.3.3), or the part of a
// body that a range asked for (RFC 9111 section 3.3). The answer itself is the one
// client's: nobody joins it.
type keep struct {
	f         *fetch // what a GET that began when the pass did would be
	admission rfc9111.Admission
	labels    cache.Labels
	part      rfc9111.Part // of the body; the zero Part for all of it
	head      http.Header
	body      []byte // of the announced length, which the budget has reserved
}

// newKeep returns nil when the answer is not one to be stored: few are. b is the
// birth of the request.
func (x *exchange) newKeep(res *http.Response, at rfc9111.Moment, b birth) *keep {
	if x.plan.Route.Mode != policy.Auto || res.ContentLength < 0 || res.ContentLength > x.plan.Route.MaxObject {
		return nil
	}
	switch {
	case x.view.Method == http.MethodPost:
		return x.keepForGet(res, at, b)
	case x.passes && x.view.Method == http.MethodGet && res.StatusCode == http.StatusPartialContent:
		return x.keepPart(res, at, b)
	}
	return nil
}

// keepForGet is newKeep for the answer to a POST.
func (x *exchange) keepForGet(res *http.Response, at rfc9111.Moment, b birth) *keep {
	f := x.getFor(b)
	if f == nil {
		return nil
	}
	k := &keep{f: f}
	k.admission, k.labels = f.admission(res, at)
	r := rfc9111.Response{Status: res.StatusCode, Header: res.Header, Length: res.ContentLength}
	if k.admission.Store != rfc9111.StoreIt || !rfc9111.AnswersGet(&x.view, r, &k.admission.Meta) {
		return nil
	}
	k.admission.Meta.Facts |= rfc9111.FactPosted
	return k
}

// keepPart is newKeep for a 206: it is stored as if it were an incomplete 200.
func (x *exchange) keepPart(res *http.Response, at rfc9111.Moment, b birth) *keep {
	part, ok := rfc9111.PartOf(res.Header, res.ContentLength)
	if !ok || !rfc9111.Combinable(res.Header) {
		return nil
	}
	f := x.newFetch()
	f.birth = b
	incomplete := *res
	incomplete.StatusCode = http.StatusOK
	k := &keep{f: f, part: part}
	k.admission, k.labels = f.admission(&incomplete, at)
	if k.admission.Store != rfc9111.StoreIt {
		return nil
	}
	return k
}

// getFor returns the fetch that a GET for the URL of x would be, nil if the
// policy would not look such a GET up.
func (x *exchange) getFor(b birth) *fetch {
	get := &exchange{inquiry: inquiry{p: x.p, live: x.live, view: *x.view.Clone()}}
	get.view.Method, get.view.Body, get.view.ContentLength = http.MethodGet, request.NoBody, 0
	get.decide()
	if get.plan.Course != policy.Lookup {
		return nil
	}
	f := get.newFetch()
	f.birth = b
	return f
}

// begin takes the head as it is before it is made the client's, and the body as
// it passes. It puts own in force, the invalidations that the request itself causes,
// and reports whether the answer may outlive them and there is room for it.
func (k *keep) begin(res *http.Response, own []cache.Selector) bool {
	last, clean := k.f.p.memory.Overtake(&k.labels, k.f.born, own, k.f.p.now())
	if !clean || !k.f.p.flights.Reserve(res.ContentLength) {
		return false
	}
	k.f.born, k.body = last, make([]byte, 0, res.ContentLength)
	if k.head = res.Header.Clone(); k.part.Length > 0 {
		dropDigests(k.head)
	}
	for _, names := range [...][]string{k.admission.Strip, k.admission.Omit} {
		for _, name := range names {
			k.head.Del(name)
		}
	}
	res.Body = &ending{body: &tee{ReadCloser: res.Body, k: k}, tell: k.end}
	return true
}

// end stores what has come whole.
func (k *keep) end(err error) {
	defer k.f.p.flights.Release(int64(cap(k.body)))
	if err != nil || len(k.body) < cap(k.body) {
		return
	}
	o := &cache.Object{
		Meta:      k.admission.Meta,
		Head:      cache.MakeHead(k.head),
		Body:      cache.NewBody([][]byte{k.body}),
		ETag:      fmt.Sprintf(`"%016x"`, xxhash.Sum64(k.body)),
		Labels:    k.labels,
		Born:      k.f.born,
		Selection: cache.NewSelection(rfc9111.AppendSelector(nil, k.admission.Vary, k.f.view), rfc9111.Selecting(k.admission.Vary, k.f.view)),
	}
	if k.part.Length > 0 {
		k.f.keepPartial(k.admission.Vary, o, k.part)
		return
	}
	k.f.p.memory.Store(k.f.key, k.admission.Vary, o)
}

// tee copies a body that passes into a keep.
type tee struct {
	io.ReadCloser
	k *keep
}

// Read implements io.Reader.
func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	room := cap(t.k.body) - len(t.k.body)
	t.k.body = append(t.k.body, p[:min(n, room)]...)
	return n, err
}
