package policy

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"edge/internal/rfc9111"
)

// durationUnits are the units a duration may be written in, longest first.
// formatDuration writes no weeks: people count in days.
var durationUnits = []struct {
	name string
	unit time.Duration
}{
	{"w", 7 * 24 * time.Hour},
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
}

// durationPattern is what parseDuration accepts, but for "forever" and numbers
// that are too large, as a regular expression for the JSON Schema.
const durationPattern = `^([0-9]+(\.[0-9]+)?|([0-9]+(\.[0-9]+)?(w|d|h|m|s|ms))+)$`

var (
	errDuration     = errors.New("is not a duration")
	errDurationLong = errors.New("is too long")
	errNegative     = errors.New("is negative")
)

// parseDuration reads "90s", "1h30m", "1d" or a plain number of seconds. What
// is longer than the machine can count is an error, not forever.
func parseDuration(text string) (time.Duration, error) {
	if strings.HasPrefix(text, "-") {
		return 0, errNegative
	}
	if text == "" {
		return 0, errDuration
	}
	var sum time.Duration
	for rest := text; rest != ""; {
		number, after := cutNumber(rest)
		word, tail := cutLetters(after)
		if word == "" && (rest != text || tail != "") {
			return 0, errDuration // a number without unit stands alone
		}
		part, err := multiply(number, unitOf(word))
		if err != nil {
			return 0, err
		}
		if sum += part; sum < 0 || sum == rfc9111.Forever {
			return 0, errDurationLong
		}
		rest = tail
	}
	return sum, nil
}

// multiply returns number units. Whole numbers are exact.
func multiply(number string, unit time.Duration) (time.Duration, error) {
	if number == "" || unit == 0 {
		return 0, errDuration
	}
	product, err := strconv.ParseFloat(number, 64)
	if product *= float64(unit); err != nil || product >= float64(rfc9111.Forever) {
		return 0, errDurationLong
	}
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		return time.Duration(whole) * unit, nil
	}
	return time.Duration(math.Round(product)), nil
}

// unitOf returns the unit named by word; no word means seconds. 0 is none.
func unitOf(word string) time.Duration {
	if word == "" {
		return time.Second
	}
	for _, u := range durationUnits {
		if u.name == word {
			return u.unit
		}
	}
	return 0
}

// cutNumber splits a decimal number off the start of s.
func cutNumber(s string) (number, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	if whole := len(s) - len(rest); whole > 0 && strings.HasPrefix(rest, ".") {
		if after := strings.TrimLeft(rest[1:], "0123456789"); len(after) < len(rest)-1 {
			rest = after
		}
	}
	return s[:len(s)-len(rest)], rest
}

// cutLetters splits letters off the start of s.
func cutLetters(s string) (letters, rest string) {
	rest = strings.TrimLeftFunc(s, func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' })
	return s[:len(s)-len(rest)], rest
}

// formatDuration writes d so that parseDuration reads it back exactly, in as
// few units as that takes: "1d", "90s", "1h30m".
func formatDuration(d time.Duration) string {
	switch {
	case d == rfc9111.Forever:
		return "forever"
	case d == 0:
		return "0"
	}
	var b strings.Builder
	for _, u := range durationUnits {
		if n := d / u.unit; n > 0 && u.name != "w" {
			b.WriteString(strconv.FormatInt(int64(n), 10) + u.name)
			d -= n * u.unit
		}
	}
	if d > 0 {
		b.WriteString(strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64) + "ms")
	}
	return b.String()
}
