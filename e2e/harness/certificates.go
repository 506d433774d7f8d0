package harness

import (
	"os"
	"path/filepath"
	"testing"

	"edge/internal/testcert"
)

// Certificates are files of an authority of the test's own, and of one certificate
// that it gave to the loopback address, for servers and clients.
type Certificates struct{ CA, Cert, Key string }

// NewCertificates makes them, for a day.
func NewCertificates(t testing.TB) Certificates {
	t.Helper()
	dir, authority := t.TempDir(), testcert.New(t)
	c := Certificates{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	if err := os.WriteFile(c.CA, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	authority.Write(t, c.Cert, c.Key, "127.0.0.1", "localhost")
	return c
}
