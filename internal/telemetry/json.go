package telemetry

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxText bounds a string in a log line, so that nobody fills the log with one
// request. It is more than any part of a request but a very long path.
const maxText = 4096

// object is the beginning of one JSON object; every method returns it with one field
// more. It is not encoding/json because that would allocate for each line, and because
// terminals must survive what it lets through: control characters beyond ASCII.
type object []byte

func openObject(buf []byte) object { return append(buf, '{') }

// close ends the object and its line.
func (o object) close() []byte { return append(o, "}\n"...) }

// name begins a field. No value ends with a brace.
func (o object) name(name string) object {
	if o[len(o)-1] != '{' {
		o = append(o, ',')
	}
	o = append(o, '"')
	o = append(o, name...)
	return append(o, `":`...)
}

func (o object) text(name, value string) object { return appendText(o.name(name), value) }

// optional writes a text that may be missing.
func (o object) optional(name, value string) object {
	if value == "" {
		return o
	}
	return o.text(name, value)
}

func (o object) integer(name string, value int64) object {
	return strconv.AppendInt(o.name(name), value, 10)
}

// seconds writes a duration, rounded to microseconds.
func (o object) seconds(name string, d time.Duration) object {
	o = o.name(name)
	micros := d.Round(time.Microsecond).Microseconds()
	if micros < 0 {
		o, micros = append(o, '-'), -micros
	}
	o = append(strconv.AppendInt(o, micros/1e6, 10), '.')
	return appendDigits(o, micros%1e6, 1e5)
}

// time writes t in UTC with milliseconds.
func (o object) time(name string, t time.Time, s *second) object {
	o = s.append(append(o.name(name), '"'), t)
	o = appendDigits(o, int64(t.Nanosecond()/1e6), 100)
	return append(o, `Z"`...)
}

// appendDigits appends a number that is not negative with leading zeros; highest is
// the value of its first digit.
func appendDigits(dst []byte, n, highest int64) []byte {
	for ; highest > 0; highest /= 10 {
		dst = append(dst, '0'+byte(n/highest%10))
	}
	return dst
}

// second remembers how the last second was written: the next line is nearly always of
// the same one, and formatting a time takes as long as all the rest of a line.
type second struct {
	unix int64
	text []byte
}

func newSecond() *second { return &second{unix: math.MinInt64} }

// append appends t in UTC up to the point after its seconds.
func (s *second) append(dst []byte, t time.Time) []byte {
	if now := t.Unix(); now != s.unix {
		s.unix, s.text = now, t.UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05.")
	}
	return append(dst, s.text...)
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
		if n := plainBytes(s[i:]); n > 0 {
			dst = append(dst, s[i:i+n]...)
			i += n
			continue
		}
		if b := s[i]; b < utf8.RuneSelf {
			dst = appendEscaped(dst, b)
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

// plainBytes returns how many bytes s begins with that stand for themselves.
func plainBytes(s string) int {
	for i := range len(s) {
		if !isPlain[s[i]] {
			return i
		}
	}
	return len(s)
}

// isPlain are the bytes of ASCII that a JSON string has as they are.
var isPlain = func() (plain [256]bool) {
	for b := byte(' '); b < 0x7f; b++ {
		plain[b] = b != '"' && b != '\\'
	}
	return plain
}()

// appendEscaped appends a byte of ASCII that is not plain.
func appendEscaped(dst []byte, b byte) []byte {
	if b == '"' || b == '\\' {
		return append(dst, '\\', b)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
}
