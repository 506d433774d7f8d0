package policy

import (
	"fmt"
	"strings"
)

// compiler makes a policy of a Config. It goes on after a problem, to report
// all of them at once.
type compiler struct {
	config   *Config
	policy   *Policy
	problems Problems
	told     map[string]bool // problems that were reported
	hosts    hostList
	bound    map[string][]string // Source.Bound
	files    documents
}

// compile checks what a Config means and makes the policy. It returns every
// problem of meaning: conflicting paths, options that make no sense with their
// mode, unknown origins. The policy is nil when there is one. files are the
// documents that options name; what is missing among them is a problem already.
func compile(c *Config, bound map[string][]string, files documents) (*Policy, Problems) {
	b := &compiler{config: c, bound: bound, files: files, policy: &Policy{Hash: c.Hash}, told: map[string]bool{}}
	b.settings()
	b.internalQuery()
	b.routes()
	b.rules()
	b.warnings()
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return b.policy, nil
}

// fail reports a problem, once: an option of defaults is looked at again for
// every route that inherits it.
func (b *compiler) fail(p Place, hint, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	id := p.String() + " " + message
	if !b.told[id] {
		b.told[id] = true
		b.problems = append(b.problems, problemAt(p, message, hint))
	}
}

// failWith reports a fault found by somebody who does not know the place.
func (b *compiler) failWith(p Place, f *fault) { b.fail(p, f.hint, "%s", f.message) }

func (b *compiler) warn(p Place, hint, format string, args ...any) {
	b.policy.Warnings = append(b.policy.Warnings, problemAt(p, fmt.Sprintf(format, args...), hint))
}

// at returns where an option of the top level was written.
func (b *compiler) at(path string) Place { return placeOf(b.config.Places, path) }

// placeOf returns the place of an option, or of the nearest mapping around it.
func placeOf(places Places, path string) Place {
	for {
		if p, ok := places[path]; ok {
			return p
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return places[""]
		}
		path = path[:i]
	}
}

// given returns the value of an option, or what it is when not written.
func given[T any](written *T, otherwise T) T {
	if written == nil {
		return otherwise
	}
	return *written
}

// word is given for options that are text.
func word(written, otherwise string) string {
	if written == "" {
		return otherwise
	}
	return written
}

// warnings tells what the owner should know though nothing is wrong.
func (b *compiler) warnings() {
	p := b.policy
	if !b.hosts.limited() {
		b.warn(b.at("hosts"), "list the names that clients use in hosts", "hosts is not set: every Host is answered, and is part of the key")
	}
	if !p.Settings.Enforces {
		b.warn(Place{}, "give routes a mode: force-static, dynamic-on-request-data or error",
			"nothing is enforced: every route is auto or force-dynamic")
	}
	if p.Settings.Admin.Token == "" {
		b.warn(b.at("admin"), "set admin.token", "admin has no token: every user of this machine can purge")
	}
	used := map[string]bool{}
	for _, r := range p.Routes {
		used[r.Origin] = true
		if r.headers.star >= 0 {
			b.warn(r.place, "name the headers that the answer depends on",
				"%s: every header is in the key, so hardly two clients share an object", r.Pattern)
		}
		for _, h := range r.keyedHeaders {
			if h.name == "User-Agent" {
				b.warn(r.place, "", "%s: User-Agent is in the key, so hardly two clients share an object", r.Pattern)
			}
		}
	}
	for _, o := range b.config.Origins {
		if !used[o.Name] {
			b.warn(placeOf(o.Places, ""), "", "no route uses the origin %q", o.Name)
		}
	}
}
