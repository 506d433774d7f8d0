package origin

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// SetTarget makes u stand for the canonical path and query of a request, so
// that u.RequestURI() is path, and "?" and query if hasQuery. It reports whether
// net/http can send that path as it is; canonical paths always can be. When it
// cannot, neither will a Transport of this package. Scheme and host are left
// alone.
func SetTarget(u *url.URL, path, query string, hasQuery bool) bool {
	u.Opaque = ""
	u.RawQuery, u.ForceQuery = query, hasQuery && query == ""
	u.Fragment, u.RawFragment = "", ""
	return setPath(u, path)
}

// setPath makes u.EscapedPath() return path, if it can. Both fields are
// needed: net/http ignores a RawPath that does not decode to Path, and then
// encodes Path anew, which turns "%2F" into "/". Opaque is of no use: one that
// begins with "//" goes out with a scheme in front.
func setPath(u *url.URL, path string) bool {
	u.RawPath = path
	if isPlain(path) {
		u.Path = path
		return true
	}
	var err error
	u.Path, err = url.PathUnescape(path)
	return err == nil && u.EscapedPath() == path
}

// isPlain reports whether a path is the same escaped and not, as most are: letters,
// digits and the other unreserved characters of RFC 3986 (section 2.3), and "/".
func isPlain(path string) bool {
	for _, c := range []byte(path) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '-' || c > '9') && c != '_' && c != '~' {
			return false
		}
	}
	return true
}

// escapedPath is u.EscapedPath(), which need not be worked out where it is as plain as
// most are.
func escapedPath(u *url.URL) string {
	if (u.RawPath == "" || u.RawPath == u.Path) && isPlain(u.Path) {
		return u.Path
	}
	return u.EscapedPath()
}

// prefixes exchange the front of an escaped path. Neither ends in "/".
type prefixes struct{ strip, add string }

// newPrefixes checks and normalises the two prefixes of a Config.
func newPrefixes(strip, add string) (prefixes, error) {
	p := prefixes{strings.TrimRight(strip, "/"), strings.TrimRight(add, "/")}
	return p, errors.Join(checkPrefix("strip_prefix", p.strip), checkPrefix("add_prefix", p.add))
}

func checkPrefix(option, prefix string) error {
	if prefix == "" {
		return nil
	}
	if prefix[0] != '/' {
		return fmt.Errorf("%s %q does not begin with \"/\"", option, prefix)
	}
	if !setPath(new(url.URL), prefix) {
		return fmt.Errorf("%s %q is not an escaped path", option, prefix)
	}
	return nil
}

// apply returns path with its front exchanged. No other byte changes. The path
// of OPTIONS * has no front.
func (p prefixes) apply(path string) string {
	if path == "*" {
		return path
	}
	if rest, ok := strings.CutPrefix(path, p.strip); ok && (rest == "" || rest[0] == '/') {
		path = rest
	}
	if path == "" {
		path = "/"
	}
	return p.add + path
}

// outgoing returns the URL that goes out for a request of u, but for its address,
// and whether net/http would send its path as it is.
func (p prefixes) outgoing(u *url.URL) (out url.URL, ok bool) {
	escaped := escapedPath(u)
	if u.Opaque != "" || u.RawPath != "" && u.RawPath != escaped {
		return url.URL{}, false
	}
	out = *u
	out.User = nil
	if p == (prefixes{}) && u.RawPath != "" {
		return out, true // it stays as it is
	}
	return out, setPath(&out, p.apply(escaped))
}
