package admin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/request"
)

// PurgeRequest is the body of POST /v1/purge. Selectors are alternatives; hosts
// beside others narrow them.
type PurgeRequest struct {
	Tags     []string `json:"tags,omitempty"`
	Paths    []string `json:"paths,omitempty"`
	Prefixes []string `json:"prefixes,omitempty"`
	Routes   []string `json:"routes,omitempty"`
	Hosts    []string `json:"hosts,omitempty"`
	// All stands alone.
	All bool `json:"all,omitempty"`
	// Soft makes objects stale instead of dead.
	Soft bool `json:"soft,omitempty"`
	// DryRun only counts.
	DryRun bool `json:"dry_run,omitempty"`
	// Wait is how far the invalidation is to have got before there is an answer: one
	// of the words below. They are the same on a node without a fleet.
	Wait string `json:"wait,omitempty"`
}

// How far an invalidation has got.
const (
	// WaitLocal, the default: it is in force on the node that was asked.
	WaitLocal = "local"
	// WaitAccepted: the log of the fleet has it as well.
	WaitAccepted = "accepted"
	// WaitFleet: it is in force on every node.
	WaitFleet = "fleet"
)

// PurgeAnswer is its answer.
type PurgeAnswer struct {
	Generation cache.Generation `json:"generation"`
	// Objects is how many stored objects were reached.
	Objects int `json:"objects"`
	// Reached is how far the invalidation has got, if that was asked: when the wait
	// was over before it was as far as asked, it says less, and the status is 202.
	Reached string `json:"reached,omitempty"`
	// Laggards are the nodes that may not have it in force.
	Laggards []string `json:"laggards,omitempty"`
	// Warnings say what may be wrong with the request though it was carried out.
	Warnings []string `json:"warnings,omitempty"`
}

func (o *Options) purge(w http.ResponseWriter, r *http.Request) {
	var p PurgeRequest
	err := readObject(w, r, map[string]any{
		"tags": &p.Tags, "paths": &p.Paths, "prefixes": &p.Prefixes, "routes": &p.Routes, "hosts": &p.Hosts,
		"all": &p.All, "soft": &p.Soft, "dry_run": &p.DryRun, "wait": &p.Wait,
	})
	if err == nil {
		err = p.check()
	}
	var s cache.Selector
	if err == nil {
		s, err = p.selector()
	}
	if err != nil {
		badBody(w, err)
		return
	}
	a := o.Invalidate(r.Context(), s, p.DryRun, p.Wait)
	status := http.StatusOK
	if !p.DryRun && a.Reached != p.Wait {
		status = http.StatusAccepted
	}
	writeJSON(w, status, a)
}

// check says what is wrong with the request as a whole.
func (p *PurgeRequest) check() error {
	lists := [][]string{p.Tags, p.Paths, p.Prefixes, p.Routes}
	others, written := 0, false
	for _, list := range lists {
		others += len(list)
		written = written || list != nil
	}
	switch {
	case p.All && others+len(p.Hosts) > 0:
		return errors.New("\"all\" stands alone: leave out the other selectors, or \"all\"")
	case p.All:
	case others+len(p.Hosts) == 0:
		return errors.New("nothing is selected: give tags, paths, prefixes, routes or hosts, or \"all\": true")
	case others == 0 && written:
		// A program that found no tags to purge must not purge the host.
		return errors.New("hosts narrow the other selectors, and those are empty lists: leave these out to purge the hosts")
	}
	if slices.ContainsFunc(append(lists, p.Hosts), func(list []string) bool { return slices.Contains(list, "") }) {
		return errors.New("a selector is an empty string")
	}
	if !slices.Contains([]string{"", WaitLocal, WaitAccepted, WaitFleet}, p.Wait) {
		return fmt.Errorf("\"wait\" is %q: it can be local, accepted or fleet", p.Wait)
	}
	return nil
}

// selector returns what p selects, in the spelling of what is stored.
func (p *PurgeRequest) selector() (cache.Selector, error) {
	s := cache.Selector{Tags: p.Tags, All: p.All, Soft: p.Soft}
	for _, path := range p.Routes {
		s.Routes = append(s.Routes, policy.PatternOf(path))
	}
	for _, list := range []struct {
		from      []string
		to        *[]string
		canonical func(string) (string, error)
	}{
		{p.Paths, &s.Paths, canonicalPath},
		{p.Prefixes, &s.Prefixes, canonicalPath},
		{p.Hosts, &s.Hosts, canonicalHost},
	} {
		for _, name := range list.from {
			canonical, err := list.canonical(name)
			if err != nil {
				return cache.Selector{}, err
			}
			*list.to = append(*list.to, canonical)
		}
	}
	return s, nil
}

// rules are enough to canonicalise a target.
var rules = request.Rules{Names: request.NewNames()}

// canonicalPath returns the path that a request for name is stored under. Bytes
// that a request must escape are escaped first, so that a path can be written
// as people write it.
func canonicalPath(name string) (string, error) {
	switch {
	case name[0] != '/':
		return "", fmt.Errorf("path %q does not begin with \"/\": give the path alone, and the host in \"hosts\"", name)
	case strings.ContainsRune(name, utf8.RuneError):
		// What JSON makes of bytes that are no UTF-8: it would reach nothing.
		return "", fmt.Errorf("path %q holds bytes that are no text, or U+FFFD in their place: write them as escapes, like %%E9", name)
	case strings.ContainsAny(name, "?#"):
		return "", fmt.Errorf("path %q has a query: give the path alone, it reaches all queries (write %%3F for a \"?\" in the path)", name)
	}
	var raw strings.Builder
	for i := range len(name) {
		if b := name[i]; b <= ' ' || b >= 0x7f || strings.IndexByte(`"<>`, b) >= 0 {
			fmt.Fprintf(&raw, "%%%02X", b)
		} else {
			raw.WriteByte(b)
		}
	}
	v, fault := request.New(&rules, http.MethodGet, "http://localhost"+raw.String())
	if fault != request.NoFault {
		return "", fmt.Errorf("path %q is refused in requests, so nothing is stored under it", name)
	}
	return v.Path, nil
}

// canonicalHost returns the host that a request to name is stored under. The
// scheme is not known: the default port of either is taken away.
func canonicalHost(name string) (string, error) {
	scheme := "http"
	if strings.HasSuffix(name, ":443") {
		scheme = "https"
	}
	if strings.ContainsAny(name, "/?#") {
		return "", fmt.Errorf("host %q has more than a host in it: give it as www.example.com, or with a port", name)
	}
	v, fault := request.New(&rules, http.MethodGet, scheme+"://"+name+"/")
	if fault != request.NoFault {
		return "", fmt.Errorf("host %q is not a valid host", name)
	}
	return v.Host, nil
}
