package proxy

import (
	"io"
	"net/http"
)

// respond gives the route's fixed answer. It has conditions, ranges and HEAD as
// any representation has, and nobody stores it here: it is in memory already.
func (x *exchange) respond(h http.Header) {
	a := x.plan.Route.Respond
	for _, f := range a.Fields {
		h[f.Name] = append(h[f.Name], f.Value)
	}
	x.cors(h)
	x.answerHead(h)
	x.body(h, fixedBody(a.Body), a.Status)
}

// fixedBody is a body that belongs to the policy. It is never changed.
type fixedBody []byte

func (b fixedBody) size() int64   { return int64(len(b)) }
func (b fixedBody) several() bool { return true }

func (b fixedBody) writeTo(w io.Writer, start, length int64) error {
	part := b[start:]
	if length >= 0 {
		part = part[:length]
	}
	_, err := w.Write(part)
	return err
}
