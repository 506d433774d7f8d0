package nextjs

import (
	"path"
	"regexp"
	"strings"
)

// nodeModules are the modules of Node.js; none of them knows of Next.js.
var nodeModules = strings.Fields(`assert async_hooks buffer child_process cluster console constants crypto
	dgram diagnostics_channel dns domain events fs http http2 https inspector module net os path perf_hooks process
	punycode querystring readline repl stream string_decoder timers tls trace_events tty url util v8 vm wasi
	worker_threads zlib`)

// selfReading are packages that ask Next.js for cookies or headers without
// being given a request, although their names do not say so.
var selfReading = map[string]bool{
	"@auth0": true, "@clerk": true, "@kinde-oss": true, "@lucia-auth": true, "@propelauth": true, "@stackframe": true,
	"@workos-inc": true, "@descope": true, "@logto": true, "@hexclave": true, "flags": true,
	"@vercel/functions": true, "@vercel/flags": true, "nookies": true, "stytch": true, "@stytch": true, "supertokens-node": true,
}

// aboutNext finds the names of packages that are made for Next.js.
var aboutNext = regexp.MustCompile(`(?:^|[^a-z])next(?:js)?(?:$|[^a-z])`)

// packageName is the package of a specifier: "@a/b" of "@a/b/c".
func packageName(specifier string) string {
	parts := strings.SplitN(specifier, "/", 3)
	if strings.HasPrefix(specifier, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// readsByItself reports whether what a specifier names may read the request
// without being given it, by way of next/headers. A package that is installed
// and asks for next, itself or through others, may; of one that is not, the
// name has to tell. What belongs to the owner (a workspace) and what nobody
// asks for may be anything.
func (s *sources) readsByItself(specifier string) bool {
	name := packageName(specifier)
	switch {
	case strings.HasPrefix(specifier, "node:"), isNodeModule(name):
		return false
	case name == "react", name == "react-dom", name == "server-only", name == "client-only":
		return false
	case aboutNext.MatchString(specifier):
		return true
	}
	scope, _, _ := strings.Cut(name, "/")
	if selfReading[name] || selfReading[scope] {
		return true
	}
	if known, ok := s.aware[name]; ok {
		return known
	}
	s.aware[name] = false // while its own dependencies are looked at
	s.aware[name] = s.asksForNext(name, s.manifest.version(name))
	return s.aware[name]
}

func isNodeModule(name string) bool {
	for _, module := range nodeModules {
		if module == name {
			return true
		}
	}
	return false
}

// asksForNext looks at the package.json of an installed package. version is what
// its user asks for; "" when nobody does.
func (s *sources) asksForNext(name, version string) bool {
	file := path.Join("node_modules", name, "package.json")
	if !s.isFile(file) {
		return version == "" || strings.HasPrefix(version, "workspace:") || strings.HasPrefix(version, "file:") ||
			strings.HasPrefix(version, "link:") || strings.HasPrefix(version, "portal:")
	}
	m, err := readPackage(s.root, file)
	if err != nil {
		return true
	}
	for _, list := range []map[string]string{m.Dependencies, m.PeerDependencies, m.OptionalDependencies} {
		for _, other := range sortedKeys(list) {
			if other == "next" {
				return true
			}
			if known, ok := s.aware[other]; ok && known {
				return true
			} else if ok {
				continue
			}
			if aboutNext.MatchString(other) || s.isFile(path.Join("node_modules", other, "package.json")) && s.readsByItself(other) {
				return true
			}
		}
	}
	return false
}
