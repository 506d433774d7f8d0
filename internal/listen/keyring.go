package listen

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Pair names the files of a certificate, with those that lead to its root
// behind it, and of its key, both in PEM.
type Pair struct{ Cert, Key string }

// CertificateError is a pair of files that is no certificate.
type CertificateError struct {
	Pair Pair
	Err  error
}

func (e *CertificateError) Error() string {
	return fmt.Sprintf("certificate %s with key %s: %v", e.Pair.Cert, e.Pair.Key, e.Err)
}

// Unwrap returns what is wrong.
func (e *CertificateError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *CertificateError) Hint() string {
	return "name a certificate and its own key, both PEM, in files that edge may read; names that are not absolute are looked for beside the policy file"
}

// Certificate tells of one pair.
type Certificate struct {
	Pair Pair
	// NotAfter is when the certificate in use expires.
	NotAfter time.Time
	// Current is false when the files have changed and are no certificate: then
	// the one before is still in use.
	Current bool
}

// certificate is a pair and what it was when its files were last good.
type certificate struct {
	pair  Pair
	inUse atomic.Pointer[tls.Certificate]

	// These belong to who holds keyring.mu.
	seen    files
	current bool
}

// files are the files of a pair as they were read, good or bad.
type files struct {
	cert, key []byte
	err       string
}

func (f *files) same(g *files) bool {
	return f.err == g.err && bytes.Equal(f.cert, g.cert) && bytes.Equal(f.key, g.key)
}

// readFiles reads both files of a pair.
func readFiles(p Pair) files {
	cert, err := os.ReadFile(p.Cert)
	if err != nil {
		return files{err: err.Error()}
	}
	key, err := os.ReadFile(p.Key)
	if err != nil {
		return files{err: err.Error()}
	}
	return files{cert: cert, key: key}
}

// parse makes a certificate of files, if they are one: also that the key is the
// certificate's.
func (f *files) parse(slots chan struct{}) (*tls.Certificate, error) {
	if f.err != "" {
		return nil, fmt.Errorf("%s", f.err)
	}
	c, err := tls.X509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, err
	}
	if signer, ok := c.PrivateKey.(crypto.Signer); ok {
		c.PrivateKey = patientSigner{signer, slots}
	}
	return &c, nil
}

// keyring is all certificates of a Set.
type keyring struct {
	slots chan struct{} // of patientSigner

	mu    sync.Mutex // protects pairs
	pairs map[Pair]*certificate
}

func newKeyring() *keyring {
	return &keyring{slots: make(chan struct{}, runtime.GOMAXPROCS(0)), pairs: map[Pair]*certificate{}}
}

// get returns the certificate of a pair: the one in use, or a new one from its
// files. The error is a *CertificateError.
func (k *keyring) get(p Pair) (*certificate, error) {
	k.mu.Lock()
	c := k.pairs[p]
	k.mu.Unlock()
	if c != nil {
		return c, nil
	}
	c = &certificate{pair: p, seen: readFiles(p), current: true}
	parsed, err := c.seen.parse(k.slots)
	if err != nil {
		return nil, &CertificateError{p, err}
	}
	c.inUse.Store(parsed)
	return c, nil
}

// keep makes certs those of the ring.
func (k *keyring) keep(certs []*certificate) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pairs = make(map[Pair]*certificate, len(certs))
	for _, c := range certs {
		k.pairs[c.pair] = c
	}
}

// refresh reads all files again. Those that changed come into use if they are a
// certificate; told is called for each that changed, once.
func (k *keyring) refresh(told func(Certificate, error)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for pair, c := range k.pairs {
		now := readFiles(pair)
		if now.same(&c.seen) {
			continue
		}
		c.seen = now
		parsed, err := now.parse(k.slots)
		if c.current = err == nil; c.current {
			c.inUse.Store(parsed)
		} else {
			err = &CertificateError{pair, err}
		}
		told(c.tell(), err)
	}
}

// list tells of all.
func (k *keyring) list() []Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := make([]Certificate, 0, len(k.pairs))
	for _, c := range k.pairs {
		list = append(list, c.tell())
	}
	return list
}

// tell is called with keyring.mu held.
func (c *certificate) tell() Certificate {
	return Certificate{Pair: c.pair, NotAfter: c.inUse.Load().Leaf.NotAfter, Current: c.current}
}

// choose returns the first certificate that hello can use, or else the first;
// nil if there is none, which is when a listener has just lost its TLS.
func choose(certs []*certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	for _, c := range certs {
		if usable := c.inUse.Load(); hello.SupportsCertificate(usable) == nil {
			return usable
		}
	}
	if len(certs) == 0 {
		return nil
	}
	return certs[0].inUse.Load()
}

// patientSigner signs when it has a slot. There are as many as processors:
// signing is most of the work of a handshake, and a flood of them must not stand
// before the requests of those who are connected.
type patientSigner struct {
	crypto.Signer
	slots chan struct{}
}

// Sign implements crypto.Signer.
func (s patientSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	return s.Signer.Sign(random, digest, opts)
}
