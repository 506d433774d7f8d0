package nextjs

import "strings"

// matcherOfSource compiles a path as config.matcher and next.config write them,
// in the syntax of path-to-regexp: "/a/:path*", "/((?!api).*)". One that is not
// understood matches everything.
func matcherOfSource(source string) *matcher {
	text, ok := sourceRegexp(source)
	if !ok {
		return matchAll
	}
	return matcherOfRegexp(text)
}

// sourceRegexp is the regular expression of a source. Groups in braces are not
// understood.
func sourceRegexp(source string) (string, bool) {
	if !strings.HasPrefix(source, "/") {
		return "", false
	}
	var b strings.Builder
	b.WriteByte('^')
	for rest := source; rest != ""; {
		prefix := ""
		if strings.HasPrefix(rest, "/:") || strings.HasPrefix(rest, "/(") {
			prefix, rest = `\/`, rest[1:]
		}
		switch {
		case strings.HasPrefix(rest, ":"), strings.HasPrefix(rest, "("):
			after, ok := writeParameter(&b, prefix, rest)
			if !ok {
				return "", false
			}
			rest = after
		case strings.ContainsAny(rest[:1], "{}"):
			return "", false
		default:
			c := rest[0]
			if c == '\\' && len(rest) > 1 {
				rest = rest[1:]
				c = rest[0]
			}
			if c < 0x80 && strings.IndexByte(`.+*?=^!${}()[]|/\-#`, c) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
			rest = rest[1:]
		}
	}
	b.WriteString(`[\/#\?]?$`)
	return b.String(), true
}

// writeParameter writes :name, :name(pattern) or (pattern) with its modifier,
// and returns what follows.
func writeParameter(b *strings.Builder, prefix, rest string) (after string, ok bool) {
	pattern := `[^\/#\?]+?`
	if strings.HasPrefix(rest, ":") {
		rest = strings.TrimLeft(rest[1:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
	}
	if strings.HasPrefix(rest, "(") {
		end := closing(rest)
		if end < 0 {
			return "", false
		}
		pattern, rest = rest[1:end], rest[end+1:]
	}
	modifier := ""
	if rest != "" && strings.ContainsAny(rest[:1], "?*+") {
		modifier, rest = rest[:1], rest[1:]
	}
	switch {
	case modifier == "*", modifier == "+":
		b.WriteString("(?:" + prefix + "(?:" + pattern + ")(?:" + prefix + "(?:" + pattern + "))*)")
		if modifier == "*" {
			b.WriteByte('?')
		}
	default:
		b.WriteString("(?:" + prefix + "(?:" + pattern + "))" + modifier)
	}
	return rest, true
}

// closing is the index of the parenthesis that closes the one at 0, or -1.
func closing(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
