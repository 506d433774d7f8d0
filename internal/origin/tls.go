package origin

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// TLS says how an https origin is spoken to. The zero TLS verifies its certificate
// against the system's roots and the host of the URL.
type TLS struct {
	// ServerName is what is asked for and verified instead of the URL's host.
	ServerName string
	// CAFile has the certificates (PEM) of those who may sign, instead of the
	// system's roots.
	CAFile string
	// CertFile and KeyFile are edge's own certificate (PEM), if the origin asks
	// for one. They are read again when they change.
	CertFile, KeyFile string
	// InsecureSkipVerify takes any certificate.
	InsecureSkipVerify bool
}

// material is what the files of a TLS hold.
type material struct{ ca, cert, key []byte }

// read reads the files.
func (c TLS) read() (m material, err error) {
	read := func(option, name string) []byte {
		if name == "" {
			return nil
		}
		text, failed := os.ReadFile(name)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("tls.%s: %w", option, failed))
		}
		return text
	}
	m = material{read("ca_file", c.CAFile), read("cert_file", c.CertFile), read("key_file", c.KeyFile)}
	return m, err
}

func (m material) equal(n material) bool {
	return bytes.Equal(m.ca, n.ca) && bytes.Equal(m.cert, n.cert) && bytes.Equal(m.key, n.key)
}

// config makes the configuration for connections to host. protocols are offered
// by ALPN (RFC 7301).
func (c TLS) config(m material, host string, protocols ...string) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: protocols, ServerName: host,
		InsecureSkipVerify: c.InsecureSkipVerify,
	}
	if c.ServerName != "" {
		config.ServerName = c.ServerName
	}
	if c.CAFile != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(m.ca) {
			return nil, fmt.Errorf("tls.ca_file: %s holds no certificate", c.CAFile)
		}
	}
	if c.CertFile == "" {
		// Not with a certificate of our own: a session that is resumed goes on
		// with the one it began with.
		config.ClientSessionCache = tls.NewLRUClientSessionCache(64)
		return config, nil
	}
	pair, err := tls.X509KeyPair(m.cert, m.key)
	if err != nil {
		return nil, fmt.Errorf("tls.cert_file: %w", err)
	}
	own := &ownCertificate{files: c, pair: &pair, changed: c.changed()}
	config.GetClientCertificate = own.get
	return config, nil
}

// changed is when the files of the own certificate changed last.
func (c TLS) changed() (last time.Time) {
	for _, name := range []string{c.CertFile, c.KeyFile} {
		if info, err := os.Stat(name); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

// ownCertificate is edge's own certificate. Short-lived ones are replaced in
// their files long before a policy is: a handshake looks whether they changed.
type ownCertificate struct {
	files TLS

	mu      sync.Mutex // guards what follows
	pair    *tls.Certificate
	changed time.Time
}

// get is tls.Config.GetClientCertificate. Files that are no pair, perhaps because
// only one was written yet, leave the one before in use.
func (o *ownCertificate) get(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	changed := o.files.changed()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !changed.Equal(o.changed) {
		if pair, err := tls.LoadX509KeyPair(o.files.CertFile, o.files.KeyFile); err == nil {
			o.pair, o.changed = &pair, changed
		}
	}
	return o.pair, nil
}
