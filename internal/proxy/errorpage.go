package proxy

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"

	"edge/internal/policy"
	"edge/internal/request"
)

var htmlPage = []string{"text/html; charset=utf-8"}

// page returns the route's page for an error, where the client is to get it. Where
// there is one the answer depends on Accept, whoever gets it.
func (x *exchange) page(h http.Header, status int) ([]byte, bool) {
	page, ok := x.plan.Route.ErrorPages.Of(status)
	if !ok {
		return nil, false
	}
	addVary(h, "Accept")
	return page.Body, policy.PrefersHTML(x.accept())
}

// accept returns the client's Accept. Where there is net/http's request it is not the
// view's, which has no fields where the request was at fault.
func (x *exchange) accept() []string {
	if x.r == nil {
		return slices.Collect(x.view.Lines(request.SlotAccept))
	}
	return x.r.Header["Accept"]
}

// intercept returns the page that takes the place of an origin's error, and makes
// its head that of the page.
func (x *exchange) intercept(h http.Header, status int) ([]byte, bool) {
	if !x.plan.Route.Intercepts(status) {
		return nil, false
	}
	page, ok := x.page(h, status)
	if ok {
		becomePage(h)
	}
	return page, ok
}

// ofRepresentation are the fields that speak of the body that a page replaces (RFC
// 9110 section 8; RFC 9530). All others are about the answer, and stay.
var ofRepresentation = []string{
	"Accept-Ranges", "Content-Digest", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
	"Content-Location", "Content-Md5", "Content-Range", "Etag", "Last-Modified", "Repr-Digest", "Trailer",
}

func becomePage(h http.Header) {
	for _, name := range ofRepresentation {
		delete(h, name)
	}
	h["Content-Type"] = htmlPage
}

// deliverBody is body for an answer of the origin's, which a page may replace.
// What is stored is the origin's in any case.
func (x *exchange) deliverBody(h http.Header, from source, status int) {
	if page, ok := x.intercept(h, status); ok {
		x.whole(h, fixedBody(page), status)
		return
	}
	x.body(h, from, status)
}

// interceptPass puts a page in the place of the body of a pass.
func (x *exchange) interceptPass(res *http.Response) {
	page, ok := x.intercept(res.Header, res.StatusCode)
	if !ok {
		return
	}
	res.Header["Content-Length"] = []string{strconv.Itoa(len(page))}
	res.ContentLength = int64(len(page))
	if x.view.Method == http.MethodHead {
		page = nil
	}
	res.Body = &pageBody{bytes.NewReader(page), res, res.Body}
}

// pageBody is a page in the place of an origin's body.
type pageBody struct {
	*bytes.Reader
	res      *http.Response
	replaced io.ReadCloser
}

// drained is how much of a body that nobody wants is read for the sake of its
// connection.
const drained = 64 << 10

// Close implements io.Closer. The trailers, which come with the end of a body, go
// with it.
func (b *pageBody) Close() error {
	_, _ = io.CopyN(io.Discard, b.replaced, drained) // a body that breaks off costs its connection
	err := b.replaced.Close()
	b.res.Trailer = nil
	return err
}
