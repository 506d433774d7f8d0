package policy

import (
	"strings"

	"edge/internal/request"
)

// slashRules are the redirects of trailing_slash and slashes. The zero value
// redirects nothing.
type slashRules struct {
	never, always bool // trailing_slash
	merge         bool // slashes
}

// redirect returns the target that a request should have had, with its query,
// and false when it is well as it is. The target is a path, never a URL: a path
// that begins with two slashes would be read as a host, so it gets a dot
// segment in front, which clients resolve away.
func (s slashRules) redirect(v *request.View) (string, bool) {
	path := v.Path
	if !strings.HasPrefix(path, "/") {
		return "", false // OPTIONS *
	}
	if s.merge && strings.Contains(path, "//") {
		path = mergeSlashes(path)
	}
	if s.never || s.always {
		path = s.trailing(path)
	}
	if path == v.Path {
		return "", false
	}
	if strings.HasPrefix(path, "//") {
		path = "/." + path
	}
	if v.HasQuery {
		path += "?" + v.Query
	}
	return path, true
}

// trailing puts the trailing slash where it belongs. With always, paths whose
// last segment has a dot name files and have none, and /.well-known is left
// alone: so does Next.js.
func (s slashRules) trailing(path string) string {
	bare := strings.TrimSuffix(path, "/")
	file := strings.Contains(bare[strings.LastIndexByte(bare, '/')+1:], ".")
	switch {
	case bare == "", s.always && (path == "/.well-known" || strings.HasPrefix(path, "/.well-known/")):
		return path
	case s.never, file:
		return bare
	case path == bare:
		return path + "/"
	default:
		return path
	}
}

func mergeSlashes(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if path[i] != '/' || i == 0 || path[i-1] != '/' {
			b.WriteByte(path[i])
		}
	}
	return b.String()
}
