package origin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its own certificate
}

func newAuthority(t *testing.T, dir, name string) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(dir, name+".pem")}
	der := a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}, nil)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// sign signs a certificate for key, or one of its own for a nil key.
func (a *authority) sign(t *testing.T, template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent := a.cert
	if key == nil {
		var err error
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
		a.key, parent = key, template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// issue writes a certificate for name, and its key, and returns the files.
func (a *authority) issue(t *testing.T, file, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der := a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}, private)
	text, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = file+".crt", file+".key"
	writePEM(t, cert, "CERTIFICATE", der)
	writePEM(t, key, "EC PRIVATE KEY", text)
	return cert, key
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tlsServer is an https origin with a certificate for name. It answers with the
// protocol, the name that it was asked for and the client's name.
func tlsServer(t *testing.T, certFile, keyFile string, clients *authority, h2 bool) string {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client := "-"
		if len(r.TLS.PeerCertificates) > 0 {
			client = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		io.WriteString(w, strings.Join([]string{r.Proto, r.TLS.ServerName, client}, " "))
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.EnableHTTP2 = h2
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != nil {
		srv.TLS.ClientAuth, srv.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		srv.TLS.ClientCAs.AddCert(clients.cert)
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	ours, others := newAuthority(t, dir, "ours"), newAuthority(t, dir, "others")
	cert, key := ours.issue(t, filepath.Join(dir, "server"), "app.internal")
	own, ownKey := ours.issue(t, filepath.Join(dir, "edge"), "edge")
	strangers, strangersKey := others.issue(t, filepath.Join(dir, "stranger"), "stranger")
	plain := tlsServer(t, cert, key, nil, true)
	asking := tlsServer(t, cert, key, ours, false)
	tests := []struct {
		name, url string
		tls       TLS
		protocol  Protocol
		body      string // of the answer
		word      string // of RFC 9209, without an answer
	}{
		{"a certificate of nobody we know", plain, TLS{ServerName: "app.internal"}, "", "", "tls_certificate_error"},
		{"one that its authority has signed", plain, TLS{ServerName: "app.internal", CAFile: ours.file}, "", "HTTP/1.1 app.internal -", ""},
		{"one for another name", plain, TLS{CAFile: ours.file}, "", "", "tls_certificate_error"},
		{"one of another authority", plain, TLS{ServerName: "app.internal", CAFile: others.file}, "", "", "tls_certificate_error"},
		{"any one", plain, TLS{InsecureSkipVerify: true}, "", "HTTP/1.1  -", ""},
		{"HTTP/2", plain, TLS{ServerName: "app.internal", CAFile: ours.file}, H2, "HTTP/2.0 app.internal -", ""},
		{"HTTP/2 that is not offered", asking, TLS{ServerName: "app.internal", CAFile: ours.file, CertFile: own, KeyFile: ownKey}, H2, "HTTP/1.1 app.internal edge", ""},
		{"our own certificate", asking, TLS{ServerName: "app.internal", CAFile: ours.file, CertFile: own, KeyFile: ownKey}, "", "HTTP/1.1 app.internal edge", ""},
		{"a stranger's", asking, TLS{ServerName: "app.internal", CAFile: ours.file, CertFile: strangers, KeyFile: strangersKey}, "", "", "tls_alert_received"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSet(t, Config{TLS: tt.tls, Protocol: tt.protocol}, tt.url)
			_, body, err := get(t, s)
			if body != tt.body || ProxyError(err) != tt.word {
				t.Errorf("got %q, %v (%s); want %q, %s", body, err, ProxyError(err), tt.body, tt.word)
			}
		})
	}
}

// A new certificate of our own is shown as soon as its files are there, and half
// of it is not.
func TestOwnCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	ours := newAuthority(t, dir, "ours")
	cert, key := ours.issue(t, filepath.Join(dir, "server"), "app.internal")
	own, ownKey := ours.issue(t, filepath.Join(dir, "edge"), "first")
	url := tlsServer(t, cert, key, ours, false)
	s := newSet(t, Config{TLS: TLS{ServerName: "app.internal", CAFile: ours.file, CertFile: own, KeyFile: ownKey}}, url)
	want := func(name string) {
		t.Helper()
		for _, a := range *s.Transport("o").(*pool).addresses.Load() {
			a.closeIdle() // so that there is a handshake
		}
		if _, body, err := get(t, s); body != "HTTP/1.1 app.internal "+name {
			t.Errorf("got %q, %v; want %s", body, err, name)
		}
	}
	want("first")
	later := time.Now().Add(time.Minute)
	half, err := os.ReadFile(ownKey)
	if err != nil {
		t.Fatal(err)
	}
	ours.issue(t, filepath.Join(dir, "edge"), "second")
	whole, err := os.ReadFile(ownKey)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(ownKey, half, 0o600)
	os.Chtimes(own, later, later)
	want("first")
	os.WriteFile(ownKey, whole, 0o600)
	want("second")
}

func TestTLSFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	os.WriteFile(empty, nil, 0o600)
	for _, tt := range []struct {
		tls  TLS
		want string
	}{
		{TLS{CAFile: filepath.Join(dir, "missing")}, "tls.ca_file: open"},
		{TLS{CAFile: empty}, "holds no certificate"},
		{TLS{CertFile: empty, KeyFile: empty}, "tls.cert_file:"},
	} {
		_, err := NewSet([]Config{{Name: "o", URLs: []string{"https://127.0.0.1:1"}, TLS: tt.tls}}, Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.tls, err, tt.want)
		}
	}
}

