package telemetry

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// maxText bounds a string in a log line, so that nobody fills the log with one
// request. It is more than any part of a request but a very long path.
const maxText = 4096

// object writes one JSON object. It is not encoding/json because that would
// allocate for each line, and because terminals must survive what it lets
// through: control characters beyond ASCII.
type object struct {
	buf   []byte
	empty bool
}

func openObject(buf []byte) object { return object{append(buf, '{'), true} }

// close ends the object and its line.
func (o *object) close() []byte { return append(o.buf, '}', '\n') }

func (o *object) name(name string) {
	if !o.empty {
		o.buf = append(o.buf, ',')
	}
	o.empty = false
	o.buf = append(o.buf, '"')
	o.buf = append(o.buf, name...)
	o.buf = append(o.buf, '"', ':')
}

func (o *object) text(name, value string) {
	o.name(name)
	o.buf = appendText(o.buf, value)
}

// optional writes a text that may be missing.
func (o *object) optional(name, value string) {
	if value != "" {
		o.text(name, value)
	}
}

func (o *object) integer(name string, value int64) {
	o.name(name)
	o.buf = strconv.AppendInt(o.buf, value, 10)
}

// seconds writes a duration with microseconds.
func (o *object) seconds(name string, d time.Duration) {
	o.name(name)
	o.buf = strconv.AppendFloat(o.buf, d.Seconds(), 'f', 6, 64)
}

// time writes t in UTC with milliseconds.
func (o *object) time(name string, t time.Time) {
	o.name(name)
	o.buf = append(o.buf, '"')
	o.buf = t.UTC().AppendFormat(o.buf, "2006-01-02T15:04:05.000Z")
	o.buf = append(o.buf, '"')
}

const hexDigits = "0123456789abcdef"

// appendText appends s as a JSON string (RFC 8259 section 7) that is safe to
// print: control characters, also those of ISO 8859 and the line separators of
// Unicode, are escaped, and what is not UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	cut := len(s) > maxText
	if cut {
		s = s[:maxText]
	}
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			dst = appendASCII(dst, b)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, `\ufffd`...)
		case r <= 0x9f || r == '\u2028' || r == '\u2029':
			dst = append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	if cut {
		dst = append(dst, "…"...)
	}
	return append(dst, '"')
}

func appendASCII(dst []byte, b byte) []byte {
	switch {
	case b == '"' || b == '\\':
		return append(dst, '\\', b)
	case b < ' ' || b == 0x7f:
		return append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
	}
	return append(dst, b)
}
