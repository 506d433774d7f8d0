package policy

import (
	"fmt"
	"strings"
)

// hostList is a list of hosts as request.View.Host spells them. "*.example.com"
// stands for every name with exactly one label more, as in a certificate. The
// zero hostList allows every host.
type hostList struct {
	names   map[string]bool
	parents map[string]bool // what follows "*."
	// ports are the ports that edge listens on, as ":8080": a host is the same
	// with one of them and without. Default ports are not among them.
	ports []string
}

// limited reports whether the list names any host.
func (l *hostList) limited() bool { return l.names != nil }

// allows reports whether host, as in View.Host, is on the list.
func (l *hostList) allows(host string) bool {
	if !l.limited() {
		return true
	}
	host = l.bare(host)
	return l.names[host] || l.parents[parentOf(host)]
}

// bare drops a port that edge listens on.
func (l *hostList) bare(host string) string { return cutAny(host, l.ports) }

// cutAny cuts off one of suffixes.
func cutAny(s string, suffixes []string) string {
	for _, suffix := range suffixes {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			return rest
		}
	}
	return s
}

// covers reports whether every host that entry stands for is allowed.
func (l *hostList) covers(entry string) bool {
	if parent, ok := strings.CutPrefix(entry, "*."); ok {
		return !l.limited() || l.parents[parent]
	}
	return l.allows(entry)
}

// add puts an entry that canonicalHost has accepted on the list.
func (l *hostList) add(entry string) {
	if l.names == nil {
		l.names, l.parents = map[string]bool{}, map[string]bool{}
	}
	if parent, ok := strings.CutPrefix(entry, "*."); ok {
		l.parents[parent] = true
		return
	}
	l.names[entry] = true
}

// parentOf returns what follows the first label, or "" when there is none.
func parentOf(host string) string {
	if i := strings.IndexByte(host, '.'); i > 0 {
		return host[i+1:]
	}
	return ""
}

// canonicalHost spells an entry of a list of hosts as View.Host would, without
// the ports that need not be said: 80, 443 and those edge listens on.
func (l *hostList) canonicalHost(entry string) (string, *fault) {
	host := cutAny(strings.ToLower(entry), append([]string{":80", ":443"}, l.ports...))
	host = strings.TrimSuffix(host, ".")
	if strings.Contains(host, "://") {
		return "", &fault{fmt.Sprintf("%q is a URL, not a host", entry), "write the name alone"}
	}
	name, port, hasPort := cutPort(host)
	if hasPort && !isPort(port) {
		return "", &fault{fmt.Sprintf("%q has a bad port", entry), ""}
	}
	if !isHostName(strings.TrimPrefix(name, "*.")) {
		return "", &fault{fmt.Sprintf("%q is not a host", entry), "write a name such as www.example.com or *.example.com"}
	}
	return host, nil
}

// cutPort splits "host:port"; an IPv6 address keeps its brackets.
func cutPort(s string) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.IndexByte(s[i:], ']') >= 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// isPort reports whether s is a number from 0 to 65535.
func isPort(s string) bool {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' || n > 6553 {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return s != "" && n <= 65535
}

// isHostName reports whether s is a lower-case name, an IPv4 address or an IPv6
// address in brackets, as far as its characters go: a name that cannot be
// resolved is no danger here, it matches nothing.
func isHostName(s string) bool {
	if inner, ok := bracketed(s); ok {
		return strings.Contains(inner, ":") && strings.Trim(inner, "0123456789abcdef:.") == ""
	}
	for _, label := range strings.Split(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
