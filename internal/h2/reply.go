package h2

import (
	"strings"
	"unsafe"
)

// bodyMost is how large a body may be that is copied to be sent with others: net/http
// sends larger ones.
const bodyMost = 64 << 10

// appendReply appends the frames of an answer on a stream: head is as HTTP/1.1 would have
// it. ok is false when the head does not fit into a frame.
func appendReply(dst []byte, stream uint32, head []byte, body [][]byte) (_ []byte, ok bool) {
	start := len(dst)
	f := frame{kind: kindHeaders, flags: flagEndHeaders, stream: stream}
	dst = appendHead(f.append(dst), unsafe.String(unsafe.SliceData(head), len(head)))
	if f.size = len(dst) - start - headBytes; f.size > payloadMost {
		return dst[:start], false
	}
	left := 0
	for _, part := range body {
		left += len(part)
	}
	if left == 0 {
		f.flags |= flagEndStream
	}
	f.append(dst[:start])
	return appendBody(dst, stream, left, body), true
}

// appendBody appends size bytes of a body in frames that every peer takes.
func appendBody(dst []byte, stream uint32, size int, body [][]byte) []byte {
	room := 0 // in the frame under way
	for _, part := range body {
		for len(part) > 0 {
			if room == 0 {
				f := frame{size: min(size, payloadMost), kind: kindData, stream: stream}
				if f.size == size {
					f.flags = flagEndStream
				}
				dst, room = f.append(dst), f.size
				size -= f.size
			}
			n := min(room, len(part))
			dst = append(dst, part[:n]...)
			part, room = part[n:], room-n
		}
	}
	return dst
}

// appendHead appends the header block of an answer, without the table of HPACK but for
// the part of it that never changes.
func appendHead(dst []byte, head string) []byte {
	line, rest, _ := strings.Cut(head, "\r\n")
	dst = appendStatus(dst, line[len("HTTP/1.1 "):][:3])
	for {
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return dst // the empty line
		}
		if i := staticName(name); i > 0 {
			dst = appendInt(dst, 4, 0, i)
		} else {
			dst = append(dst, 0)
			dst = appendInt(dst, 7, 0, uint64(len(name)))
			for _, c := range []byte(name) {
				if 'A' <= c && c <= 'Z' {
					c |= 0x20
				}
				dst = append(dst, c)
			}
		}
		dst = appendString(dst, value)
	}
}

// appendStatus appends :status (RFC 7541, appendix A).
func appendStatus(dst []byte, status string) []byte {
	switch status {
	case "200":
		return append(dst, 0x80|8)
	case "204":
		return append(dst, 0x80|9)
	case "206":
		return append(dst, 0x80|10)
	case "304":
		return append(dst, 0x80|11)
	case "400":
		return append(dst, 0x80|12)
	case "404":
		return append(dst, 0x80|13)
	case "500":
		return append(dst, 0x80|14)
	}
	return appendString(append(dst, 8), status)
}

// staticName returns the number of a field name of answers in the table that never
// changes (RFC 7541, appendix A); 0 for those that are not there.
func staticName(name string) uint64 {
	switch name {
	case "Accept-Ranges":
		return 18
	case "Access-Control-Allow-Origin":
		return 20
	case "Age":
		return 21
	case "Cache-Control":
		return 24
	case "Content-Disposition":
		return 25
	case "Content-Encoding":
		return 26
	case "Content-Language":
		return 27
	case "Content-Length":
		return 28
	case "Content-Location":
		return 29
	case "Content-Type":
		return 31
	case "Date":
		return 33
	case "Etag":
		return 34
	case "Expires":
		return 36
	case "Last-Modified":
		return 44
	case "Link":
		return 45
	case "Location":
		return 46
	case "Server":
		return 54
	case "Set-Cookie":
		return 55
	case "Strict-Transport-Security":
		return 56
	case "Vary":
		return 59
	case "Via":
		return 60
	}
	return 0
}
