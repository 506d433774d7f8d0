package rfc9111

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"edge/internal/request"
)

// ParseDate reads an HTTP-date (RFC 9110 section 5.6.7) in any of its three
// forms. As section 4.2 asks of caches, letters match without case, and a zone
// other than GMT is invalid. now settles the century of the two-digit year of
// the rfc850 form. A name of a day must be one, but is not compared with the
// date.
func ParseDate(s string, now time.Time) (t time.Time, ok bool) {
	day, rest, found := strings.Cut(s, ",")
	switch {
	case !found:
		return parseAsctime(s)
	case len(day) == 3:
		return parseFixdate(day, rest)
	default:
		return parseRFC850(day, rest, now)
	}
}

const (
	shortDays = "sunmontuewedthufrisat"
	months    = "janfebmaraprmayjunjulaugsepoctnovdec"
)

// parseFixdate reads " 06 Nov 1994 08:49:37 GMT" after "Sun,".
func parseFixdate(day, s string) (time.Time, bool) {
	if len(s) != len(" 06 Nov 1994 08:49:37 GMT") || nameIndex(shortDays, day) < 0 {
		return time.Time{}, false
	}
	if s[0] != ' ' || s[3] != ' ' || s[7] != ' ' || s[12] != ' ' || !request.EqualFold(s[21:], " gmt") {
		return time.Time{}, false
	}
	return makeDate(s[8:12], s[4:7], s[1:3], s[13:21])
}

// parseRFC850 reads " 06-Nov-94 08:49:37 GMT" after "Sunday,".
func parseRFC850(day, s string, now time.Time) (time.Time, bool) {
	if len(s) != len(" 06-Nov-94 08:49:37 GMT") || !isLongDay(day) {
		return time.Time{}, false
	}
	if s[0] != ' ' || s[3] != '-' || s[7] != '-' || s[10] != ' ' || !request.EqualFold(s[19:], " gmt") {
		return time.Time{}, false
	}
	yy, ok := digits(s[8:10])
	if !ok {
		return time.Time{}, false
	}
	// More than 50 years ahead is the most recent such year in the past
	// (RFC 9110 section 5.6.7). The whole timestamp counts, not just its year,
	// and 29 February is not in every century.
	latest := now.AddDate(50, 0, 0)
	century := now.UTC().Year() / 100 * 100
	for _, year := range [...]int{century + 100 + yy, century + yy, century - 100 + yy} {
		t, ok := makeDate(pad4(year), s[4:7], s[1:3], s[11:19])
		if ok && !t.After(latest) {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseAsctime reads "Sun Nov  6 08:49:37 1994".
func parseAsctime(s string) (time.Time, bool) {
	if len(s) != len("Sun Nov  6 08:49:37 1994") || nameIndex(shortDays, s[:3]) < 0 {
		return time.Time{}, false
	}
	if s[3] != ' ' || s[7] != ' ' || s[10] != ' ' || s[19] != ' ' {
		return time.Time{}, false
	}
	mday := s[8:10]
	if mday[0] == ' ' {
		mday = "0" + mday[1:]
	}
	return makeDate(s[20:], s[4:7], mday, s[11:19])
}

// makeDate puts a date together and refuses what the calendar does not have.
// The grammar allows a leap second; it is the first second of the next minute.
func makeDate(year, month, mday, clock string) (time.Time, bool) {
	if clock[2] != ':' || clock[5] != ':' {
		return time.Time{}, false
	}
	y, ok1 := digits(year)
	d, ok2 := digits(mday)
	h, ok3 := digits(clock[:2])
	m, ok4 := digits(clock[3:5])
	s, ok5 := digits(clock[6:])
	mon := nameIndex(months, month)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || mon < 0 || h > 23 || m > 59 || s > 60 {
		return time.Time{}, false
	}
	date := time.Date(y, time.Month(mon+1), d, 0, 0, 0, 0, time.UTC)
	if date.Day() != d {
		return time.Time{}, false // 31 April
	}
	return date.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second), true
}

// nameIndex returns the position of a three-letter name in a list of such
// names, without case, or -1.
func nameIndex(list, name string) int {
	for i := 0; i < len(list); i += 3 {
		if request.EqualFold(list[i:i+3], name) {
			return i / 3
		}
	}
	return -1
}

// isLongDay reports whether s is the full name of a weekday.
func isLongDay(s string) bool {
	for _, day := range [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		if request.EqualFold(s, day) {
			return true
		}
	}
	return false
}

// digits reads a decimal number without sign; s is short.
func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// pad4 writes a year with four digits.
func pad4(year int) string {
	s := strconv.Itoa(year)
	return "0000"[:max(0, 4-len(s))] + s
}

// AppendDate appends t as an IMF-fixdate.
func AppendDate(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, http.TimeFormat)
}

// AppendAge appends age as the value of Age (section 5.1): whole seconds,
// rounded down, at most 2^31.
func AppendAge(dst []byte, age time.Duration) []byte {
	return appendSeconds(dst, min(max(0, age), deltaMax))
}

// appendSeconds appends d in whole seconds, rounded down.
func appendSeconds(dst []byte, d time.Duration) []byte {
	return strconv.AppendInt(dst, FloorSeconds(d), 10)
}

// FloorSeconds returns the whole seconds of d, rounded down: what is stale by a
// nanosecond is a negative number of seconds.
func FloorSeconds(d time.Duration) int64 {
	n := int64(d / time.Second)
	if d%time.Second < 0 {
		n--
	}
	return n
}
