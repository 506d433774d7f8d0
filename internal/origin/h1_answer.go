package origin

import (
	"bufio"
	"bytes"
	"io"
	"net/http"

	"golang.org/x/net/http/httpguts"
)

// Heads as nearly all origins send them are read here, because net/http makes nine
// pieces of memory of what can be four. Whatever is in the least unusual is left to
// http.ReadResponse, which gets the same bytes: so nothing is understood in another
// way than net/http does. Left to it are also bodies that are chunked or end with
// their connection.

// mostLines is how many fields a head may have that is read here.
const mostLines = 40

// answerHead is a head as scan found it.
type answerHead struct {
	size   int // with the empty line
	status int
	reason int   // the end of the first line, without its line break
	length int64 // Content-Length; -1 without
	lines  [mostLines]headLine
	n      int // of lines
}

// headLine is where a field is: its name from at to colon, its value, without white
// space around it, from value to end.
type headLine struct{ at, colon, value, end uint16 }

// firstWords is how a first line begins that is read here; the three digits of the
// status follow.
const firstWords = "HTTP/1.1 "

// scanned is what scan says of bytes.
type scanned uint8

const (
	unusual   scanned = iota // something that net/http must decide about
	unended                  // nothing unusual, and not yet the end
	plainHead                // a whole head
)

// scan reads the head of a final answer at the beginning of b, which is at most
// 64 KiB. It says unusual as soon as net/http might say that something is wrong: who
// waits for more after unended waits for no more than net/http would.
func (h *answerHead) scan(b []byte) scanned {
	h.length, h.n = -1, 0
	at := bytes.IndexByte(b, '\n') + 1
	if at == 0 {
		return unended
	}
	if h.reason = at - 2; h.reason < 0 || b[h.reason] != '\r' || !h.first(b[:h.reason]) {
		return unusual
	}
	for {
		n := bytes.IndexByte(b[at:], '\n')
		switch {
		case n < 0 && len(b) > at && !httpguts.IsTokenRune(rune(b[at])) && b[at] != '\r':
			return unusual // a line that goes on, or has no name
		case n < 0:
			return unended
		case n == 0 || b[at+n-1] != '\r':
			return unusual
		case n == 1:
			h.size = at + 2
			return plainHead
		}
		if h.n == mostLines || !h.line(b, at, at+n-1) {
			return unusual
		}
		at += n + 1
	}
}

// first reads the first line.
func (h *answerHead) first(line []byte) bool {
	const digits = len(firstWords)
	if len(line) < digits+3 || string(line[:digits]) != firstWords || !isText(line[digits:]) {
		return false
	}
	if len(line) > digits+3 && line[digits+3] != ' ' {
		return false
	}
	h.status = 0
	for _, c := range line[digits : digits+3] {
		if c < '0' || c > '9' {
			return false
		}
		h.status = h.status*10 + int(c-'0')
	}
	return h.status >= 200
}

// line reads the field from at to end.
func (h *answerHead) line(b []byte, at, end int) bool {
	colon := at
	for colon < end && httpguts.IsTokenRune(rune(b[colon])) {
		colon++
	}
	if colon == at || colon == end || b[colon] != ':' {
		return false
	}
	value := colon + 1
	for value < end && isSpace(b[value]) {
		value++
	}
	for end > value && isSpace(b[end-1]) {
		end--
	}
	if !isText(b[value:end]) || !h.frames(b[at:colon], b[value:end]) {
		return false
	}
	h.lines[h.n] = headLine{uint16(at), uint16(colon), uint16(value), uint16(end)}
	h.n++
	return true
}

// frames notes a Content-Length. It reports false for fields by which net/http
// decides about the body or the connection in other ways, or changes the head.
func (h *answerHead) frames(name, value []byte) bool {
	switch len(name) {
	case len("Content-Length"):
		if bytes.EqualFold(name, []byte("Content-Length")) {
			return h.setLength(value)
		}
	case len("Connection"):
		return !bytes.EqualFold(name, []byte("Connection")) || bytes.EqualFold(value, []byte("keep-alive"))
	case len("Transfer-Encoding"):
		return !bytes.EqualFold(name, []byte("Transfer-Encoding"))
	case len("Trailer"):
		return !bytes.EqualFold(name, []byte("Trailer"))
	case len("Pragma"):
		return !bytes.EqualFold(name, []byte("Pragma"))
	}
	return true
}

// setLength reads a Content-Length, of which there must be one alone.
func (h *answerHead) setLength(value []byte) bool {
	if h.length >= 0 || len(value) == 0 || len(value) > 18 {
		return false
	}
	h.length = 0
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
		h.length = h.length*10 + int64(c-'0')
	}
	return true
}

// answer is a response with its body, and the values of as many fields as most have:
// one piece of memory for all.
type answer struct {
	http.Response
	body    h1Body
	counted countedBody
	values  [8]string
}

// response makes the response to req of a head that scan found plain in b, and whose
// body r is about to read. It returns nil for one whose body ends with the connection.
// The names in b are made canonical.
func (h *answerHead) response(b []byte, req *http.Request, r *bufio.Reader) *http.Response {
	bodyless := req.Method == http.MethodHead || h.status == http.StatusNoContent || h.status == http.StatusNotModified
	if !bodyless && h.length < 0 {
		return nil
	}
	for _, l := range h.lines[:h.n] {
		canonicalise(b[l.at:l.colon])
	}
	text := string(b[:h.size])
	a := new(answer)
	resp := &a.Response
	resp.Status, resp.StatusCode = text[len(firstWords):h.reason], h.status
	resp.Proto, resp.ProtoMajor, resp.ProtoMinor = text[:len(firstWords)-1], 1, 1
	resp.Request, resp.Header = req, h.header(text, a.values[:])
	switch {
	case req.Method == http.MethodHead:
		resp.Body, resp.ContentLength = http.NoBody, h.length
	case bodyless, h.length == 0:
		resp.Body = http.NoBody
	default:
		resp.Body, resp.ContentLength = &a.body, h.length
		a.counted = countedBody{r, h.length}
		a.body.inner = &a.counted
	}
	return resp
}

// header makes the fields of text, whose names are canonical. values is memory for
// theirs, if they are no more.
func (h *answerHead) header(text string, values []string) http.Header {
	if h.n > len(values) {
		values = make([]string, h.n)
	}
	header := make(http.Header, h.n)
	for i, l := range h.lines[:h.n] {
		name, value := text[l.at:l.colon], text[l.value:l.end]
		if before := header[name]; before != nil {
			header[name] = append(before, value)
			continue
		}
		values[i] = value
		header[name] = values[i : i+1 : i+1]
	}
	return header
}

// canonicalise spells a name, which is a token, as http.CanonicalHeaderKey does.
func canonicalise(name []byte) {
	upper := true
	for i, c := range name {
		switch {
		case upper && 'a' <= c && c <= 'z':
			name[i] = c - ('a' - 'A')
		case !upper && 'A' <= c && c <= 'Z':
			name[i] = c + ('a' - 'A')
		}
		upper = c == '-'
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// isText reports whether there is nothing in b that a value must not have: no control
// character but tab.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// countedBody is a body of which so many bytes are left.
type countedBody struct {
	r    *bufio.Reader
	left int64
}

// Read gives io.EOF with the last byte, and for less than there should be
// io.ErrUnexpectedEOF, as net/http does.
func (b *countedBody) Read(p []byte) (n int, err error) {
	if b.left > 0 {
		n, err = b.r.Read(p[:min(int64(len(p)), b.left)])
		b.left -= int64(n)
	}
	switch {
	case b.left == 0:
		return n, io.EOF
	case err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}
