package proxy

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/cache"
	"edge/internal/coding"
	"edge/internal/fill"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// Content codings that edge applies itself. An object is coded once, behind the
// first hit that wants it; its codings are objects of their own that hang on it,
// live and die with it, and are charged to it. What streams from the origin is
// coded on its way, and so is an object until its coding is there.

// coded returns the form of o that suits the client: o, or one of its codings.
// onItsWay is the coding that the body of o is still to be given.
func (q *inquiry) coded(o *cache.Object) (form *cache.Object, onItsWay rfc9111.Coding) {
	c := q.coding()
	switch {
	case c == rfc9111.Identity:
		return o, rfc9111.Identity
	case o.Codings != nil && o.Codings[c] != nil:
		return o.Codings[c], rfc9111.Identity
	case !q.p.coder.ask(q, o, c), q.view.Has(request.SlotRange):
		return o, rfc9111.Identity
	}
	return o, c
}

// coding is the coding that suits the client, by the route and the request.
func (q *inquiry) coding() rfc9111.Coding {
	return rfc9111.NegotiateCoding(&q.view, q.plan.Route.Compress)
}

// coder makes codings of objects, one at a time: they are never urgent. Nothing waits
// for the one under way, also not the end of the process: it is not kept then.
type coder struct {
	p     *Proxy
	queue chan coderTask
	busy  atomic.Bool

	mu     sync.Mutex // protects closed, and is held while a coding goes into the store
	closed bool
}

// coderTask asks for one coding of an object.
type coderTask struct {
	key    string
	object *cache.Object
	coding rfc9111.Coding
}

// coderQueue is how many tasks may wait. More are forgotten until the next hit
// asks again.
const coderQueue = 64

func newCoder(p *Proxy) *coder { return &coder{p: p, queue: make(chan coderTask, coderQueue)} }

// ask has a coding of o made, once, and reports whether it is worth it as far as
// is known.
func (c *coder) ask(q *inquiry, o *cache.Object, coding rfc9111.Coding) bool {
	switch o.AskCoding(coding) {
	case cache.CodingRefused:
		return false
	case cache.CodingAsked:
		return true
	}
	if !isCodable(o) {
		o.RefuseCoding(coding)
		return false
	}
	select {
	case c.queue <- coderTask{string(q.plan.Key), o, coding}:
	default:
		o.ForgetCoding(coding)
		return true
	}
	if c.busy.CompareAndSwap(false, true) {
		go c.work()
	}
	return true
}

func isCodable(o *cache.Object) bool {
	if o.Body.Size() < coding.Least {
		return false
	}
	h := http.Header{}
	o.Head.AddTo(h)
	return rfc9111.Codable(int(o.Meta.Status), h)
}

// work does what there is to do, and ends.
func (c *coder) work() {
	for {
		select {
		case t := <-c.queue:
			c.do(t)
			continue
		default:
		}
		c.busy.Store(false)
		// One may have come since, and found this one busy.
		if len(c.queue) == 0 || !c.busy.CompareAndSwap(false, true) {
			return
		}
	}
}

// do puts an object with the coding in the place of the one without.
func (c *coder) do(t coderTask) {
	text := coding.Encode(t.coding, t.object.Body.AppendChunks(nil))
	if text == nil {
		t.object.RefuseCoding(t.coding)
		return
	}
	fresh := remake(t.object)
	fresh.Codings = new([rfc9111.NumCodings]*cache.Object)
	if t.object.Codings != nil {
		*fresh.Codings = *t.object.Codings
	}
	fresh.Codings[t.coding] = codedForm(fresh, t.coding, cache.NewBody([][]byte{text}))
	c.keep(t, fresh)
}

// keep puts fresh in the place of the object of t.
func (c *coder) keep(t coderTask, fresh *cache.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.p.memory.Freshen(t.key, t.object, fresh)
	}
}

// close has the store left alone from now on.
func (c *coder) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

// codedForm is o in a coding: with a head and an entity tag of its own, and the
// same facts.
func codedForm(o *cache.Object, c rfc9111.Coding, body cache.Body) *cache.Object {
	h := http.Header{}
	o.Head.AddTo(h)
	codeHead(h, c)
	form := remake(o)
	form.Head, form.Body, form.ETag = cache.MakeHead(h), body, rfc9111.CodedTag(o.ETag, c)
	return form
}

// codeHead changes the head of a response to that of its coding.
func codeHead(h http.Header, c rfc9111.Coding) {
	h["Content-Encoding"] = []string{c.String()}
	delete(h, "Content-Length")
	if tag := get(h, "Etag"); tag != "" {
		h["Etag"] = []string{rfc9111.CodedTag(tag, c)}
	}
}

