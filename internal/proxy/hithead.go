package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// What a cut of ours tells beside the lines that go out, as bits of cache.Cut.Facts.
const (
	// cutPlain: the object may be answered with below net/http.
	cutPlain = 1 << iota
	// cutAge: Age is written anew, and not removed or fixed by a rule.
	cutAge
	// cutMaxAge: so is the share for browsers, at the end of Cache-Control.
	cutMaxAge
	// cutDate: a rule has removed Date, and net/http writes the present one.
	cutDate
	// cutRanges: Accept-Ranges is added to a 200, and not to a 304.
	cutRanges
	// cutValidators: the validators that go out are the stored ones, or with
	// cutOwnTag edge's own entity tag and the stored dates.
	cutValidators
	cutOwnTag
)

// cut returns the cut of o under this policy, and works it out if nobody has.
func (q *inquiry) cut(o *cache.Object) *cache.Cut {
	if c := o.Cut(); c != nil && c.Policy == q.live.number {
		return c
	}
	c := q.makeCut(o)
	c.Policy, c.More = q.live.number, q.live.share(c.More)
	o.SetCut(&c)
	return &c
}

// someAge is an age that no rule sets.
const someAge = 1_234_567_890 * time.Second

// makeCut makes the head of an answer with o as exchange.send does, and takes out
// what is written anew for each answer.
func (q *inquiry) makeCut(o *cache.Object) (c cache.Cut) {
	h := http.Header{}
	q.storedHead(h, o, someAge)
	delete(h, "Content-Length") // it is edge's in any case
	if !isPlain(h, o) {
		return c
	}
	facts := uint8(cutPlain)
	if v := h["Age"]; len(v) == 1 && v[0] == ageText(someAge) {
		facts |= cutAge
		delete(h, "Age")
	}
	if c := &q.plan.Route.Client; c.Browser > 0 && get(h, "Cache-Control") == q.beforeMaxAge()+maxAgeText(c, someAge) {
		facts |= cutMaxAge
		delete(h, "Cache-Control")
	}
	if _, ok := h["Date"]; !ok {
		facts |= cutDate
	}
	if o.Meta.Status == http.StatusOK && h["Accept-Ranges"] == nil && !q.plan.Route.Response.Governs("Accept-Ranges") {
		facts |= cutRanges
	}
	facts |= validators(h, o)
	c, ok := cache.MakeCut(o.Head, h)
	if !ok {
		return cache.Cut{}
	}
	c.Facts = facts
	return c
}

// isPlain reports whether net/http would write an answer with this head as it is:
// it does more where a field is about the connection.
func isPlain(h http.Header, o *cache.Object) bool {
	for name := range h {
		switch name {
		case "Connection", "Transfer-Encoding", "Trailer", "Upgrade":
			return false
		}
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return false
		}
	}
	status := int(o.Meta.Status)
	if !hasBody(status) || statusLine(status) == "" {
		return false
	}
	ranges := h["Accept-Ranges"]
	return status != http.StatusOK || ranges == nil || len(ranges) == 1 && ranges[0] == "bytes"
}

// validators are the facts about the validators in h.
func validators(h http.Header, o *cache.Object) uint8 {
	if get(h, "Last-Modified") != o.Head.Get("Last-Modified") || get(h, "Date") != o.Head.Get("Date") {
		return 0
	}
	switch get(h, "Etag") {
	case o.Head.Get("Etag"):
		return cutValidators
	case o.ETag:
		return cutValidators | cutOwnTag
	default:
		return 0
	}
}

// appendHead appends the head of an answer with the whole of o.
func (h *Hit) appendHead(dst []byte, o *cache.Object, cut *cache.Cut, now rfc9111.Instant) []byte {
	dst = append(dst, statusLine(h.status)...)
	dst = cut.Append(dst, o.Head)
	if cut.Facts&cutRanges != 0 {
		dst = append(dst, "Accept-Ranges: bytes\r\n"...)
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, o.Body.Size(), 10)
	dst = append(dst, "\r\n"...)
	return h.appendAnew(dst, o, cut, now)
}

// notModified appends the head of a 304.
func (h *Hit) notModified(dst []byte, o *cache.Object, cut *cache.Cut, now rfc9111.Instant) (head []byte, body [][]byte, ok bool) {
	dst = append(dst, statusLine(h.status)...)
	if dst, ok = cut.AppendWithoutType(dst, o.Head); !ok {
		return nil, nil, false
	}
	return h.appendAnew(dst, o, cut, now), nil, true
}

// appendAnew appends the fields that differ from answer to answer, and the end
// of the head.
func (h *Hit) appendAnew(dst []byte, o *cache.Object, cut *cache.Cut, now rfc9111.Instant) []byte {
	age := o.Meta.Age(now)
	if cut.Facts&cutAge != 0 {
		dst = append(dst, "Age: "...)
		dst = rfc9111.AppendAge(dst, age)
		dst = append(dst, "\r\n"...)
	}
	if cut.Facts&cutMaxAge != 0 {
		dst = append(dst, "Cache-Control: "...)
		dst = append(dst, h.beforeMaxAge()...)
		dst = appendMaxAge(dst, &h.plan.Route.Client, age)
		dst = append(dst, "\r\n"...)
	}
	if cut.Facts&cutDate != 0 {
		dst = append(dst, "Date: "...)
		dst = h.p.date.append(dst, wall())
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "Cache-Status: "...)
	dst = h.statusOfHit().Append(dst)
	return append(dst, "\r\n\r\n"...)
}

// statusLine is the status line of an answer to HTTP/1.1, empty for statuses
// without a name.
func statusLine(status int) string {
	if status < len(statusLines) {
		return statusLines[status]
	}
	return ""
}

// statusLines are by status.
var statusLines = func() (lines [600]string) {
	for status := range lines {
		if text := http.StatusText(status); text != "" {
			lines[status] = "HTTP/1.1 " + strconv.Itoa(status) + " " + text + "\r\n"
		}
	}
	return lines
}()
