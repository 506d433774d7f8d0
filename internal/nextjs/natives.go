package nextjs

import (
	"slices"
	"strings"
)

// globalNatives are the globals that the analysis knows; all others are code
// that cannot be seen.
var globalNatives = set("URL", "URLSearchParams", "Headers", "Request", "Object", "Array", "Promise", "Reflect", "Set",
	"globalThis", "process", "fetch", "String", "Number", "Boolean", "parseInt", "parseFloat", "isNaN", "Date", "Math",
	"decodeURIComponent", "encodeURIComponent", "decodeURI", "encodeURI", "structuredClone", "require", "eval", "module")

// global is the atom of a global name.
func global(name string) atom {
	if globalNatives[name] {
		return native(name)
	}
	return library{name: name}
}

// nextExports are what the modules of Next.js and React give that matters here.
// All else of theirs holds nothing of a request.
var nextExports = map[string]map[string]native{
	"next/headers":    {"cookies": "cookies", "headers": "headers", "draftMode": "draftMode"},
	"next/headers.js": {"cookies": "cookies", "headers": "headers", "draftMode": "draftMode"},
	"next/server":     serverExports,
	"next/server.js":  serverExports,
	"next/cache":      cacheExports,
	"next/cache.js":   cacheExports,
	"react":           {"cache": "identity", "use": "identity"},
	"url":             urlExports,
	"node:url":        urlExports,
}

var (
	serverExports = map[string]native{
		"NextRequest": "Request", "userAgent": "userAgent", "connection": "connection", "after": "after", "unstable_after": "after",
	}
	urlExports   = map[string]native{"URL": "URL", "URLSearchParams": "URLSearchParams"}
	cacheExports = map[string]native{
		"unstable_cache": "identity", "unstable_noStore": "connection", "revalidateTag": "invalidate", "revalidatePath": "invalidate",
		"updateTag": "invalidate", "refresh": "invalidate", "expireTag": "invalidate", "expirePath": "invalidate",
	}
)

// callNative calls a function that the analysis knows.
func (in *interp) callNative(n native, args arguments, node any, sc *scope) value {
	if v, ok := in.callBuiltin(n, args, node, sc); ok {
		return v
	}
	switch n {
	case "cookies":
		return value{cookiesData}
	case "headers":
		return value{headersData}
	case "draftMode":
		return value{draftData}
	case "userAgent":
		in.read(ReadHeader, "user-agent", "")
		return nothing
	case "connection":
		in.effect(EffectDynamic)
		return nothing
	case "invalidate":
		in.effect(EffectInvalidates)
		return nothing
	case "identity":
		return args.at(0)
	case "fetch":
		return in.callFetch(args, node, sc)
	case "String", "decodeURIComponent", "encodeURIComponent", "decodeURI", "encodeURI", "Number", "parseInt", "parseFloat", "Date":
		in.useText(args.at(0))
		if list, ok := args.at(0).texts(); ok && n == "String" && len(list) == 1 {
			return args.at(0)
		}
		return nothing
	case "Boolean", "isNaN":
		return nothing
	case "require":
		return in.required(args, sc)
	case "eval": // sees what the code around it sees
		in.readAll(requestData, "eval runs code that edge cannot see")
	}
	return in.callUnseen(nil, string(n), args, node, sc)
}

// callFetch looks at how a fetch is to be cached.
func (in *interp) callFetch(args arguments, node any, sc *scope) value {
	for _, a := range args.at(1) {
		o, ok := a.(*object)
		if !ok {
			continue
		}
		modes, _ := o.fields["cache"].texts()
		if slices.Contains(modes, "no-store") || slices.Contains(modes, "no-cache") {
			in.effect(EffectUncached)
		}
		for _, n := range o.fields["next"] {
			if next, ok := n.(*object); ok && slices.Contains(next.fields["revalidate"], atom(literal("0"))) {
				in.effect(EffectUncached)
			}
		}
	}
	return in.callUnseen(nil, "fetch", args, node, sc)
}

// newNative makes an instance of a class that the analysis knows.
func (in *interp) newNative(n native, args arguments, node any, sc *scope) value {
	first := args.at(0)
	switch n {
	case "URL":
		return in.newURL(args)
	case "URLSearchParams":
		return in.copyOf(first, map[datum]datum{searchData: searchData, searchText: searchData, queryRecord: searchData}, args, node, sc)
	case "Headers":
		return in.copyOf(first, map[datum]datum{headersData: headersData, headerRecord: headersData}, args, node, sc)
	case "Request":
		if len(args.list) > 1 { // perhaps with another method
			return in.callUnseen(nil, "new Request", args, node, sc)
		}
		return in.copyOf(first, map[datum]datum{requestData: requestData}, args, node, sc)
	case "Set", "Array":
		return in.listOf(join(in.iterate(first), nothing), node, sc, objectPart)
	case "Object":
		return first
	case "Date", "Number", "String", "Boolean":
		in.useText(first)
		return nothing
	case "Promise":
		return in.newPromise(args, node, sc)
	}
	return in.callUnseen(nil, string(n), args, node, sc)
}

