package origin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// skipAfterDial is how long an address that could not be dialled is passed
// over, as long as there is another.
const skipAfterDial = 2 * time.Second

// address is one URL of an origin.
type address struct {
	scheme, host string
	// skipUntil is when the address may be tried again after a failed dial, in
	// nanoseconds of Unix time; 0 for now.
	skipUntil atomic.Int64
}

// pool is the RoundTripper of one origin.
type pool struct {
	config    Config
	prefixes  prefixes
	addresses []*address
	next      atomic.Uint32
	transport *http.Transport
}

func newPool(c Config) (*pool, error) {
	if len(c.URLs) == 0 {
		return nil, errors.New("has no url")
	}
	p := &pool{config: c}
	var errs []error
	for _, text := range c.URLs {
		a, err := parseAddress(text)
		errs = append(errs, err)
		p.addresses = append(p.addresses, a)
	}
	var err error
	p.prefixes, err = newPrefixes(c.StripPrefix, c.AddPrefix)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	p.transport = newTransport(c)
	return p, nil
}

func parseAddress(text string) (*address, error) {
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
	return &address{scheme: u.Scheme, host: u.Host}, nil
}

// pick returns the next address in turn, passing over those that just failed
// to be dialled unless all did.
func (p *pool) pick(now time.Time) *address {
	n := uint32(len(p.addresses))
	turn := p.next.Add(1)
	for i := range n {
		if a := p.addresses[(turn+i)%n]; now.UnixNano() >= a.skipUntil.Load() {
			return a
		}
	}
	return p.addresses[turn%n]
}

// RoundTrip implements http.RoundTripper; see Set.Transport.
func (p *pool) RoundTrip(req *http.Request) (*http.Response, error) {
	body := newRequestBody(req.Body)
	first := p.pick(time.Now())
	resp, err := p.try(req, body, first)
	if Classify(err) == Dial && body.untouched() {
		first.skipUntil.Store(time.Now().Add(skipAfterDial).UnixNano())
		if second := p.pick(time.Now()); second != first {
			body.again()
			resp, err = p.try(req, body, second)
		}
	}
	body.release()
	return resp, err
}

// try sends req to one address. The error is an *Error.
func (p *pool) try(req *http.Request, body *requestBody, a *address) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := p.send(ctx, req, body, a)
	if err != nil {
		err = p.failed(ctx, err, body, a)
		cancel(nil)
		return nil, err
	}
	p.guard(ctx, cancel, resp, a)
	return resp, nil
}

func (p *pool) send(ctx context.Context, req *http.Request, body *requestBody, a *address) (*http.Response, error) {
	out, err := p.outgoing(ctx, req, body, a)
	if err != nil {
		if body != nil {
			body.Close()
		}
		return nil, err
	}
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	if err := checkStatus(out, resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// failed wraps err with what is known of the request.
func (p *pool) failed(ctx context.Context, err error, body *requestBody, a *address) error {
	failure := classify(ctx, err)
	if cause := body.failure(); cause != nil {
		failure, err = BadRequestBody, cause
	}
	return &Error{Failure: failure, Origin: p.config.Name, Address: a.host, Err: err}
}

// outgoing returns what goes to a: req with another address and path.
func (p *pool) outgoing(ctx context.Context, req *http.Request, body *requestBody, a *address) (*http.Request, error) {
	out := req.WithContext(ctx)
	u := *req.URL
	u.Scheme, u.Host, u.User = a.scheme, a.host, nil
	if u.Opaque != "" || !sendable(req.URL) || !setPath(&u, p.prefixes.apply(req.URL.EscapedPath())) {
		return nil, fmt.Errorf("path %q cannot be sent as it is", req.URL.RawPath)
	}
	out.URL = &u
	if body != nil {
		out.Body = body
	}
	out.Header = outgoingHeader(req.Header)
	return out, nil
}

// outgoingHeader returns h without Expect, and so that net/http adds no
// User-Agent of its own. It copies h only if that changes anything.
func outgoingHeader(h http.Header) http.Header {
	_, agent := h["User-Agent"]
	_, expect := h["Expect"]
	if agent && !expect {
		return h
	}
	out := make(http.Header, len(h)+1)
	maps.Copy(out, h)
	delete(out, "Expect")
	if !agent {
		out["User-Agent"] = []string{""}
	}
	return out
}

// sendable reports whether u goes out as its RawPath says, if it has one.
func sendable(u *url.URL) bool { return u.RawPath == "" || u.EscapedPath() == u.RawPath }

// checkStatus refuses a response that is none: a status that net/http cannot
// write, or a switch of protocols that nobody asked for.
func checkStatus(req *http.Request, resp *http.Response) error {
	switch s := resp.StatusCode; {
	case s == http.StatusSwitchingProtocols && req.Header.Get("Upgrade") == "":
		return errors.New("the response switches protocols unasked")
	case s < 100 || s > 599:
		return fmt.Errorf("the response has status %d", s)
	}
	return nil
}

// guard puts the idle limit around the body of resp. A body that is none stays
// as it is. So does that of a switched protocol: it is the connection itself,
// without such a limit, and lives as long as the request's context.
func (p *pool) guard(ctx context.Context, cancel context.CancelCauseFunc, resp *http.Response, a *address) {
	switch {
	case resp.Body == http.NoBody:
		cancel(nil)
	case resp.StatusCode != http.StatusSwitchingProtocols:
		resp.Body = &responseBody{inner: resp.Body, pool: p, from: a, ctx: ctx, cancel: cancel}
	}
}
