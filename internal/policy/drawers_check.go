package policy

import (
	"fmt"
	"slices"
	"strings"
)

// ownNames are the request fields that never come from a client on an enforced
// fetch: edge answers conditionals and ranges itself, and writes its own
// forwarding and trace fields.
var ownNames = []string{
	"baggage", "cache-control", "forwarded", "if-match", "if-modified-since", "if-none-match",
	"if-range", "if-unmodified-since", "pragma", "range", "traceparent", "tracestate", "via",
	"x-forwarded-*",
}

// conditions are those of ownNames that ask for less than the whole: edge answers them
// itself, in every mode that fetches for the store.
var conditions = []string{
	"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range",
}

// hopNames are gone before a policy is asked.
var hopNames = []string{
	"connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-authenticate",
	"proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}

// checkName says what is wrong with a name in key, dynamic_on or withhold.
func checkName(k dataKind, name, option string) *fault {
	glob := strings.Contains(name, "*")
	switch {
	case name == "":
		return &fault{fmt.Sprintf("%s.%s has an empty name", option, k), ""}
	case option == "key" && glob:
		return &fault{fmt.Sprintf("key.%s: %q is a glob", k, name), `write each name, or "*" for all`}
	case option == "key" && strings.Contains(name, "="):
		return &fault{fmt.Sprintf("key.%s: %q is not a name", k, name), "write {name: [value]} for closed values"}
	case k == cookieData && strings.ContainsAny(name, "; \t\","):
		return &fault{fmt.Sprintf("%s.cookies: %q is not the name of a cookie", option, name), ""}
	case k == headerData:
		return checkHeaderName(strings.ToLower(name), option)
	}
	return nil
}

func checkHeaderName(name, option string) *fault {
	switch {
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-*") != "":
		return &fault{
			fmt.Sprintf("%s.headers: %q never reaches a policy", option, name),
			"fields whose names hold more than letters, digits and - are dropped",
		}
	case name == "cookie":
		return &fault{option + ".headers: Cookie is a kind of its own", "write " + option + ": {cookies: [...]}"}
	case name == "host":
		return &fault{option + ".headers: Host is always in the key", "limit a route with hosts"}
	case slices.Contains(hopNames, name):
		return &fault{fmt.Sprintf("%s.headers: %s is about one connection and goes before a policy is asked", option, name), ""}
	case option == "key" && isOwn(name):
		return &fault{fmt.Sprintf("key.headers: %s never comes from the client on a fetch", name), "edge answers it, or writes it, itself"}
	}
	return nil
}

// isOwn reports whether a lower-case name is among ownNames.
func isOwn(name string) bool {
	return slices.ContainsFunc(ownNames, func(own string) bool { return globMatches(own, name, plainName) })
}
