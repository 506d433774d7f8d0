package origin

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// appendHead appends the head of a request without a body to dst (RFC 9112 sections
// 3 and 5), as net/http writes it, but with no field of its own, and without Expect,
// which is for bodies. What could be taken for something else on the wire is an
// error.
func appendHead(dst []byte, req *http.Request) ([]byte, error) {
	method := orDefault(req.Method, http.MethodGet)
	if !httpguts.ValidHeaderFieldName(method) { // both are tokens
		return dst, fmt.Errorf("invalid method %q", method)
	}
	host, err := hostField(req)
	if err != nil {
		return dst, err
	}
	dst = append(dst, method...)
	dst = append(dst, ' ')
	at := len(dst)
	dst = appendTarget(dst, req.URL)
	if slices.ContainsFunc(dst[at:], func(c byte) bool { return c <= ' ' || c == 0x7f }) {
		return dst, errors.New("the target of the request has a space or a control character")
	}
	dst = append(dst, " HTTP/1.1\r\n"...)
	dst = appendField(dst, "Host", host)
	if dst, err = appendFields(dst, req.Header); err != nil {
		return dst, err
	}
	if req.Close && !httpguts.HeaderValuesContainsToken(req.Header["Connection"], "close") {
		dst = appendField(dst, "Connection", "close")
	}
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch: // whose recipients may wait for a body
		dst = appendField(dst, "Content-Length", "0")
	}
	return append(dst, "\r\n"...), nil
}

// appendTarget appends u.RequestURI().
func appendTarget(dst []byte, u *url.URL) []byte {
	if u.Opaque != "" {
		return append(dst, u.RequestURI()...)
	}
	dst = append(dst, orDefault(escapedPath(u), "/")...)
	if u.ForceQuery || u.RawQuery != "" {
		dst = append(dst, '?')
		dst = append(dst, u.RawQuery...)
	}
	return dst
}

// hostField is the value of Host.
func hostField(req *http.Request) (string, error) {
	host, err := httpguts.PunycodeHostPort(orDefault(req.Host, req.URL.Host))
	if err != nil {
		return "", fmt.Errorf("invalid host: %w", err)
	}
	if !httpguts.ValidHostHeader(host) {
		return "", fmt.Errorf("invalid host %q", host)
	}
	return withoutZone(host), nil
}

// withoutZone returns host without the zone of an IPv6 address, which means nothing
// elsewhere (RFC 6874 section 4).
func withoutZone(host string) string {
	if !strings.HasPrefix(host, "[") {
		return host
	}
	zone, end := strings.IndexByte(host, '%'), strings.LastIndexByte(host, ']')
	if zone < 0 || end < zone {
		return host
	}
	return host[:zone] + host[end:]
}

// appendFields appends the fields of h, but for those that frame the message. They
// are sorted, so that equal requests are equal on the wire.
func appendFields(dst []byte, h http.Header) ([]byte, error) {
	names := make([]string, 0, 32)
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !httpguts.ValidHeaderFieldName(name) {
			return dst, fmt.Errorf("invalid field name %q", name)
		}
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer", "Expect":
			continue
		}
		for _, value := range h[name] {
			if !httpguts.ValidHeaderFieldValue(value) {
				return dst, fmt.Errorf("invalid value of the field %q", name) // not which: it may be a secret
			}
			if name == "User-Agent" && value == "" {
				continue // as with net/http
			}
			dst = appendField(dst, name, textproto.TrimString(value))
		}
	}
	return dst, nil
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}
