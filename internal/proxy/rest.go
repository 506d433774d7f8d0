package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// takePartial looks for a part of the body that the fetch could complete with one
// range. It is taken after the fetch was born, so that a purge either finds it or
// finds what is made of it. One in other hands than the client's whose credentials
// go along is left alone.
func (f *fetch) takePartial() {
	pc := partialOf(f.p, f.live, f.route, f.key, f.view)
	if pc == nil || f.stale != nil || pc.part.Size > f.route.MaxObject || f.personal(pc.object.Meta.Facts) {
		return
	}
	if _, ok := pc.part.Rest(); ok {
		f.partial = pc
	}
}

// misses makes the answer to a request for the rest of a body that of the whole. It
// reports whether the answer is none at all: the rest of something else, or not
// what was asked for. Then the whole must be asked for.
func (f *fetch) misses(res *http.Response) bool {
	f.completed = f.combine(res)
	switch res.StatusCode {
	case http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return true // combined, it would have become a 200
	}
	return false
}

// combine makes an answer that brings the rest that of the whole, and reports
// whether it does.
func (f *fetch) combine(res *http.Response) bool {
	answer := rfc9111.Response{Status: res.StatusCode, Header: res.Header, Length: res.ContentLength}
	head, ok := rfc9111.Combine(f.partial.head(), f.partial.part, answer)
	if !ok {
		return false
	}
	rest, _ := f.partial.part.Rest()
	stored, arriving := readChunks(f.partial.object.Body), io.Reader(&exactly{res.Body, rest.Length})
	first, second := stored, arriving
	if rest.Start == 0 {
		first, second = arriving, stored
	}
	res.Body = readCloser{io.MultiReader(first, second), res.Body}
	res.StatusCode, res.Status = http.StatusOK, "200 OK"
	res.Header, res.ContentLength, res.TransferEncoding = head, f.partial.part.Size, nil
	return true
}

// readChunks reads a stored body.
func readChunks(b cache.Body) io.Reader {
	var readers []io.Reader
	for c := range b.All() {
		readers = append(readers, bytes.NewReader(c))
	}
	return io.MultiReader(readers...)
}

type readCloser struct {
	io.Reader
	io.Closer
}

var errRestLonger = errors.New("the origin sent more than the range it announced")

// exactly ends cleanly only after as many bytes as were announced.
type exactly struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		return 0, errRestLonger
	case err == io.EOF && e.left > 0:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// salvage stores what came of a body that broke off, if more of it can be asked
// for. It is for auto alone, as all parts are.
func (f *fetch) salvage(o *cache.Object, vary []string, length int64) {
	h := http.Header{}
	o.Head.AddTo(h)
	if o.Meta.Status != http.StatusOK || !rfc9111.Combinable(h) {
		return
	}
	f.keepPartial(vary, o, rfc9111.Part{ByteRange: rfc9111.ByteRange{Length: o.Body.Size()}, Size: length})
}
