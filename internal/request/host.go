package request

import (
	"net/netip"
	"strings"
)

const (
	maxHostBytes  = 253 // RFC 1035, section 2.3.4, in text form
	maxLabelBytes = 63
)

// canonicalHost returns the canonical form of an authority: lower case, without
// trailing dot and without port if it is empty or the default of scheme. It
// returns false for what is no name, no IPv4 address and no bracketed IPv6
// address, and for user information. Names may have underscores, as those of
// container networks do. It returns raw, or a part of it, when it can.
func canonicalHost(raw, scheme string) (string, bool) {
	name, port, ok := cutPort(raw)
	if !ok {
		return "", false
	}
	var canonical string
	if strings.HasPrefix(name, "[") {
		canonical, ok = canonicalIPv6(name)
	} else {
		canonical, ok = canonicalNamed(name)
	}
	switch {
	case !ok:
		return "", false
	case port == "" || port == defaultPort(scheme):
		return canonical, true
	case len(canonical) == len(name) && canonical == name:
		return raw, true
	}
	return canonical + ":" + port, true
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// cutPort splits an authority before its port, which must be empty or a number
// from 1 to 65535 without leading zeros.
func cutPort(raw string) (name, port string, ok bool) {
	end := strings.LastIndexByte(raw, ':')
	if end < 0 || strings.IndexByte(raw[end:], ']') >= 0 {
		return raw, "", true
	}
	name, port = raw[:end], raw[end+1:]
	if len(port) > 5 || strings.HasPrefix(port, "0") {
		return "", "", false
	}
	number := 0
	for i := range len(port) {
		if !isDigit(port[i]) {
			return "", "", false
		}
		number = number*10 + int(port[i]-'0')
	}
	return name, port, number <= 65535
}

// canonicalNamed canonicalises a host name or an IPv4 address.
func canonicalNamed(name string) (string, bool) {
	name = strings.TrimSuffix(name, ".")
	if len(name) > maxHostBytes {
		return "", false
	}
	label, upper := 0, false // label is where the present one begins
	for i := range len(name) {
		switch hostClass[name[i]] {
		case hostPlain:
		case hostUpper:
			upper = true
		case hostDot:
			if !isLabel(i - label) {
				return "", false
			}
			label = i + 1
		default:
			return "", false
		}
	}
	if !isLabel(len(name) - label) {
		return "", false
	}
	if upper {
		name = strings.ToLower(name)
	}
	return name, true
}

func isLabel(size int) bool { return 0 < size && size <= maxLabelBytes }

// hostClass says what each byte is in a host name; 0 is not allowed.
var hostClass = func() (t [256]byte) {
	for c := range t {
		switch b := byte(c); {
		case isLower(b), isDigit(b), b == '-', b == '_':
			t[c] = hostPlain
		case isUpper(b):
			t[c] = hostUpper
		case b == '.':
			t[c] = hostDot
		}
	}
	return t
}()

const (
	hostPlain = 1 + iota
	hostUpper
	hostDot
)

// canonicalIPv6 canonicalises a bracketed IPv6 address (RFC 5952). A zone means
// something to one machine only, so it is refused.
func canonicalIPv6(name string) (string, bool) {
	inner, ok := strings.CutSuffix(name[1:], "]")
	if !ok {
		return "", false
	}
	address, err := netip.ParseAddr(inner)
	if err != nil || !address.Is6() || address.Zone() != "" {
		return "", false
	}
	var buf [64]byte
	if canonical := address.AppendTo(buf[:0]); string(canonical) != inner {
		return "[" + string(canonical) + "]", true
	}
	return name, true
}
