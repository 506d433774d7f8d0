package request

import (
	"strconv"
	"strings"
	"unsafe"
)

// Parse fills dst from the head of an HTTP/1 request at the start of b. It
// returns how many bytes the head takes, with the empty line; 0 with NoFault
// means that b does not hold a whole head yet. dst aliases b. Parse does not
// allocate for a request that is already canonical. Where net/http would
// accept a request, Parse either fills the same View or refuses; it never
// reads another meaning.
//
// It refuses what RFC 9112 lets a lenient parser repair: bare line feeds,
// folded lines, empty lines before the request, more than one Content-Length,
// Content-Length beside Transfer-Encoding. n is 0 with a fault; HTTP10 is then right
// unless the fault is in the first line.
func Parse(dst *View, b []byte, c Conn, rules *Rules) (n int, f Fault) {
	s := unsafe.String(unsafe.SliceData(b), len(b))
	var p parser
	p.start(dst, c, rules)
	n, f = p.requestLine(s)
	for more := n > 0 && f == NoFault; more; {
		n, more, f = p.line(s, n)
	}
	if n == 0 || f != NoFault {
		return 0, f
	}
	if f = p.framing(); f != NoFault {
		return 0, f
	}
	p.readPragma()
	if f = p.finishNamed(); f != NoFault {
		return 0, f
	}
	return n, NoFault
}

// parser is a filling from bytes. Its methods return the index after what they
// read; 0 when it is not all there.
type parser struct{ filling }

// requestLine reads the first line (RFC 9112, section 3).
func (p *parser) requestLine(s string) (next int, _ Fault) {
	end := strings.IndexByte(s, '\n')
	if end < 0 {
		if len(s) > p.rules.targetBytes()+requestLineExtra {
			return 0, LongTarget
		}
		return 0, NoFault
	}
	line, ok := strings.CutSuffix(s[:end], "\r")
	if !ok {
		return 0, BadTarget
	}
	method, rest, _ := strings.Cut(line, " ")
	target, version, _ := strings.Cut(rest, " ")
	if f := p.method(method); f != NoFault {
		return 0, f
	}
	switch version {
	case "HTTP/1.1":
	case "HTTP/1.0":
		p.view.HTTP10 = true
	default:
		return 0, BadVersion
	}
	return end + 1, p.target(target)
}

// requestLineExtra is the room for method and version beside the target, while
// the end of the line is still to come.
const requestLineExtra = 256

// line reads one field line at s[i:], or the empty line that ends the head:
// then more is false.
func (p *parser) line(s string, i int) (next int, more bool, _ Fault) {
	if strings.HasPrefix(s[i:], "\r\n") {
		return i + len("\r\n"), false, NoFault
	}
	colon, tokenness, e := p.name(s, i)
	if colon == len(s) || s[i:] == "\r" {
		return p.wanting(s, i)
	}
	if colon == i || s[colon] != ':' {
		return 0, false, BadField
	}
	end := endOfValue(s, colon+1)
	if end == len(s) || s[end:] == "\r" {
		return p.wanting(s, i)
	}
	if !strings.HasPrefix(s[end:], "\r\n") {
		return 0, false, BadField
	}
	name, value := s[i:colon], trim(s[colon+1:end])
	f := p.count(name, value)
	if f == NoFault && tokenness == clean {
		f = p.field(name, value, e)
	}
	return end + len("\r\n"), f == NoFault, f
}

// name returns the index of the first byte from i on that may not be in a field
// name, with the tokenness and the entry of what is before it. It tries the
// next colon first: what stands before it needs no second look if it has an
// entry.
func (p *parser) name(s string, i int) (end int, _ tokenness, _ *entry) {
	if n := strings.IndexByte(s[i:], ':'); n > 0 {
		if e := p.view.names.find(s[i : i+n]); e != nil {
			return i + n, clean, e
		}
	}
	tokenness := clean
	for ; i < len(s); i++ {
		c := nameClass[s[i]]
		if c == notToken {
			break
		}
		tokenness = min(tokenness, c)
	}
	return i, tokenness, nil
}

// wanting says that the line at s[i:] is not all there: more bytes are awaited
// unless there are too many already.
func (p *parser) wanting(s string, i int) (next int, more bool, _ Fault) {
	if p.bytes+len(s)-i > p.maxBytes {
		return 0, false, BigFields
	}
	return 0, false, NoFault
}

// finishNamed finishes with what names the host. One Host line is required
// (RFC 9112, section 3.2); beside an absolute-form target it must say the same.
func (p *parser) finishNamed() Fault {
	switch {
	case p.hosts > 1 || p.hosts == 0 && (p.authority == "" || !p.view.HTTP10):
		return BadHost
	case p.authority == "":
		return p.finish(p.host)
	}
	if f := p.finish(p.authority); f != NoFault || p.hosts == 0 {
		return f
	}
	if same, ok := canonicalHost(p.host, p.view.Scheme); !ok || same != p.view.Host {
		return BadHost
	}
	return NoFault
}

// framing settles how the body is framed (RFC 9112, section 6).
func (p *parser) framing() Fault {
	switch {
	case p.codings > 0:
		if p.codings > 1 || p.lengths > 0 || p.view.HTTP10 || p.badTrailer || !EqualFold(p.coding, "chunked") {
			return BadFraming
		}
		p.view.Body = ChunkedBody
	case p.lengths > 1:
		return BadFraming
	case p.lengths == 1:
		// ParseUint takes neither sign nor white space.
		n, err := strconv.ParseUint(p.length, 10, 63)
		if err != nil {
			return BadFraming
		}
		if n > 0 {
			p.view.Body, p.view.ContentLength = SizedBody, int64(n)
		}
	}
	return NoFault
}

// readPragma takes "Pragma: no-cache" for Cache-Control where there is none
// (RFC 9111, section 5.4), before Connection can remove either: net/http does
// so, and the two fillers must agree.
func (p *parser) readPragma() {
	v := p.view
	if v.HTTP2 {
		return // net/http does so in HTTP/1 only
	}
	if pragma, _ := v.Get(SlotPragma); pragma == "no-cache" && !v.Has(SlotCacheControl) {
		v.add("Cache-Control", "no-cache", SlotCacheControl, true)
	}
}
