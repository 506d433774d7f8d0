package origin

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
)

// site is one URL of an origin's configuration, with what was counted for its
// addresses: it outlives them, and the configuration bounds how many there are.
type site struct {
	// url is as written; scheme and host are its parts.
	url, scheme, host string

	attempts  [NumResults]atomic.Uint64
	ejections atomic.Uint64
	checks    [2]atomic.Uint64 // health checks that failed, that succeeded
}

// parseSite reads a URL of the configuration.
func parseSite(text string) (*site, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("invalid url: %w", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("url %q does not begin with http:// or https://", text)
	case u.Hostname() == "":
		return nil, fmt.Errorf("url %q names no host", text)
	case u.User != nil:
		return nil, errors.New("the url has a user name: edge sends none to origins; set Authorization with request: {set}")
	case u.Path != "" && u.Path != "/":
		return nil, fmt.Errorf("url %q has a path: use add_prefix for it", text)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("url %q has a query or a fragment", text)
	}
	return &site{url: text, scheme: u.Scheme, host: u.Host}, nil
}

// dialled is the site's "host:port".
func (s *site) dialled() string {
	u := url.URL{Host: s.host}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[s.scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
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
