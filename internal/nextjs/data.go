package nextjs

// What the parts of a request have, as Next.js 16 documents and tracks it
// (app-route/module): fields that are parts again, and fields that hold data.

// parts are the fields that lead on.
var parts = map[datum]map[string]atom{
	requestData: {
		"headers": headersData, "cookies": cookiesData, "nextUrl": urlData, "url": urlText, "method": theMethod,
	},
	urlData: {
		"searchParams": searchData, "search": searchText, "href": urlText,
	},
	contextData: {
		"params": promised{paramsData},
	},
}

// plain are the fields that hold nothing that is not in the key: the path, the
// host and the scheme are, and the method is always GET.
var plain = map[datum]map[string]bool{
	requestData: set("signal", "cache", "credentials", "mode", "redirect", "integrity", "keepalive", "destination",
		"duplex", "bodyUsed", "referrer", "referrerPolicy", "isReloadNavigation", "isHistoryNavigation", "page"),
	urlData: set("pathname", "origin", "host", "hostname", "port", "protocol", "basePath", "locale", "defaultLocale",
		"domainLocale", "buildId", "trailingSlash", "hash", "username", "password"),
}

// methodsOf are the functions of the parts.
var methodsOf = map[datum]map[string]bool{
	requestData: set("json", "text", "formData", "blob", "arrayBuffer", "bytes", "clone"),
	urlData:     set("toString", "toJSON", "clone"),
	searchData:  set("get", "getAll", "has", "entries", "values", "keys", "forEach", "toString", "sort", "set", "append", "delete"),
	headersData: set("get", "has", "entries", "values", "keys", "forEach", "set", "append", "delete", "getSetCookie"),
	cookiesData: set("get", "getAll", "has", "set", "delete", "clear", "toString"),
	draftData:   set("enable", "disable"),
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// getDatum is a field of a part of the request. known is false when the name is
// not.
func (in *interp) getDatum(d datum, name string, known bool) value {
	if !known {
		in.readAll(d, "a field whose name is computed")
		return nothing
	}
	var own value // what code has set
	if o, ok := in.side[d]; ok {
		own = join(o.fields[name], o.rest)
	}
	if a, ok := parts[d][name]; ok {
		return join(own, value{a})
	}
	switch {
	case plain[d][name], d == contextData, d == paramsData, d == bodyData:
		return join(own, nothing)
	case methodsOf[d][name]:
		return join(own, value{method{d, name}})
	}
	return join(own, in.readField(d, name))
}

// readField reads a field that holds data.
func (in *interp) readField(d datum, name string) value {
	switch d {
	case requestData:
		switch name {
		case "body":
			in.read(ReadBody, "", "")
		case "geo", "ip":
			in.read(ReadClient, "", "")
		case "ua":
			in.read(ReadHeader, "user-agent", "")
		}
	case queryRecord:
		in.read(ReadQuery, name, "")
	case headerRecord:
		in.readHeader(name)
	case draftData:
		if name == "isEnabled" {
			in.read(ReadDraft, "", "")
		}
	case urlText, searchText:
		in.read(ReadQuery, AnyName, "the address is taken apart")
	case searchData:
		if name == "size" {
			in.read(ReadQuery, AnyName, "how many parameters there are")
		}
	case cookiesData:
		if name == "size" {
			in.read(ReadCookie, AnyName, "how many cookies there are")
		}
	}
	return nothing
}

func (in *interp) readHeader(name string) {
	if name == AnyName {
		in.read(ReadHeader, AnyName, "all header fields")
		in.read(ReadCookie, AnyName, "all header fields, Cookie too")
		return
	}
	if r, ok := headerRead(name); ok {
		in.read(r.Kind, r.Name, r.Why)
	}
}

// readAll records that any data of a part may be read.
func (in *interp) readAll(d datum, why string) {
	switch d {
	case requestData:
		in.read(ReadQuery, AnyName, why)
		in.read(ReadHeader, AnyName, why)
		in.read(ReadCookie, AnyName, why)
		in.read(ReadBody, "", why)
	case headersData, headerRecord:
		in.read(ReadHeader, AnyName, why)
		in.read(ReadCookie, AnyName, why)
	case cookiesData:
		in.read(ReadCookie, AnyName, why)
	case urlData, urlText, searchData, searchText, queryRecord:
		in.read(ReadQuery, AnyName, why)
	case draftData:
		in.read(ReadDraft, "", why)
	}
}

// escapeRecords reads all of what a loop over names goes through.
func (in *interp) escapeRecords(v value) {
	for _, a := range v {
		if d, ok := a.(datum); ok && (d == queryRecord || d == headerRecord) {
			in.readAll(d, "all names")
		}
	}
}

// callDatum calls a function of a part of the request.
func (in *interp) callDatum(d datum, name string, args arguments, node any, sc *scope) value {
	switch d {
	case requestData:
		return in.callRequest(name)
	case urlData:
		switch name {
		case "clone":
			return value{urlData}
		case "toString", "toJSON":
			return value{urlText}
		}
	case searchData:
		return in.callSearch(name, args)
	case headersData:
		return in.callHeaders(name, args)
	case cookiesData:
		return in.callCookies(name, args)
	case draftData:
		in.effect(EffectCookies) // enable and disable set one
		return nothing
	case urlText, searchText:
		in.readAll(d, "the address is taken apart")
	case queryRecord, headerRecord:
		in.readAll(d, "all names")
	case bodyData, contextData, paramsData:
	}
	in.escape(args.all(), name)
	return nothing
}

func (in *interp) callRequest(name string) value {
	switch name {
	case "clone":
		return value{requestData}
	case "json", "formData":
		in.read(ReadBody, "", "")
		return value{promised{bodyData}}
	}
	in.read(ReadBody, "", "")
	return nothing
}

func (in *interp) callSearch(name string, args arguments) value {
	switch name {
	case "get", "getAll", "has":
		in.readNames(ReadQuery, args.at(0))
	case "set", "append", "delete":
	case "entries":
		return value{searchData}
	case "toString":
		return value{searchText}
	case "forEach":
		in.readAll(searchData, "all parameters")
		in.escape(args.all(), "")
	case "sort":
	default:
		in.readAll(searchData, "all parameters")
	}
	return nothing
}

func (in *interp) callHeaders(name string, args arguments) value {
	switch name {
	case "get", "has":
		in.readNames(ReadHeader, args.at(0))
	case "set", "append", "delete":
	case "entries":
		return value{headersData}
	default:
		in.readHeader(AnyName)
		in.escape(args.all(), "")
	}
	return nothing
}

func (in *interp) callCookies(name string, args arguments) value {
	switch name {
	case "get", "has", "getAll":
		if name == "getAll" && len(args.list) == 0 && len(args.more) == 0 {
			in.read(ReadCookie, AnyName, "all cookies")
			return nothing
		}
		in.readNames(ReadCookie, args.at(0))
	case "set", "delete", "clear":
		in.effect(EffectCookies)
	default:
		in.read(ReadCookie, AnyName, "all cookies")
	}
	return nothing
}

// readNames records reads by what their name may be.
func (in *interp) readNames(kind ReadKind, name value) {
	var names []string
	for _, a := range name {
		switch a := a.(type) {
		case text:
			names = append(names, string(a))
			continue
		case literal:
			names = append(names, string(a))
			continue
		case *object: // cookies().get({name: 'x'})
			if list, ok := a.fields["name"].texts(); ok && kind == ReadCookie {
				names = append(names, list...)
				continue
			}
		}
		names = []string{AnyName}
		break
	}
	if len(names) == 0 {
		names = []string{AnyName}
	}
	for _, n := range names {
		switch {
		case n == AnyName && kind == ReadHeader:
			in.read(ReadHeader, AnyName, "a name that is computed")
			in.read(ReadCookie, AnyName, "a name of a header field that is computed")
		case n == AnyName:
			in.read(kind, AnyName, "a name that is computed")
		case kind == ReadHeader:
			in.readHeader(n)
		default:
			in.read(kind, n, "")
		}
	}
}

// iterateDatum reads all of a part that code goes through.
func (in *interp) iterateDatum(d datum) value {
	switch d {
	case searchData, searchText, queryRecord, urlText:
		in.readAll(d, "all parameters")
	case headersData, headerRecord:
		in.readAll(d, "all header fields")
	case cookiesData:
		in.readAll(d, "all cookies")
	}
	return nothing
}
