package rfc9111

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Validators adds to dst what asks the origin to confirm a stored response
// (section 4.3.1). etag and lastModified are the stored fields as the origin
// sent them, empty if absent; what is not valid is left out, for it can match
// nothing.
func Validators(dst http.Header, etag, lastModified string) {
	if _, ok := parseETag(etag); ok {
		dst.Set("If-None-Match", etag)
	}
	anyTime := time.Unix(0, 0) // only whether it is a date matters
	if _, ok := ParseDate(lastModified, anyTime); ok {
		dst.Set("If-Modified-Since", lastModified)
	}
}

// Freshen returns the head of a stored response after a 304 (section 4.3.4):
// every field of the 304 replaces the stored one, but for those that describe
// the body, which stays (section 3.2). ok is false if the 304 is not about what
// is stored: it carries another validator than the one it was asked about. The
// stored response must then neither be freshened by it nor answer, and the
// caller fetches anew without condition.
//
// Neither argument is changed. The result is a head as received, with the 304's
// Connection and what it names: hand it to Readmit first, then remove hop-by-hop
// fields as from any other. A Set-Cookie of the 304 is for the client whose
// request caused it; it is never part of what is stored.
func Freshen(stored, resp304 http.Header) (fresh http.Header, ok bool) {
	if !confirms(stored, resp304) {
		return nil, false
	}
	return merge(stored, resp304), true
}

// FreshenByHead is Freshen for the 200 answer to a HEAD (section 4.3.5). size
// is the length of the stored body. If ok is false, the stored response counts
// as stale from now on.
func FreshenByHead(stored, head http.Header, size int64) (fresh http.Header, ok bool) {
	for _, name := range [...]string{"Etag", "Last-Modified"} {
		if lines := head.Values(name); len(lines) > 0 && !slices.Equal(lines, stored.Values(name)) {
			return nil, false
		}
	}
	length := head.Values("Content-Length")
	if len(length) > 0 && (len(length) > 1 || length[0] != strconv.FormatInt(size, 10)) {
		return nil, false
	}
	return merge(stored, head), true
}

// confirms reports whether the validators of a 304 are the stored ones. One
// without validators confirms what was asked about. A date counts where there is
// no entity tag.
func confirms(stored, resp304 http.Header) bool {
	if lines := resp304.Values("Etag"); len(lines) > 0 {
		got, ok := parseETag(trimOWS(lines[0]))
		want, stillOK := parseETag(trimOWS(stored.Get("Etag")))
		return len(lines) == 1 && ok && stillOK && got.weakMatch(want)
	}
	got, want := resp304.Values("Last-Modified"), stored.Values("Last-Modified")
	return len(got) == 0 || len(want) == 0 || slices.Equal(got, want)
}

// merge puts the fields of an answer over the stored ones.
func merge(stored, answer http.Header) http.Header {
	fresh := stored.Clone()
	// They told of an earlier answer: kept beside an answer without its own,
	// they would make it old at once.
	fresh.Del("Age")
	fresh.Del("Date")
	for name, lines := range answer {
		if !keptByBody(name) {
			fresh[name] = slices.Clone(lines)
		}
	}
	return fresh
}

// keptByBody reports whether a field, by its canonical name, is not updated. The
// entity tag of an answer that confirms is the stored one, or its weak form.
func keptByBody(name string) bool {
	switch name {
	case "Content-Length", "Content-Encoding", "Content-Range", "Content-Md5",
		"Content-Digest", "Repr-Digest", "Transfer-Encoding", "Trailer", "Etag", "Set-Cookie":
		return true
	}
	return false
}
