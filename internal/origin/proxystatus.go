package origin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"
)

// ProxyError is the error type of RFC 9209 section 2.3 for err, from RoundTrip or
// a body's Read; empty for one that is not of this package. It says what failed
// between edge and the origin in a word that is safe to tell clients.
func ProxyError(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Failure {
	case Unavailable:
		return "destination_unavailable"
	case Busy:
		return "connection_limit_reached"
	case Dial:
		return dialWord(e.Err)
	case Timeout:
		return "http_response_timeout"
	}
	return brokenWord(e.Err)
}

// dialWord tells why no connection was made.
func dialWord(err error) string {
	var dns *net.DNSError
	var refused *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var netErr net.Error
	switch {
	case errors.As(err, &dns) && dns.IsTimeout:
		return "dns_timeout"
	case errors.As(err, &dns):
		return "dns_error"
	case errors.As(err, &refused), errors.As(err, new(x509.UnknownAuthorityError)), errors.As(err, new(x509.HostnameError)):
		return "tls_certificate_error"
	case isAlert(err):
		return "tls_alert_received"
	case errors.As(err, &record):
		return "tls_protocol_error"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return "connection_refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "destination_ip_unroutable"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "connection_timeout"
	}
	return "destination_unavailable"
}

// isAlert reports whether the origin broke TLS off. crypto/tls has no type for it
// that is exported.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// brokenWord tells why there was no valid answer. net/http has no type for some
// of its errors.
func brokenWord(err error) string {
	switch text := err.Error(); {
	case isAlert(err): // with TLS 1.3 a refused certificate shows after the handshake
		return "tls_alert_received"
	case isLost(err):
		return "connection_terminated"
	case errors.Is(err, errLargeHead), strings.Contains(text, "server response headers exceeded"):
		return "http_response_header_section_size"
	case strings.Contains(text, "malformed"), strings.Contains(text, "the response "):
		return "http_protocol_error"
	}
	return "http_response_incomplete"
}
