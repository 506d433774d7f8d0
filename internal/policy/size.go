package policy

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// sizeUnits are the units a size may be written in, largest first; binary
// before decimal, which is how formatSize prefers them.
var sizeUnits = []struct {
	name string
	unit int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3},
	{"B", 1},
}

// sizePattern is what parseSize accepts, as a regular expression for the JSON
// Schema.
const sizePattern = `^[0-9]+(\.[0-9]+)?(TiB|GiB|MiB|KiB|TB|GB|MB|kB|KB|B)?$`

var (
	errSize      = errors.New("is not a size")
	errSizeLarge = errors.New("is too large")
	errShare     = errors.New("is not a share")
	errShareSize = errors.New("is not between 0 and 1")
)

// parseSize reads "512MiB", "1GB" or a plain number of bytes. A unit without
// "B" is refused because tools disagree on what "512M" is.
func parseSize(text string) (int64, error) {
	if strings.HasPrefix(text, "-") {
		return 0, errNegative
	}
	number, word := cutNumber(text)
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, errSize
	}
	unit := int64(0)
	for _, u := range sizeUnits {
		if u.name == word || word == "" && u.unit == 1 {
			unit = u.unit
		}
	}
	bytes := value * float64(unit)
	switch {
	case unit == 0:
		return 0, errSize
	case bytes >= math.MaxInt64:
		return 0, errSizeLarge
	case bytes != math.Trunc(bytes):
		return 0, errSize // half a byte
	}
	return int64(bytes), nil
}

// formatSize writes n so that parseSize reads it back exactly.
func formatSize(n int64) string {
	for _, u := range sizeUnits {
		if n >= u.unit && n%u.unit == 0 && u.unit > 1 {
			return strconv.FormatInt(n/u.unit, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// sharePattern is what parseShare accepts, as a regular expression for the JSON
// Schema.
const sharePattern = `^0*(100(\.0+)?%|[0-9]{1,2}(\.[0-9]+)?%|0(\.[0-9]+)?|1(\.0+)?)$`

// parseShare reads "5%" or 0.05.
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	digits, rest := cutNumber(number)
	if digits == "" || rest != "" {
		return 0, errShare
	}
	share, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, errShare
	}
	if percent {
		share /= 100
	}
	if share > 1 {
		return 0, errShareSize
	}
	return share, nil
}

// formatShare writes a share so that parseShare reads it back exactly.
func formatShare(share float64) string { return strconv.FormatFloat(share, 'f', -1, 64) }