// A reload with the same configuration takes over an origin only if its files
// are the same, too.
func TestUpdateReadsFilesAgain(t *testing.T) {
	dir := t.TempDir()
	ours, others := newAuthority(t, dir, "ours"), newAuthority(t, dir, "others")
	cert, key := ours.issue(t, filepath.Join(dir, "server"), "app.internal")
	trusted := filepath.Join(dir, "trusted.pem")
	move := func(from string) {
		t.Helper()
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(trusted, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	move(others.file)
	config := Config{Name: "o", URLs: []string{tlsServer(t, cert, key, nil, false)}, TLS: TLS{ServerName: "app.internal", CAFile: trusted}}
	s, err := NewSet([]Config{config}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, _, err := get(t, s); err == nil {
		t.Fatal("a certificate of nobody we trust was taken")
	}
	before := s.Transport("o")
	if err := s.Update([]Config{config}); err != nil || s.Transport("o") != before {
		t.Errorf("an update without change made a new pool (%v)", err)
	}
	move(ours.file)
	if err := s.Update([]Config{config}); err != nil {
		t.Fatal(err)
	}
	if _, body, err := get(t, s); body != "HTTP/1.1 app.internal -" {
		t.Errorf("after the update: %q, %v", body, err)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host+" "+r.RequestURI) }))
	for _, url := range []string{"unix:" + path, "unix://" + path} {
		s := newSet(t, Config{AddPrefix: "/v1"}, url)
		resp, body, err := get(t, s)
		if err != nil || body != "www.example.com /v1/" {
			t.Errorf("%s: %q, %v", url, body, err)
			continue
		}
		if got := AddressOf(resp); got != path {
			t.Errorf("AddressOf = %q, want %q", got, path)
		}
	}
	_, _, err = get(t, newSet(t, Config{}, "unix:"+path+".gone"))
	if Classify(err) != Dial || ProxyError(err) != "connection_refused" {
		t.Errorf("a socket that is not there: %v", err)
	}
	for _, url := range []string{"unix:app.sock", "unix://host/app.sock", "unix:/run/", "unix:", "unix:/a?b"} {
		if _, err := NewSet([]Config{{Name: "o", URLs: []string{url}}}, Options{}); err == nil {
			t.Errorf("%s was taken", url)
		}
	}
}
