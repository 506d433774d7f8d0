package request

import "strings"

// filling is the state of one filler at work: the view, and what its field
// lines say to edge itself.
type filling struct {
	view  *View
	rules *Rules
	conn  Conn

	// authority is that of an absolute-form target, or empty.
	authority string

	bytes, lines       int // of the target and all fields so far
	maxBytes, maxLines int

	host, length, coding, upgrade     string // the last line of each
	hosts, lengths, codings, upgrades int    // how many there were
	badTrailer                        bool

	// connection are the Connection lines that say more than close or
	// keep-alive. There are hardly ever more than one; more than fit are a
	// fault.
	connection  [4]string
	connections int
}

func (f *filling) start(v *View, c Conn, rules *Rules) {
	f.view, f.rules, f.conn = v, rules, c
	f.maxBytes, f.maxLines = rules.fieldBytes(), rules.fieldCount()
	v.start(rules, c)
	v.HTTP2 = c.HTTP2
}

// method takes the method (RFC 9110, section 9). CONNECT and TRACE are refused
// in any case: an origin may fold it.
func (f *filling) method(raw string) Fault {
	if tokenOf(raw) == notToken {
		return BadMethod
	}
	f.view.Method = raw
	if EqualFold(raw, "CONNECT") || EqualFold(raw, "TRACE") {
		return RefusedMethod
	}
	return NoFault
}

// target takes the request target (RFC 9112, section 3.2): origin-form,
// absolute-form, or "*" for OPTIONS.
func (f *filling) target(raw string) Fault {
	v := f.view
	if len(raw) > f.rules.targetBytes() {
		return LongTarget
	}
	f.bytes = len(raw)
	if raw == "*" && v.Method == "OPTIONS" {
		v.Path = raw
		return NoFault
	}
	raw, fault := f.cutAuthority(raw)
	if fault != NoFault {
		return fault
	}
	path, query, hasQuery := strings.Cut(raw, "?")
	if path == "" {
		path = "/" // only after an authority
	}
	if path, fault = canonicalPath(path); fault != NoFault {
		return fault
	}
	v.Path, v.HasQuery = path, hasQuery
	if v.Query, fault = canonicalQuery(query); fault != NoFault {
		return fault
	}
	if len(v.Query) > f.rules.queryBytes() || strings.Count(query, "&") >= f.rules.queryParams() {
		return LongQuery
	}
	// The canonical form is what goes on: escaping must not carry it beyond
	// what an origin accepts.
	long := len(v.Path) + len(v.Query)
	if v.HasQuery {
		long += len("?")
	}
	if f.bytes = max(f.bytes, long); long > f.rules.targetBytes() {
		return LongTarget
	}
	return NoFault
}

// cutAuthority takes the scheme and the authority off an absolute-form target.
// The scheme only has to be one of ours: View.Scheme is what the client speaks,
// not what it says.
func (f *filling) cutAuthority(raw string) (rest string, _ Fault) {
	if strings.HasPrefix(raw, "/") {
		return raw, NoFault
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || f.view.HTTP2 || !EqualFold(scheme, "http") && !EqualFold(scheme, "https") {
		return "", BadTarget
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if end == 0 {
		return "", BadHost
	}
	f.authority = rest[:end]
	return rest[end:], NoFault
}

// field takes one field line whose name is clean and whose value is valid and
// trimmed. e is the entry of the name, or nil.
func (f *filling) field(name, value string, e *entry) Fault {
	slot, k, usual := NoSlot, endToEnd, false
	if e != nil {
		slot, k, usual = e.slot, e.kind, e.usual
	} else {
		k, usual = kindByPrefix(name), usualByPrefix(name)
	}
	switch k {
	case endToEnd:
		f.view.add(name, value, slot, usual)
	case forwarding:
		if f.view.TrustedPeer {
			f.view.add(name, value, slot, usual)
		}
	case connection:
		return f.addConnection(value)
	case upgrade:
		f.upgrade = value
		f.upgrades++
		f.view.Hop |= HopUpgrade
	case expect:
		f.view.Hop |= HopExpect
	case host:
		f.host = value
		f.hosts++
	case contentLength:
		f.length = value
		f.lengths++
	case transferEncoding:
		f.coding = value
		f.codings++
	case trailer:
		f.badTrailer = f.badTrailer || namesFraming(value)
	}
	return NoFault
}

// count takes the size of a field line into account, whatever becomes of it.
func (f *filling) count(name, value string) Fault {
	f.bytes += len(name) + len(value) + len(": \r\n")
	f.lines++
	if f.bytes > f.maxBytes || f.lines > f.maxLines {
		return BigFields
	}
	return NoFault
}

func (f *filling) addConnection(value string) Fault {
	switch {
	case EqualFold(value, "keep-alive"):
		return NoFault
	case EqualFold(value, "close"):
		f.view.Hop |= HopClose
		return NoFault
	}
	if f.connections == len(f.connection) {
		return BadField
	}
	f.connection[f.connections] = value
	f.connections++
	return NoFault
}

// namesFraming reports whether a Trailer line announces a field that may not
// come after the body it frames (RFC 9110, section 6.5.1).
func namesFraming(line string) bool {
	for name := range elements(line) {
		if EqualFold(name, "Content-Length") || EqualFold(name, "Transfer-Encoding") || EqualFold(name, "Trailer") {
			return true
		}
	}
	return false
}

// finish resolves what needs all fields: scheme, host, Connection, Upgrade.
// authority is what names the host.
func (f *filling) finish(authority string) Fault {
	v := f.view
	v.Scheme = f.scheme()
	v.RedirectHTTPS = f.conn.RedirectHTTPS && v.Scheme == "http"
	var ok bool
	if v.Host, ok = canonicalHost(authority, v.Scheme); !ok {
		return BadHost
	}
	if f.authority != "" && f.rules.OwnHost != nil && !f.rules.OwnHost(v.Host) {
		return ForeignHost
	}
	if f.connections == 0 {
		return NoFault
	}
	upgrades, fault := v.dropNamed(f.connection[:f.connections])
	if fault != NoFault {
		return fault
	}
	// An upgrade must be asked for by both fields, and HTTP/1.0 and HTTP/2
	// have none (RFC 9110, section 7.8). A list would leave the choice, and
	// with it the meaning of the connection, to the origin.
	if upgrades && f.upgrades == 1 && !v.HTTP10 && !v.HTTP2 && tokenOf(f.upgrade) != notToken {
		v.Upgrade = strings.ToLower(f.upgrade)
	}
	return NoFault
}

// scheme returns what the client speaks. Of several values the last one is
// what our own peer says; who wrote the others is not known.
func (f *filling) scheme() string {
	if f.rules.Scheme != "" {
		return f.rules.Scheme
	}
	if f.view.TrustedPeer {
		var last string
		for line := range f.view.LinesOf("X-Forwarded-Proto") {
			last = line
		}
		last = trim(last[strings.LastIndexByte(last, ',')+1:])
		for _, scheme := range [...]string{"http", "https"} {
			if EqualFold(last, scheme) {
				return scheme
			}
		}
	}
	if f.conn.TLS {
		return "https"
	}
	return "http"
}
