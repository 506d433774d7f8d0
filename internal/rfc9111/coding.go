package rfc9111

import (
	"net/http"
	"strings"

	"edge/internal/request"
)

// Coding is a content coding that edge applies itself (RFC 9110 section 8.4.1).
// The zero Coding is identity.
type Coding uint8

const (
	Identity Coding = iota
	Brotli          // RFC 7932
	Zstd            // RFC 8878
	Gzip            // RFC 1952

	NumCodings
)

// String returns the coding's name in Content-Encoding.
func (c Coding) String() string {
	return [NumCodings]string{"identity", "br", "zstd", "gzip"}[c]
}

// NegotiateCoding returns the coding among offers that suits v best (section
// 12.5.3): the one of the highest weight, the earlier of equals. It is Identity
// where v has no Accept-Encoding, wants none of them, or prefers identity to all.
func NegotiateCoding(v *request.View, offers []Coding) Coding {
	if len(offers) == 0 || !v.Has(request.SlotAcceptEncoding) {
		return Identity
	}
	var wishes [NumCodings]int // weight plus one; 0: not named
	others := 0
	var room [64]byte
	for line := range v.Lines(request.SlotAcceptEncoding) {
		for part := range strings.SplitSeq(line, ",") {
			member := append(room[:0], trimOWS(part)...)
			lowerASCII(member)
			name, weight := parseMember(member)
			if weight < 0 {
				continue
			}
			if string(name) == "*" {
				others = weight + 1
				continue
			}
			if c, ok := codingOf(string(name)); ok {
				wishes[c] = max(wishes[c], weight+1)
			}
		}
	}
	best, weight := Identity, wishes[Identity]
	for _, c := range offers {
		wish := wishes[c]
		if wish == 0 {
			wish = others
		}
		if wish > 1 && (wish > weight || best == Identity && wish == weight) {
			best, weight = c, wish
		}
	}
	return best
}

// codingOf returns the coding of a name in Accept-Encoding.
func codingOf(name string) (Coding, bool) {
	switch name {
	case "identity":
		return Identity, true
	case "br":
		return Brotli, true
	case "zstd":
		return Zstd, true
	case "gzip", "x-gzip":
		return Gzip, true
	}
	return Identity, false
}

// Codable reports whether a response with this status and head may be coded by
// an intermediary and is worth it: it is a 200 of a kind that shrinks, not coded
// already, without no-transform (RFC 9111 section 5.2.2.6) and without a digest
// of what would no longer be its content, nor its representation (RFC 9530, and 3230
// for Digest): both are coded. Events are never held up.
func Codable(status int, h http.Header) bool {
	if status != http.StatusOK {
		return false
	}
	for _, name := range [...]string{"Content-Encoding", "Content-Range", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest"} {
		if h[name] != nil {
			return false
		}
	}
	if ParseDirectives(h["Cache-Control"]).NoTransform {
		return false
	}
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return shrinks(strings.ToLower(trimOWS(kind)))
}

// shrinks reports whether content of a media type is text, or as good as text.
func shrinks(kind string) bool {
	top, sub, _ := strings.Cut(kind, "/")
	switch {
	case kind == "text/event-stream":
		return false
	case top == "text":
		return true
	case strings.HasSuffix(sub, "+json"), strings.HasSuffix(sub, "+xml"):
		return true
	}
	switch kind {
	case "application/json", "application/javascript", "application/xml", "application/wasm",
		"application/x-javascript", "application/x-ndjson", "application/yaml", "application/toml",
		"application/vnd.ms-fontobject", "font/ttf", "font/otf", "image/bmp", "image/vnd.microsoft.icon", "image/x-icon":
		return true
	}
	return false
}

// CodedTag is the entity tag of a coded representation: codings of one response
// are not equal byte by byte, so strong tags differ (RFC 9110 section 8.8.3.3).
// A weak tag stands for all of them. Empty stays empty.
func CodedTag(tag string, c Coding) string {
	if c == Identity || !strings.HasPrefix(tag, `"`) || len(tag) < 2 {
		return tag
	}
	return tag[:len(tag)-1] + "-" + c.String() + `"`
}

// UncodedTags returns the entity tags from which CodedTag has made tags in lines, which
// are those of an If-Match: strong ones, as an answer that is coded on its way has its
// tag weakened.
func UncodedTags(lines []string) (tags []string) {
	for _, line := range lines {
		for line != "" {
			var tag entityTag
			var ok bool
			if tag, line, ok = nextETag(line); !ok {
				continue
			}
			for c := Brotli; c < NumCodings; c++ {
				if uncoded, found := strings.CutSuffix(tag.opaque, "-"+c.String()+`"`); found {
					tags = append(tags, uncoded+`"`)
				}
			}
		}
	}
	return tags
}
