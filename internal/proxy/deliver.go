package proxy

import (
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// deliver answers with a stored object: the precondition, the range, or all of
// it.
func (x *exchange) deliver(o *cache.Object, served telemetry.Served) {
	x.served, x.reason, x.ttl = served, x.verdict.Reason, x.verdict.TTL
	status := x.statusOfHit()
	if served == telemetry.ServedMiss || served == telemetry.ServedCollapsed {
		status = x.statusOfLanded(o)
	}
	x.send(o, status)
}

// standIn answers with a stale object because the origin failed. It reports
// whether the law allows it. status says whether the origin was asked now.
func (x *exchange) standIn(status rfc9111.Status) bool {
	if x.found.State != cache.Found && !x.foundInTier() {
		return false
	}
	// Judged anew: the origin may have taken its time to fail.
	v := rfc9111.Judge(&x.found.Object.Meta, &x.view, &x.plan.Route.Overrides, x.p.now(), x.found.Soft)
	if v.IfError <= 0 {
		return false
	}
	x.served, x.reason, x.ttl = telemetry.ServedStale, rfc9111.StaleIfErr, v.TTL
	status.Detail = x.reason
	x.send(x.found.Object, status)
	return true
}

// send writes a stored object.
func (x *exchange) send(o *cache.Object, status rfc9111.Status) {
	h := x.w.Header()
	o, coding := x.coded(o)
	age := o.Meta.Age(x.p.now())
	var body source = storedBody{&o.Body}
	if coding == rfc9111.Identity {
		x.storedHead(h, o, age)
	} else {
		x.storedHeadOnItsWay(h, o, age, coding)
		body = codedBody{x, coding, storedBody{&o.Body}}
	}
	appendStatus(h, status)
	x.deliverBody(h, body, int(o.Meta.Status))
}

// storedHeadOnItsWay is storedHead for an object that is coded on its way.
func (q *inquiry) storedHeadOnItsWay(h http.Header, o *cache.Object, age time.Duration, c rfc9111.Coding) {
	o.Head.AddTo(h)
	setAge(h, age)
	tag := codeHeadOnItsWay(h, c, o.ETag)
	q.clientHead(h, head{status: int(o.Meta.Status), age: age, stored: true, etag: tag})
}

// storedHead puts the head of an answer with o, at that age, into h.
func (q *inquiry) storedHead(h http.Header, o *cache.Object, age time.Duration) {
	o.Head.AddTo(h)
	setAge(h, age)
	q.clientHead(h, head{status: int(o.Meta.Status), age: age, stored: true, etag: o.ETag})
}

func setAge(h http.Header, age time.Duration) { h["Age"] = []string{ageText(age)} }

// ageText is the value of Age.
func ageText(age time.Duration) string { return string(rfc9111.AppendAge(make([]byte, 0, 10), age)) }

// body ends an answer whose head is complete but for what preconditions and
// ranges change.
func (x *exchange) body(h http.Header, from source, status int) {
	if x.wantsAll() {
		if from.size() >= 0 && status == http.StatusOK {
			x.offerRanges(h)
		}
		x.whole(h, from, status)
		return
	}
	now := wall()
	rep := &rfc9111.Representation{
		Status: status, ETag: get(h, "Etag"), LastModified: get(h, "Last-Modified"),
		Date: get(h, "Date"), Size: from.size(),
	}
	if code := rfc9111.Precondition(&x.view, rep, now); code != 0 {
		x.withoutBody(h, code)
		return
	}
	if rep.Size < 0 || status != http.StatusOK {
		x.whole(h, from, status)
		return
	}
	x.offerRanges(h)
	kind, ranges := rfc9111.Range(nil, &x.view, rep, now)
	switch {
	case kind == rfc9111.RangeUnsatisfiable:
		h["Content-Range"] = []string{rfc9111.UnsatisfiedRange(rep.Size)}
		x.withoutBody(h, http.StatusRequestedRangeNotSatisfiable)
	case kind == rfc9111.RangePart && len(ranges) == 1:
		x.part(h, from, ranges[0])
	case kind == rfc9111.RangePart && from.several():
		x.parts(h, from, ranges)
	default:
		x.whole(h, from, status)
	}
}

// offerRanges says that edge sends ranges, unless the policy says something else.
func (x *exchange) offerRanges(h http.Header) {
	if !x.plan.Route.Response.Governs("Accept-Ranges") {
		h["Accept-Ranges"] = acceptRanges
	}
}

// acceptRanges is shared: never to be changed.
var acceptRanges = []string{"bytes"}

// wantsAll reports whether the request has neither a precondition nor a range: most
// have not, and need nobody to look at validators.
func (x *exchange) wantsAll() bool {
	for _, s := range [...]request.Slot{
		request.SlotIfNoneMatch, request.SlotIfModifiedSince, request.SlotRange, request.SlotIfMatch, request.SlotIfUnmodifiedSince,
	} {
		if x.view.Has(s) {
			return false
		}
	}
	return true
}

// whole sends the body with its own status.
func (x *exchange) whole(h http.Header, from source, status int) {
	if size := from.size(); size >= 0 && hasBody(status) {
		h["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	} else {
		delete(h, "Content-Length")
	}
	x.w.WriteHeader(status)
	if x.view.Method == http.MethodHead || !hasBody(status) {
		return
	}
	brokenOff(from.writeTo(&x.w, 0, -1))
}

// part sends one range.
func (x *exchange) part(h http.Header, from source, r rfc9111.ByteRange) {
	dropDigests(h)
	h["Content-Range"] = []string{r.ContentRange(from.size())}
	h["Content-Length"] = []string{strconv.FormatInt(r.Length, 10)}
	x.w.WriteHeader(http.StatusPartialContent)
	brokenOff(from.writeTo(&x.w, r.Start, r.Length))
}

// parts sends several ranges as multipart/byteranges.
func (x *exchange) parts(h http.Header, from source, ranges []rfc9111.ByteRange) {
	dropDigests(h)
	var random [16]byte
	binary.BigEndian.PutUint64(random[:8], rand.Uint64())
	binary.BigEndian.PutUint64(random[8:], rand.Uint64())
	boundary, kind, size := rfc9111.Boundary(random), get(h, "Content-Type"), from.size()
	h["Content-Type"] = []string{rfc9111.PartsType(boundary)}
	h["Content-Length"] = []string{strconv.FormatInt(rfc9111.PartsLength(ranges, boundary, kind, size), 10)}
	x.w.WriteHeader(http.StatusPartialContent)
	for _, r := range ranges {
		_, err := x.w.Write(rfc9111.AppendPartHead(nil, boundary, kind, r, size))
		brokenOff(err)
		brokenOff(from.writeTo(&x.w, r.Start, r.Length))
	}
	_, err := x.w.Write(rfc9111.AppendPartsEnd(nil, boundary))
	brokenOff(err)
}

// dropDigests removes the digests of a content that is not what is sent with the head,
// or not all that will be (RFC 9530 section 2).
func dropDigests(h http.Header) {
	delete(h, "Content-Digest")
	delete(h, "Content-Md5")
}

// brokenOff breaks the answer off on an error: half a body never ends cleanly.
func brokenOff(err error) {
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// withoutBody answers with a status whose body would not be the stored one.
func (x *exchange) withoutBody(h http.Header, status int) {
	delete(h, "Content-Length")
	if status != http.StatusNotModified {
		dropDigests(h)
		for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Language"} {
			delete(h, name)
		}
		forbidKeeping(h)
		h["Content-Length"] = []string{"0"}
	}
	x.w.WriteHeader(status)
}

// forbidKeeping takes the lifetime of the stored answer from one to a condition or a
// range of a single request. With it a cache in front of edge, where they are in no
// key, could give that answer to everybody who asks for the URL.
func forbidKeeping(h http.Header) {
	for name := range h {
		if strings.HasSuffix(name, "-Cache-Control") { // RFC 9213
			delete(h, name)
		}
	}
	delete(h, "Surrogate-Control")
	delete(h, "Expires")
	h["Cache-Control"] = []string{"no-store"}
}

// stream answers from a flight while the body arrives.
func (x *exchange) stream(r *fill.Reader) {
	x.w.waits = true
	l := &x.landing
	if (originError(l.Status) || x.breaksOffAtOnce(r)) && x.standIn(rfc9111.Status{Fwd: x.fwd(), FwdStatus: l.Status, Collapsed: l.Collapsed}) {
		return
	}
	stored := l.Admission.Store == rfc9111.StoreIt
	x.ttl = 0
	switch x.reason = x.verdict.Reason; {
	case !stored:
		x.reason = l.Admission.Reason
	case x.knownTooLarge():
		stored, x.reason = false, rfc9111.TooLarge
	}
	h := x.w.Header()
	for name, values := range l.Header {
		h[name] = values
	}
	x.arriving = arrivingBody{x, r}
	var body source = &x.arriving
	tag := ""
	if c := x.codeArriving(h, r); c != rfc9111.Identity {
		tag = codeHeadOnItsWay(h, c, "")
		body = codedBody{x, c, &x.arriving}
	}
	age := l.Admission.Meta.Age(x.p.now())
	if age >= time.Second {
		setAge(h, age)
	}
	x.clientHead(h, head{status: l.Status, age: age, stored: stored, etag: tag})
	appendStatus(h, x.statusOfMiss(stored))
	x.deliverBody(h, body, l.Status)
}

// breaksOffAtOnce reports that a body has broken off before any of it is on its way
// to the client, who need not see that if something stored may stand in. Where
// nothing may, nobody waits for it.
func (x *exchange) breaksOffAtOnce(r *fill.Reader) bool {
	if x.verdict.IfError <= 0 {
		return false
	}
	r.Arrived(x.ctx, httpBuffer, patience)
	return r.Broken()
}

// originError reports that a status says the origin failed, so that something stale
// may stand in.
func originError(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// hasBody reports whether a response with this status has one.
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// get is the first value of a field whose name is in canonical spelling.
func get(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}
