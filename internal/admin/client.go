package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds what a client reads.
const maxAnswer = 16 << 20

// Client talks to the admin API of a running edge. It is safe for concurrent
// use.
type Client struct {
	base, token string
	http        *http.Client
}

// NewClient returns a client for the admin API at baseURL: "http://host:port",
// or only "host:port". An empty token is none.
func NewClient(baseURL, token string) (*Client, error) {
	base := baseURL
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("admin address %q is not a URL like http://127.0.0.1:9090", baseURL)
	}
	if u.Hostname() == "" {
		u.Host = "127.0.0.1" + u.Host // ":9090", as in admin.listen
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return &Client{base: u.String(), token: token, http: &http.Client{
		// No proxy: the admin API is private, and the token is for it alone.
		Transport:     &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}}, nil
}

// Purge invalidates, or only counts.
func (c *Client) Purge(ctx context.Context, r PurgeRequest) (PurgeAnswer, error) {
	var a PurgeAnswer
	err := c.do(ctx, http.MethodPost, "/v1/purge", r, &a)
	return a, err
}

// Explain asks what would be done with a request. Decision is then what
// encoding/json makes of an object.
func (c *Client) Explain(ctx context.Context, r ExplainRequest) (Explanation, error) {
	var e Explanation
	err := c.do(ctx, http.MethodPost, "/v1/explain", r, &e)
	return e, err
}

// Status returns the status as JSON.
func (c *Client) Status(ctx context.Context) (json.RawMessage, error) {
	var s json.RawMessage
	err := c.do(ctx, http.MethodGet, "/v1/status", nil, &s)
	return s, err
}

// do sends one request and reads its answer. Errors say what to do.
func (c *Client) do(ctx context.Context, method, path string, body, answer any) error {
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the answer of the admin API at %s broke off: %w", c.base, err)
	}
	if resp.StatusCode/100 != 2 {
		return c.refused(resp, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("what answers at %s is not the admin API of edge: %w", c.base, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("writing the request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "edge")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// unreachable explains why there is no answer. The URL that net/http puts into
// its errors is left out: the base says enough.
func (c *Client) unreachable(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("no admin API answers at %s: %w; is edge running? its address is admin.listen of the policy: give it with --admin or EDGE_ADMIN", c.base, err)
}

// refused explains an answer that is none.
func (c *Client) refused(resp *http.Response, text []byte) error {
	var p Problem
	if json.Unmarshal(text, &p) != nil || p.Detail == "" {
		return fmt.Errorf("what answers at %s is not the admin API of edge: it says %s; give its address with --admin or EDGE_ADMIN", c.base, resp.Status)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("the admin API at %s wants its token, admin.token of the policy: give it with --token or EDGE_ADMIN_TOKEN", c.base)
	}
	return fmt.Errorf("the admin API at %s refuses: %s", c.base, p.Detail)
}
