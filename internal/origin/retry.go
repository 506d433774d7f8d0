package origin

import (
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
)

// repeatable reports whether a request may be sent again although it may have
// been received: it has no body, and doing what it asks for twice is doing it
// once (RFC 9110 section 9.2.2).
func repeatable(req *http.Request) bool {
	if req.Body != nil && req.Body != http.NoBody || req.Header.Get("Upgrade") != "" {
		return false
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// isLost reports whether err says that the connection ended, rather than that
// something was wrong with what came over it.
func isLost(err error) bool {
	for _, ended := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, ended) {
			return true
		}
	}
	return false
}
