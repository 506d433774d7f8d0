package proxy

import (
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"

	"edge/internal/request"
)

// Lines that requests to origins share. Never to be changed.
var (
	viaEdge  = []string{"1.1 edge"}
	agent    = []string{"edge"} // on a fetch of an enforced route
	anything = []string{"*/*"}
	identity = []string{"identity"}
)

// addVia adds edge to those the request has come through.
func addVia(h http.Header) {
	if before := h["Via"]; len(before) > 0 {
		h["Via"] = append(before[:len(before):len(before)], viaEdge[0])
		return
	}
	h["Via"] = viaEdge
}

// traceparent is the trace context (W3C, version 00) of a trace that edge began
// and samples.
func traceparent(high, low, span uint64) string {
	var id [24]byte
	binary.BigEndian.PutUint64(id[:], high)
	binary.BigEndian.PutUint64(id[8:], low)
	binary.BigEndian.PutUint64(id[16:], span|1) // zero is no span
	line := append(make([]byte, 0, 55), "00-"...)
	line = hex.AppendEncode(line, id[:16])
	line = append(line, '-')
	line = hex.AppendEncode(line, id[16:])
	return string(append(line, "-01"...))
}

// copyFields copies all end-to-end fields of the view. It costs one allocation
// for all values.
func copyFields(h http.Header, v *request.View) {
	values := make([]string, 0, v.NumFields())
	for f := range v.Fields() {
		name := http.CanonicalHeaderKey(f.Name)
		if before := h[name]; before != nil {
			h[name] = append(before, f.Value)
			continue
		}
		values = append(values, f.Value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
}

func copySlot(h http.Header, v *request.View, name string, s request.Slot) {
	if value, ok := v.Get(s); ok {
		h[name] = []string{value}
	}
}

// dropConditions removes what would make the answer less than the whole: a
// fetch for the store asks for all of it.
func dropConditions(h http.Header) {
	for _, name := range []string{"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		delete(h, name)
	}
}

// forwardedHost sets what the origin is told of the address the client used.
func forwardedHost(h http.Header, scheme, host string) {
	setForwardedHost(h, []string{host, scheme, portOf(scheme, host)})
}

// setForwardedHost takes host, scheme and port over.
func setForwardedHost(h http.Header, v []string) {
	h["X-Forwarded-Host"], h["X-Forwarded-Proto"], h["X-Forwarded-Port"] = v[0:1:1], v[1:2:2], v[2:3:3]
}

// portOf is the port of an authority as a View has it: with brackets around an
// IPv6 address.
func portOf(scheme, host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[i+1:]
	}
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// forwarding sets the forwarding fields of a request that carries the client's
// data: the chain that trusted peers told, and the peer itself.
func forwarding(h http.Header, v *request.View) {
	peer := v.Peer()
	if peer == "" {
		forwardedHost(h, v.Scheme, v.Host)
		return
	}
	node := peer
	if a, err := netip.ParseAddr(peer); err == nil && a.Is6() {
		node = `"[` + peer + `]"`
	}
	element := "for=" + node + `;host="` + v.Host + `";proto=` + v.Scheme
	lines := []string{
		chain(h["X-Forwarded-For"], peer), chain(h["Forwarded"], element),
		v.Host, v.Scheme, portOf(v.Scheme, v.Host),
	}
	h["X-Forwarded-For"], h["Forwarded"] = lines[0:1:1], lines[1:2:2]
	setForwardedHost(h, lines[2:])
}

// chain is one line of the members so far and the next one.
func chain(before []string, next string) string {
	if len(before) == 0 {
		return next
	}
	return strings.Join(before, ", ") + ", " + next
}
