package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard decides who may use the private endpoints.
type guard struct {
	token    *[sha256.Size]byte // hash; nil for none
	loopback bool
}

func newGuard(token string, loopback bool) guard {
	g := guard{loopback: loopback}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		g.token = &sum
	}
	return g
}

// protect serves only who may.
func (g guard) protect(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if status, why := g.refusal(r); status != 0 {
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="edge"`)
			}
			problem(w, status, why)
			return
		}
		serve(w, r)
	}
}

// refusal returns the status and the reason to refuse r with, or 0.
func (g guard) refusal(r *http.Request) (status int, why string) {
	switch {
	case g.token != nil && g.knows(r):
		return 0, ""
	case g.token != nil:
		return http.StatusUnauthorized, "the admin API wants its token: send \"Authorization: Bearer TOKEN\" with the value of admin.token"
	case !g.loopback:
		return http.StatusForbidden, "without a token the admin API only answers on a loopback address: set admin.token, or let admin.listen be 127.0.0.1"
	}
	return fromBrowser(r)
}

// knows reports whether r carries the token. Hashes are compared, so that the
// time does not depend on how much of a guess is right, nor on its length.
func (g guard) knows(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// fromBrowser refuses what a page of somebody else can make a browser on this
// machine send. A rebound name shows in Host, a foreign page in Origin and
// Sec-Fetch-Site; and a type that HTML forms cannot send makes browsers ask
// first, which nobody answers.
func fromBrowser(r *http.Request) (status int, why string) {
	if !isLoopback(r.Host) {
		return http.StatusMisdirectedRequest, fmt.Sprintf("without a token the admin API only answers to a loopback Host, not %q: use http://127.0.0.1, or set admin.token", r.Host)
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		return http.StatusForbidden, fmt.Sprintf("without a token the admin API refuses pages of other origins (%q): set admin.token", origin)
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return http.StatusForbidden, fmt.Sprintf("without a token the admin API refuses requests that other pages make (Sec-Fetch-Site: %q): set admin.token", site)
	}
	if r.Method == http.MethodPost {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return http.StatusUnsupportedMediaType, "without a token the admin API wants \"Content-Type: application/json\""
		}
	}
	return 0, ""
}

// isLoopback reports whether the host of an authority is this machine.
func isLoopback(authority string) bool {
	host := authority
	if h, _, err := net.SplitHostPort(authority); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
}
