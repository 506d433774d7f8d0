package app

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"edge/internal/testcert"
)

// secured runs an App with one TLS listener, whose certificate is for localhost.
type secured struct {
	*fixture
	authority *testcert.Authority
	cert, key string // files
}

const tlsListener = `[{address: "127.0.0.1:0", tls: {cert: cert.pem, key: key.pem}}]`

func startSecured(t *testing.T, origin, text string) *secured {
	t.Helper()
	dir := t.TempDir()
	s := &secured{authority: testcert.New(t), cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	s.authority.Write(t, s.cert, s.key, "localhost")
	s.fixture = startWith(t, origin, dir, text, func(o *Options) { o.Listen, o.Admin = "", "" })
	return s
}

func (s *secured) config() *tls.Config {
	return &tls.Config{RootCAs: s.authority.Pool(), ServerName: "localhost"}
}

// get asks in HTTP/1.1 or 2, on a connection of its own.
func (s *secured) get(t *testing.T, http2 bool) (*http.Response, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.config(), DisableKeepAlives: true, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetHTTP2(http2)
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: patience}
	res, err := c.Get("https://" + s.Addresses().Listen + "/")
	if err == nil {
		res.Body.Close()
	}
	return res, err
}

func TestTLS(t *testing.T) {
	t.Parallel()
	saw := make(chan string, 2)
	origin := newOrigin(t, func(_ http.ResponseWriter, r *http.Request) {
		saw <- r.Header.Get("X-Forwarded-Proto") + " " + r.Header.Get("X-Forwarded-Port")
	})
	s := startSecured(t, origin.URL, listening("a", tlsListener)+"  - {path: /, mode: force-dynamic, hosts: [127.0.0.1]}\n")
	for _, http2 := range []bool{false, true} {
		res, err := s.get(t, http2)
		if err != nil || res.StatusCode != http.StatusOK || res.ProtoAtLeast(2, 0) != http2 {
			t.Fatalf("HTTP/2 %t: %+v, %v", http2, res, err)
		}
		if got := <-saw; !strings.HasPrefix(got, "https ") {
			t.Errorf("HTTP/2 %t: the origin is told %s", http2, got)
		}
	}
}

func TestACertificateThatIsReplacedIsLoaded(t *testing.T) {
	t.Parallel()
	s := startSecured(t, newOrigin(t, nil).URL, listening("a", tlsListener))
	serial := func() string {
		res, err := s.get(t, false)
		if err != nil {
			t.Fatal(err)
		}
		return res.TLS.PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	s.authority.Write(t, s.cert, s.key, "localhost", "127.0.0.1")
	eventually(t, "the new certificate is shown", func() bool { return serial() != first })
	second := serial()
	series := `edge_tls_certificate_current{file="` + s.cert + `"}`
	if got := s.metric(t, series); got != "1" {
		t.Errorf("%s = %s", series, got)
	}

	const told = "a changed certificate is refused, the one before stays in use"
	before := len(s.log.lines(told)) // it may have been read when only one file was new
	writeFile(t, s.key, "no key")
	eventually(t, "the broken pair is told", func() bool { return len(s.log.lines(told)) > before })
	s.reloadIfChanged() // nothing new
	if got := s.metric(t, series); got != "0" {
		t.Errorf("%s = %s", series, got)
	}
	if got := serial(); got != second {
		t.Error("another certificate is shown")
	}
	if n := len(s.log.lines(told)) - before; n != 1 {
		t.Errorf("told %d times, want once", n)
	}
	expiry := s.metric(t, `edge_tls_certificate_expiry_timestamp_seconds{file="`+s.cert+`"}`)
	if !strings.Contains(expiry, "e+09") {
		t.Errorf("expires at %s", expiry)
	}
	s.authority.Write(t, s.cert, s.key, "localhost")
	must(t, s.Reload())
	if got := serial(); got == second {
		t.Error("Reload does not read certificates again")
	}
}

func TestAPolicyWithABadCertificateIsRefused(t *testing.T) {
	t.Parallel()
	s := startSecured(t, newOrigin(t, nil).URL, listening("a", tlsListener))
	s.replace(t, listening("b", strings.Replace(tlsListener, "key.pem", "no.pem", 1)))
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), "no.pem: no such file or directory") {
		t.Errorf("Reload = %v", err)
	}
	if res, err := s.get(t, false); err != nil || res.Header.Get("X-Policy") != "a" {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestAnExpiredCertificateIsTold(t *testing.T) {
	t.Parallel()
	s := startSecured(t, newOrigin(t, nil).URL, listening("a", tlsListener))
	cert, key := s.authority.Issue(t, time.Now().Add(-time.Minute), "localhost")
	writeFile(t, s.cert, string(cert))
	writeFile(t, s.key, string(key))
	must(t, s.Reload())
	if len(s.log.lines("a certificate has expired: clients refuse it")) == 0 {
		t.Errorf("an expired certificate is not told:\n%s", s.log)
	}
}

// In HTTP/2 a drain says GOAWAY, and streams that were opened before end whole.
func TestDrainOfHTTP2(t *testing.T) {
	t.Parallel()
	d := &download{make(chan struct{})}
	s := startSecured(t, newOrigin(t, d.ServeHTTP).URL, "listen: "+tlsListener+"\nadmin: {listen: \"127.0.0.1:0\"}\n"+passing("0", "1h"))
	c := s.config()
	c.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", s.Addresses().Listen, c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = conn.Write([]byte(http2.ClientPreface))
	must(t, err)
	f := http2.NewFramer(conn, conn)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	must(t, f.WriteSettings())
	must(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndStream: true, EndHeaders: true, BlockFragment: requestFields("/slow")}))
	var body string
	awaitFrame(t, f, func(frame http2.Frame) bool {
		data, ok := frame.(*http2.DataFrame)
		if ok {
			body += string(data.Data())
		}
		return body == "first"
	})

	s.cancel()
	awaitFrame(t, f, func(frame http2.Frame) bool {
		away, ok := frame.(*http2.GoAwayFrame)
		if ok && away.ErrCode != http2.ErrCodeNo {
			t.Errorf("GOAWAY with %s", away.ErrCode)
		}
		return ok
	})
	close(d.release)
	awaitFrame(t, f, func(frame http2.Frame) bool {
		data, ok := frame.(*http2.DataFrame)
		if ok {
			body += string(data.Data())
		}
		return ok && data.StreamEnded()
	})
	if body != "first-last" {
		t.Errorf("the body is %q", body)
	}
	if err := s.stop(t); err != nil {
		t.Errorf("Run = %v", err)
	}
}