// uncodeMatch adds to the If-Match of a change the entity tags by which the origin knows
// what edge has coded: who has read a coding changes what it is one of. For who reads on
// in a coding, what it is one of is something else.
func uncodeMatch(h http.Header) {
	if tags := rfc9111.UncodedTags(h["If-Match"]); len(tags) > 0 {
		h["If-Match"] = []string{strings.Join(slices.Concat(h["If-Match"], tags), ", ")}
	}
}

// codeHeadOnItsWay is codeHead for a body that is coded on its way. It returns
// the entity tag for enforced answers. Tags are weak: the bytes are not those
// that are kept, and a range of one must not complete the other.
func codeHeadOnItsWay(h http.Header, c rfc9111.Coding, tag string) string {
	codeHead(h, c)
	if own := get(h, "Etag"); own != "" {
		tag = own
	} else {
		tag = rfc9111.CodedTag(tag, c)
	}
	if strings.HasPrefix(tag, `"`) {
		tag = "W/" + tag
	}
	if get(h, "Etag") != "" {
		h["Etag"] = []string{tag}
	}
	return tag
}

// keepCodings gives an object with a new head the codings of the old one, which
// has the same body.
func keepCodings(fresh, old *cache.Object) {
	if old.Codings == nil {
		return
	}
	h := http.Header{}
	fresh.Head.AddTo(h)
	if !rfc9111.Codable(int(fresh.Meta.Status), h) {
		return
	}
	fresh.Codings = new([rfc9111.NumCodings]*cache.Object)
	for c, form := range old.Codings {
		if form != nil {
			fresh.Codings[c] = codedForm(fresh, rfc9111.Coding(c), form.Body)
		}
	}
}

// varies reports whether the answer depends on Accept-Encoding: it is coded, or
// might have been. h is the head before anything of ours is in it.
func (q *inquiry) varies(h http.Header, status int) bool {
	if len(q.plan.Route.Compress) == 0 {
		return false
	}
	_, coded := codingOf(get(h, "Content-Encoding"))
	return coded || rfc9111.Codable(status, h)
}

// codingOf returns the coding that a value of Content-Encoding names.
func codingOf(value string) (rfc9111.Coding, bool) {
	for c := rfc9111.Brotli; c < rfc9111.NumCodings; c++ {
		if strings.EqualFold(value, c.String()) {
			return c, true
		}
	}
	return rfc9111.Identity, false
}

// patience is how long the head of an answer waits for a body of unknown length to
// show whether it is small. Servers end their small answers in a write of its own,
// right after the first.
const patience = 5 * time.Millisecond

// codeArriving returns the coding in which a response streams to the client: none
// where a range of it is wanted, or it is small. Where the origin does not say how
// long it is, a small one has come by now, or does so in a moment.
func (x *exchange) codeArriving(h http.Header, r *fill.Reader) rfc9111.Coding {
	l, c := &x.landing, x.inquiry.coding()
	if c == rfc9111.Identity || x.view.Has(request.SlotRange) || l.Length >= 0 && l.Length < coding.Least || !rfc9111.Codable(l.Status, h) {
		return rfc9111.Identity
	}
	if l.Length >= 0 {
		return c
	}
	if size, whole := r.Arrived(x.ctx, coding.Least, patience); whole && size < coding.Least {
		return rfc9111.Identity
	}
	return c
}

// codedBody is a body that is coded on its way to the client. Its length and its
// ranges are not known.
type codedBody struct {
	x      *exchange
	coding rfc9111.Coding
	from   copier
}

// copier is a body that is copied as a whole.
type copier interface {
	copyTo(w io.Writer, flush func() error) error
}

func (b codedBody) size() int64   { return -1 }
func (b codedBody) several() bool { return false }

// writeTo writes all of the body to the client. One that breaks off is not ended:
// a decoder must notice.
func (b codedBody) writeTo(_ io.Writer, _, _ int64) error {
	w := &b.x.w
	to := codingWriter{w, coding.NewWriter(b.coding, w)}
	err := b.from.copyTo(to, func() error {
		if err := to.coded.Flush(); err != nil {
			return err
		}
		return w.flush()
	})
	if err != nil {
		return err
	}
	return to.coded.Close()
}

// codingWriter is the client's writer with a coding before it: a reader that is
// cut off still reaches the connection's deadlines.
type codingWriter struct {
	*writer
	coded *coding.Writer
}

// Write implements io.Writer.
func (w codingWriter) Write(p []byte) (int, error) { return w.coded.Write(p) }
