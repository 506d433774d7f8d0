package origin

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// site is one URL of an origin's configuration, with what was counted for its
// addresses: it outlives them, and the configuration bounds how many there are.
type site struct {
	// url is as written, scheme how it is spoken to: http or https.
	url, scheme string
	// host and port are where it is; of a socket, host is "unix" and path where.
	host, port, path string
	// authority is what stands in the URL of a request: it names the connection in
	// net/http, and the host where the request names none.
	authority string

	attempts  [NumResults]atomic.Uint64
	ejections atomic.Uint64
	checks    [2]atomic.Uint64 // health checks that failed, that succeeded
	resolved  [2]atomic.Uint64 // look-ups of the name that failed, that succeeded
}

// parseSite reads a URL of the configuration.
func parseSite(text string) (*site, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("invalid url: %w", err)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("url %q has a query or a fragment", text)
	case u.Scheme == "unix":
		return parseSocket(text, u)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("url %q does not begin with http://, https:// or unix:/", text)
	case u.Hostname() == "":
		return nil, fmt.Errorf("url %q names no host", text)
	case u.User != nil:
		return nil, errors.New("the url has a user name: edge sends none to origins; set Authorization with request: {set}")
	case u.Path != "" && u.Path != "/":
		return nil, fmt.Errorf("url %q has a path: use add_prefix for it", text)
	}
	s := &site{url: text, scheme: u.Scheme, host: u.Hostname(), port: u.Port()}
	if s.port == "" {
		s.port = map[string]string{"http": "80", "https": "443"}[s.scheme]
	}
	s.authority = net.JoinHostPort(s.host, s.port)
	return s, nil
}

// parseSocket reads "unix:/path", or "unix:///path".
func parseSocket(text string, u *url.URL) (*site, error) {
	if u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasSuffix(u.Path, "/") {
		return nil, fmt.Errorf("url %q is not unix: and the absolute path of a socket", text)
	}
	return &site{url: text, scheme: "http", host: "unix", path: u.Path, authority: "localhost"}, nil
}

// name is the name that must be looked up to reach the site; empty for a site
// that is an IP address or a socket.
func (s *site) name() string {
	if _, err := netip.ParseAddr(s.host); err == nil || s.path != "" {
		return ""
	}
	return s.host
}

// Result is how one attempt at an address ended.
type Result uint8

const (
	// Answered: the head of an answer came, other than Unwell.
	Answered Result = iota
	// Unwell: an answer with 502, 503 or 504.
	Unwell
	// NotDialled, TimedOut and BrokenOff are the failures Dial, Timeout and
	// Broken.
	NotDialled
	TimedOut
	BrokenOff
	// Abandoned: the client left, or sent a bad body.
	Abandoned
	// CutOff: after the head was counted, the body broke off or stood still.
	CutOff

	NumResults
)

var resultWords = [NumResults]string{
	Answered: "answered", Unwell: "unwell", NotDialled: "dial", TimedOut: "timeout",
	BrokenOff: "broken", Abandoned: "abandoned", CutOff: "cut-off",
}

// String returns the word that stands in metrics.
func (r Result) String() string { return resultWords[r] }

// resultOf is the result of an attempt that failed.
func resultOf(f Failure) Result {
	switch f {
	case Dial:
		return NotDialled
	case Timeout:
		return TimedOut
	case Broken:
		return BrokenOff
	}
	return Abandoned
}