// requestFields is a GET, encoded.
func requestFields(path string) []byte {
	var b strings.Builder
	e := hpack.NewEncoder(&b)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}} {
		e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	return []byte(b.String())
}

// awaitFrame reads frames until wanted takes one.
func awaitFrame(t *testing.T, f *http2.Framer, wanted func(http2.Frame) bool) {
	t.Helper()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("reading frames: %v", err)
		}
		if s, ok := frame.(*http2.SettingsFrame); ok && !s.IsAck() {
			must(t, f.WriteSettingsAck())
		}
		if wanted(frame) {
			return
		}
	}
}

// At start, an error about a certificate says what to do.
func TestABadCertificateIsToldWithAHint(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "edge.yaml")
	writeFile(t, file, "version: 1\nlisten: {address: \"127.0.0.1:0\", tls: {cert: cert.pem, key: key.pem}}\norigin: {url: \"http://127.0.0.1:1\"}\n")
	_, err := New(Options{Config: file, Admin: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	var hinted interface{ Hint() string }
	if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), "beside the policy file") {
		t.Errorf("New = %v, want an error with a hint", err)
	}
}

// The files of an origin's tls are named as those of a listener are: beside the
// policy, wherever edge was started.
func TestFilesOfAnOriginAreBesideThePolicy(t *testing.T) {
	t.Parallel()
	dir, authority := t.TempDir(), testcert.New(t)
	writeFile(t, filepath.Join(dir, "ca.pem"), string(authority.PEM()))
	authority.Write(t, filepath.Join(dir, "own.pem"), filepath.Join(dir, "own.key"), "edge")
	certificate, key := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	pair, err := tls.X509KeyPair(certificate, key)
	must(t, err)
	origin := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {}))
	origin.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: authority.Pool(), ClientAuth: tls.RequireAndVerifyClientCert}
	origin.StartTLS()
	t.Cleanup(origin.Close)
	f := startWith(t, origin.URL, dir, `version: 1
drain_delay: 0
origin: {url: "${ORIGIN}", tls: {ca_file: ca.pem, cert_file: own.pem, key_file: own.key}}
`, func(*Options) {})
	if a := get(f.url("/")); a.status != http.StatusOK {
		t.Errorf("an origin whose files are beside the policy answers %+v", a)
	}
}
