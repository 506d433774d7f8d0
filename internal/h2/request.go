package h2

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http2/hpack"

	"edge/internal/request"
)

// appendFields appends a header block that uses no table: every field is a literal without
// indexing, and with its name (RFC 7541, section 6.2.2).
func appendFields(dst []byte, fields []hpack.HeaderField) []byte {
	for _, f := range fields {
		dst = append(dst, 0)
		dst = appendString(dst, f.Name)
		dst = appendString(dst, f.Value)
	}
	return dst
}

// appendString appends a string literal that is not coded (RFC 7541, section 5.2).
func appendString(dst []byte, s string) []byte {
	return append(appendInt(dst, 7, 0, uint64(len(s))), s...)
}

// appendInt appends a number with a prefix of so many bits, behind what is in the others
// (RFC 7541, section 5.1).
func appendInt(dst []byte, bits, before uint8, n uint64) []byte {
	most := uint64(1)<<bits - 1
	if n < most {
		return append(dst, before|uint8(n))
	}
	dst = append(dst, before|uint8(most))
	for n -= most; n >= 0x80; n >>= 7 {
		dst = append(dst, 0x80|uint8(n))
	}
	return append(dst, uint8(n))
}

// answerable reports whether the request that a block is may be answered here, as far as
// the connection matters.
func (c *conn) answerable(now time.Duration) bool {
	b := &c.block
	return c.greeted && b.end && b.size <= c.by.listBytes() && !c.barred && c.out.begun.Load() && !c.out.away.Load() &&
		c.by.o.Open() && now-c.forwardedAt < c.by.o.Idle/2
}

// answer answers the request that the block is, and reports false when it is net/http's.
func (c *conn) answer(d *desk) bool {
	now := c.by.o.Now()
	if !c.answerable(now) {
		return false
	}
	scheme := "http"
	if c.from.TLS {
		scheme = "https"
	}
	head, ok := appendRequest(d.request[:0], scheme, c.block.fields)
	if d.request = head; !ok {
		return false
	}
	n, fault := d.clerk.Parse(head, c.from)
	if v := d.clerk.View(); n != len(head) || fault != request.NoFault || v.Hop != 0 || v.Has(request.SlotRange) {
		return false
	}
	answer, body, ok := d.clerk.Answer(d.answer[:0], now)
	if !ok {
		return false
	}
	d.answer = answer
	size := int64(0)
	for _, part := range body {
		size += int64(len(part))
	}
	if size > bodyMost || size > c.streamWindow {
		return false
	}
	out, ok := appendReply(d.out, c.block.stream, answer, body)
	if !ok || !c.window.take(size) {
		return false
	}
	d.out = out
	d.clerk.Sent(int64(len(answer)), size, c.by.o.Now())
	return true
}

// appendRequest appends the head of a request of HTTP/1.1 that asks for what a header
// block does. ok is false for another scheme, and for what no plain GET or HEAD has, or may
// not have (RFC 9113, section 8.3).
func appendRequest(dst []byte, scheme string, fields []hpack.HeaderField) (_ []byte, ok bool) {
	var method, asked, authority, path string
	rest := fields
	for len(rest) > 0 && strings.HasPrefix(rest[0].Name, ":") {
		value := rest[0].Value
		var part *string
		switch rest[0].Name {
		case ":method":
			part = &method
		case ":scheme":
			part = &asked
		case ":authority":
			part = &authority
		case ":path":
			part = &path
		default:
			return dst, false
		}
		if *part != "" || value == "" || !isVisible(value) {
			return dst, false
		}
		*part, rest = value, rest[1:]
	}
	if method != "GET" && method != "HEAD" || asked != scheme || authority == "" || !strings.HasPrefix(path, "/") {
		return dst, false
	}
	dst = append(append(dst, method...), ' ')
	dst = append(append(dst, path...), " HTTP/1.1\r\nHost: "...)
	dst = append(append(dst, authority...), "\r\n"...)
	trailers, cookies := false, false
	for i, f := range rest {
		if f.Name == "te" && f.Value == "trailers" && !trailers {
			trailers = true // hits have none
			continue
		}
		if !isName(f.Name) || !isValue(f.Value) || ofConnection(f.Name) {
			return dst, false
		}
		if f.Name == "cookie" {
			if !cookies {
				cookies, dst = true, appendCookies(dst, rest[i:])
			}
			continue
		}
		dst = append(append(dst, f.Name...), ": "...)
		dst = append(append(dst, f.Value...), "\r\n"...)
	}
	return append(dst, "\r\n"...), true
}

// wellFormed reports whether net/http's framer would hand a header block on, rather than
// refuse its stream by itself.
func wellFormed(fields []hpack.HeaderField) bool {
	regular := false
	for i, f := range fields {
		if !isValue(f.Value) {
			return false
		}
		if !strings.HasPrefix(f.Name, ":") {
			if regular = true; !isName(f.Name) {
				return false
			}
			continue
		}
		switch f.Name {
		case ":method", ":scheme", ":authority", ":path", ":protocol":
		default:
			return false
		}
		if regular || slices.ContainsFunc(fields[:i], func(g hpack.HeaderField) bool { return g.Name == f.Name }) {
			return false
		}
	}
	return true
}

// appendCookies appends one line for all fields Cookie, of which the first is the first of
// fields: a client may send its cookies in several (RFC 9113, section 8.2.3).
func appendCookies(dst []byte, fields []hpack.HeaderField) []byte {
	dst = append(dst, "cookie: "...)
	for i, f := range fields {
		if f.Name != "cookie" {
			continue
		}
		if i > 0 {
			dst = append(dst, "; "...)
		}
		dst = append(dst, f.Value...)
	}
	return append(dst, "\r\n"...)
}

// ofConnection reports whether a field is about more than the request itself, or makes it
// more than a plain one: what a connection has no place for in HTTP/2, what announces or
// frames a body, and Host, which :authority says already.
func ofConnection(name string) bool {
	switch name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer",
		"expect", "content-length", "host", "http2-settings":
		return true
	}
	return false
}

// isName reports whether a field name is one of HTTP/2: a token without capitals.
func isName(name string) bool {
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.!#$%&'*+^`|~", c) >= 0) {
			return false
		}
	}
	return name != ""
}

// isValue reports whether nothing in a field's value ends its line, and no byte is a control
// but a tab.
func isValue(value string) bool {
	for _, c := range []byte(value) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isVisible reports whether a string has neither white space nor controls.
func isVisible(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