// copyOf is a new object around a part of the request, which has the same data.
// Around anything else it is code that cannot be seen.
func (in *interp) copyOf(first value, kinds map[datum]datum, args arguments, node any, sc *scope) value {
	var out value
	for _, a := range first {
		d, isDatum := a.(datum)
		to, known := kinds[d]
		switch {
		case isDatum && known:
			out = join(out, value{to})
			in.escape(args.from(1).all(), "")
		default:
			out = join(out, in.callUnseen(nil, "", arguments{list: append([]value{{a}}, args.from(1).list...), more: args.more}, node, sc))
		}
	}
	if len(first) == 0 {
		return nothing
	}
	return out
}

// newURL is new URL(address, base). Of a base only what stands before its query
// is used, unless the address is empty or begins with "#".
func (in *interp) newURL(args arguments) value {
	address, base := args.at(0), args.at(1)
	var out value
	for _, a := range address {
		switch a {
		case atom(urlText), atom(urlData):
			out = join(out, value{urlData})
		case atom(searchText), atom(searchData):
			out = join(out, value{urlData})
		default:
			out = join(out, nothing)
		}
	}
	if len(base) > 0 && !ownPath(address) {
		in.useText(base)
	}
	if len(out) == 0 {
		return nothing
	}
	return out
}

// ownPath reports whether an address surely has a path of its own.
func ownPath(v value) bool {
	for _, a := range v {
		if s, ok := a.(text); a != atom(rooted) && (!ok || s == "" || s[0] == '#') {
			return false
		}
	}
	return len(v) > 0
}

// newPromise runs the function a promise is made of.
func (in *interp) newPromise(args arguments, node any, sc *scope) value {
	settle := in.make(site{node, sc, objectPart}, func() atom { return &opaque{} })
	in.call(args.at(0), nothing, arguments{list: []value{{settle}, {settle}}}, node, sc)
	return value{settle}
}

// getNative is a field of what the analysis knows: a function of Object, say,
// or a global by way of globalThis.
func (in *interp) getNative(n native, name string, known bool) value {
	var own value
	if _, ok := in.side[n]; ok {
		own = in.getSide(n, name, known).present()
	}
	if !known {
		return join(own, nothing)
	}
	switch n {
	case "globalThis":
		return join(own, value{global(name)})
	case "Object", "Array", "Promise", "Reflect":
		return join(own, value{native(string(n) + "." + name)})
	case "URL":
		if name == "parse" {
			return join(own, value{native("URL.parse")})
		}
	}
	return join(own, nothing)
}

// callNativeMethod calls n.name(args).
func (in *interp) callNativeMethod(n native, name string, args arguments, node any, sc *scope) value {
	switch {
	case n == "URL" && name == "parse":
		return in.newURL(args)
	case n == "URL" && name == "canParse", n == "Math":
		return nothing
	case n != "Reflect" && (name == "call" || name == "apply" || name == "bind"):
		if v, ok := in.callFunctionMethod(n, name, args, node, sc); ok {
			return v
		}
	case n == theMethod && (name == "toUpperCase" || name == "toString"):
		return value{theMethod}
	case n == rooted, n == theMethod:
		return in.callUnseen(nil, "", args, node, sc)
	}
	return in.call(in.getNative(n, name, true), value{n}, args, node, sc)
}

// escapeNative is a function of Next.js in the hands of code that cannot be
// seen, which may call it.
func (in *interp) escapeNative(n native, why string) {
	switch n {
	case "cookies":
		in.readAll(cookiesData, why)
	case "headers":
		in.readAll(headersData, why)
	case "draftMode":
		in.readAll(draftData, why)
	case "connection":
		in.effect(EffectDynamic)
	case "invalidate":
		in.effect(EffectInvalidates)
	}
}

// isAsset reports whether a specifier is of a file without code.
func isAsset(specifier string) bool {
	for _, suffix := range []string{".css", ".scss", ".sass", ".less", ".json", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico",
		".woff", ".woff2", ".ttf", ".otf", ".txt", ".md", ".html", ".wasm", ".graphql", ".sql"} {
		if strings.HasSuffix(specifier, suffix) {
			return true
		}
	}
	return false
}
