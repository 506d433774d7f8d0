package proxy

import (
	"io"
	"maps"
	"net/http"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// partial is a stored part of a body (sections 3.3 and 3.4): what came before the
// rest broke off, or the answer to a range of something too large to store. There
// are partials in auto alone: where a policy is enforced, a fetch asks for the whole.
//
// A partial is an object with status 206 and a Content-Range, under a key of its
// own: who looks for a whole response cannot find it. Labels, generations and the
// bounds of the store hold for it as for any other object.
type partial struct {
	object *cache.Object
	soft   rfc9111.SoftPurge
	part   rfc9111.Part
}

// partialKey is where a part of what key stands for is stored. Keys say themselves
// where they end (policy), so none is another one with a byte more.
func partialKey[K []byte | string](key K) string { return string(key) + "p" }

// partialOf returns what is stored of the body that v asks for under key, labelled as
// route labels; nil for nothing.
func partialOf[K []byte | string](p *Proxy, l *live, route *policy.Route, key K, v *request.View) *partial {
	if route.Mode != policy.Auto || !p.partials.Load() {
		return nil
	}
	var found cache.Lookup
	p.memory.LookupString(partialKey(key), v, p.now(), &found)
	if found.State != cache.Found || found.Object.Labels.Labelling != l.labelling[route.Ordinal] {
		return nil
	}
	part, ok := rfc9111.ParseContentRange(found.Object.Head.Get("Content-Range"))
	if !ok {
		panic("proxy: internal error: a part without its range")
	}
	return &partial{found.Object, found.Soft, part}
}

// head is the head of the response that the partial is of, with the range.
func (pc *partial) head() http.Header {
	h := http.Header{}
	pc.object.Head.AddTo(h)
	return h
}

// answerFromPartial answers a request for ranges that all lie in a stored part,
// while that is fresh, and reports whether it did. What else may be done with a
// part is to ask for the rest of it: see rest.go.
func (x *exchange) answerFromPartial() bool {
	if x.partial == nil {
		return false
	}
	v, head := x.judgePartial()
	if head == nil {
		return false
	}
	x.verdict, x.served, x.reason, x.ttl = v, telemetry.ServedHit, v.Reason, v.TTL
	h := x.w.Header()
	maps.Copy(h, head)
	appendStatus(h, x.statusOfHit())
	x.body(h, storedPart{x.partial}, http.StatusOK)
	return true
}

// judgePartial asks the law about the partial. It returns the head of the answer, as of
// the whole body; nil where the partial is none.
func (x *exchange) judgePartial() (v rfc9111.Verdict, h http.Header) {
	o, now := x.partial.object, x.p.now()
	v = rfc9111.Judge(&o.Meta, &x.view, &x.plan.Route.Overrides, now, x.partial.soft)
	if v.Action != rfc9111.Serve || !x.view.Has(request.SlotRange) {
		return v, nil
	}
	h = x.partial.head()
	delete(h, "Content-Range")
	age := o.Meta.Age(now)
	setAge(h, age)
	x.clientHead(h, head{status: http.StatusPartialContent, age: age, stored: true})
	if !x.partial.holdsRangeOf(&x.view, h) {
		return v, nil
	}
	return v, h
}

// holdsRangeOf reports whether the ranges that v asks for lie in the partial, and are
// to be sent of what has the head h: the client's, for body decides by that.
func (pc *partial) holdsRangeOf(v *request.View, h http.Header) bool {
	now := wall()
	rep := &rfc9111.Representation{
		Status: http.StatusOK, ETag: get(h, "Etag"), LastModified: get(h, "Last-Modified"),
		Date: get(h, "Date"), Size: pc.part.Size,
	}
	if rfc9111.Precondition(v, rep, now) != 0 {
		return false
	}
	kind, ranges := rfc9111.Range(nil, v, rep, now)
	return kind == rfc9111.RangePart && pc.part.Holds(ranges)
}

// storedPart is the source of ranges that lie in a partial.
type storedPart struct{ *partial }

func (s storedPart) size() int64   { return s.part.Size }
func (s storedPart) several() bool { return true }

func (s storedPart) writeTo(w io.Writer, start, length int64) error {
	if length < 0 || !s.part.Holds([]rfc9111.ByteRange{{Start: start, Length: length}}) {
		panic("proxy: internal error: a part does not have what is to be sent")
	}
	return storedBody{&s.object.Body}.writeTo(w, start-s.part.Start, length)
}

// keepPartial stores o, which has part of the body that f asks for, together with
// what is stored of the same body already: as the whole, if that is what they make.
func (f *fetch) keepPartial(vary []string, o *cache.Object, part rfc9111.Part) {
	if old := partialOf(f.p, f.live, f.route, f.key, f.view); old != nil {
		o, part = old.join(o, part, f.route.MaxObject)
	}
	if part.Length > f.route.MaxObject {
		return
	}
	h := http.Header{}
	o.Head.AddTo(h)
	key, status := partialKey(f.key), uint16(http.StatusPartialContent)
	if h.Set("Content-Range", part.ContentRange(part.Size)); part.Length == part.Size {
		h.Del("Content-Range")
		key, status = f.key, http.StatusOK
	}
	o.Head, o.Meta.Status = cache.MakeHead(h), status
	f.p.partials.Store(true)
	f.p.memory.Store(key, vary, o)
}

// join returns o with the bytes of pc added to its part, if the two are of the same
// body, leave no gap, and are no more than most together; else o as it is.
func (pc *partial) join(o *cache.Object, part rfc9111.Part, most int64) (*cache.Object, rfc9111.Part) {
	h, old := http.Header{}, pc.head()
	o.Head.AddTo(h)
	both, ok := pc.part.Join(part)
	tags := union(pc.object.Labels.Tags, o.Labels.Tags)
	if !ok || both.Length > most || !rfc9111.SameBody(old, h) || len(tags) > maxTags {
		return o, part
	}
	first, second, from, to := pc.object.Body, o.Body, pc.part, part
	if to.Start < from.Start {
		first, second, from, to = second, first, to, from
	}
	overlap := from.Start + from.Length - to.Start
	joined := remake(o)
	joined.Head = cache.MakeHead(rfc9111.JoinHead(old, h))
	joined.Body = cache.NewBody(append(first.AppendChunks(nil), chunksFrom(second, overlap)...))
	joined.Labels.Tags = tags
	joined.Born = min(o.Born, pc.object.Born) // who is purged is the older one
	return joined, both
}

// chunksFrom returns what body has from start on; nothing beyond its end.
func chunksFrom(body cache.Body, start int64) (chunks [][]byte) {
	for c := range body.All() {
		skip := min(start, int64(len(c)))
		if start -= skip; skip < int64(len(c)) {
			chunks = append(chunks, c[skip:])
		}
	}
	return chunks
}

// doubtPartial forgets what is stored in part when the answer to a pass is not
// for certain about the same body. Answers to the client's own conditions are about none.
func (x *exchange) doubtPartial(res *http.Response) {
	switch res.StatusCode {
	case http.StatusNotModified, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return
	}
	if x.partial != nil && !originError(res.StatusCode) && !rfc9111.SameBody(x.partial.head(), res.Header) {
		x.p.memory.Remove(partialKey(x.plan.Key))
	}
}

// dropPartial forgets what is stored in part: a fetch has shown what the body is
// now.
func (f *fetch) dropPartial() {
	if f.route.Mode == policy.Auto && f.p.partials.Load() {
		f.p.memory.Remove(partialKey(f.key))
	}
}
