package request

import (
	"net/http"
	"strconv"
)

// FromHTTP fills dst from r, which a net/http server has read. It returns the
// first fault it finds; dst is then not to be used, except that Method, Host
// and Path are set as far as they were read, for the log. r is not changed.
// dst may alias r's strings.
func FromHTTP(dst *View, r *http.Request, c Conn, rules *Rules) Fault {
	var f filling
	f.start(dst, c, rules)
	dst.HTTP2 = r.ProtoMajor >= 2
	dst.HTTP10 = r.ProtoMajor == 1 && r.ProtoMinor == 0
	if !dst.HTTP2 && (r.ProtoMajor != 1 || r.ProtoMinor > 1) || r.ProtoMajor > 3 {
		return BadVersion
	}
	if fault := f.method(r.Method); fault != NoFault {
		return fault
	}
	if fault := f.target(r.RequestURI); fault != NoFault {
		return fault
	}
	if f.authority == "" {
		// net/http hides the Host line, which counts like any other.
		if fault := f.count("Host", r.Host); fault != NoFault {
			return fault
		}
	}
	if fault := f.header(r.Header); fault != NoFault {
		return fault
	}
	if fault := f.body(r); fault != NoFault {
		return fault
	}
	return f.finish(f.hostOf(r))
}

// header takes all fields of a request that net/http read.
func (f *filling) header(h http.Header) Fault {
	for name, values := range h {
		e, tokenness := f.view.names.find(name), clean
		if e == nil {
			tokenness = tokenOf(name)
		}
		if tokenness == notToken {
			return BadField
		}
		for _, value := range values {
			value = trim(value)
			if endOfValue(value, 0) != len(value) {
				return BadField
			}
			if fault := f.count(name, value); fault != NoFault {
				return fault
			}
			if tokenness != clean {
				continue
			}
			if fault := f.field(name, value, e); fault != NoFault {
				return fault
			}
		}
	}
	return NoFault
}

// hostOf returns the authority of a request. net/http puts that of an
// absolute-form target, or of HTTP/2, before the Host field, which it hides
// from HTTP/1. In HTTP/2 both can be seen, and must agree.
func (f *filling) hostOf(r *http.Request) string {
	switch {
	case f.authority != "":
		return f.authority
	case f.hosts > 1 || f.hosts == 1 && !EqualFold(f.host, r.Host):
		return ""
	}
	return r.Host
}

// body takes the framing, which net/http has checked and settled; but of several
// lengths in HTTP/2 it takes the first, and one that is no number for none.
func (f *filling) body(r *http.Request) Fault {
	v := f.view
	switch codings := r.TransferEncoding; {
	case f.lengths > 1 || f.lengths == 1 && !isLength(f.length):
		return BadFraming
	case len(codings) > 1 || len(codings) == 1 && codings[0] != "chunked":
		return BadFraming
	case len(codings) == 1 || r.ContentLength < 0:
		v.Body = ChunkedBody
	case r.ContentLength > 0:
		v.Body, v.ContentLength = SizedBody, r.ContentLength
	}
	return NoFault
}

// isLength reports whether value is one of Content-Length (RFC 9110 section 8.6). The
// filler of HTTP/1 reads it in the same way.
func isLength(value string) bool {
	_, err := strconv.ParseUint(value, 10, 63)
	return err == nil
}
