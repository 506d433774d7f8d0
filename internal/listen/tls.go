package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// TLS are the rules of a listener whose clients speak TLS.
type TLS struct {
	// Pairs are the certificates, at least one. A client gets the first that is
	// for the name it asks for and that it can verify; if there is none, the
	// first.
	Pairs []Pair
	// Only13 refuses TLS 1.2. Older versions are refused always.
	Only13 bool
}

// suites12 are the cipher suites of TLS 1.2: forward secret and authenticated.
// Those of TLS 1.3 are all of that kind.
var suites12 = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// newConfig makes the configuration of a door. It is made once for each door and
// version, whatever certificates come and go: it has the keys of the tickets by
// which clients resume.
func newConfig(version uint16, certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion:     version,
		CipherSuites:   suites12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: certificate,
	}
}

// shake makes a connection secure, before ctx ends.
func shake(ctx context.Context, conn net.Conn, c *tls.Config) (*tls.Conn, error) {
	secured := tls.Server(conn, c)
	if err := secured.HandshakeContext(ctx); err != nil {
		answerPlain(err)
		return nil, fmt.Errorf("the TLS handshake: %w", err)
	}
	return secured, nil
}

// answerPlain tells a client that has sent a request without TLS.
func answerPlain(err error) {
	var not tls.RecordHeaderError
	if !errors.As(err, &not) || not.Conn == nil {
		return
	}
	switch string(not.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "PATCH", "DELET":
		// The client may be gone; nobody else would want to know.
		_, _ = io.WriteString(not.Conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"+
			"this port speaks https; the request was sent without TLS\n")
	}
}
