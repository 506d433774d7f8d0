package request

import "strings"

// New returns the view of a request without a connection: for explain, for
// warming and for tests. url is absolute; fields are lines like "Cookie: a=b",
// where a Host line takes the place of the authority of url. It is read by
// Parse as a client would have sent it, over TLS if its scheme is https.
func New(rules *Rules, method, url string, fields ...string) (*View, Fault) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || strings.ContainsAny(url, " \r\n") || !EqualFold(scheme, "http") && !EqualFold(scheme, "https") {
		return nil, BadTarget
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, target := rest[:end], rest[end:]
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	if strings.ContainsAny(method, " \r\n") {
		return nil, BadMethod
	}
	var head, lines strings.Builder
	hostLine := "Host: " + authority
	for _, line := range fields {
		if strings.ContainsAny(line, "\r\n") || !strings.Contains(line, ":") {
			return nil, BadField
		}
		if hasPrefixFold(line, "Host:") {
			hostLine = line
			continue
		}
		lines.WriteString(line + "\r\n")
	}
	head.WriteString(method + " " + target + " HTTP/1.1\r\n" + hostLine + "\r\n" + lines.String() + "\r\n")

	v := new(View)
	_, fault := Parse(v, []byte(head.String()), Conn{TLS: EqualFold(scheme, "https"), RedirectHTTPS: rules.RedirectHTTPS}, rules)
	if fault != NoFault {
		return nil, fault
	}
	return v, NoFault
}
