package proxy

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// Bounds on the tags of one response. Beyond them nothing is stored: an object
// whose tags were cut would escape its purges.
const (
	maxTags     = 256
	maxTagBytes = 256
)

var errTags = errors.New("too many tags, or too long")

// withTags returns the labels of a response: those of the policy, the tags of
// its own fields, and its groups. Cache-Groups stays in the answer. Where it
// completes a part, the tags of that are among them: they are not in its stored
// head, and the answer that brought the rest should not repeat the fields that they
// came in (RFC 9110 section 15.3.7).
func (f *fetch) withTags(h http.Header) (l cache.Labels, err error) {
	l = f.labels
	l.Tags = l.Tags[:len(l.Tags):len(l.Tags)]
	if l.Tags, err = appendFieldTags(l.Tags, h, f.route); err != nil {
		return l, err
	}
	for _, group := range rfc9111.Groups(h) {
		if len(l.Tags) >= maxTags || len(group) > maxTagBytes {
			return l, errTags
		}
		l.Tags = append(l.Tags, groupTag(l.Scheme, l.Host, group))
	}
	if f.completed {
		if l.Tags = union(f.partial.object.Labels.Tags, l.Tags); len(l.Tags) > maxTags {
			return l, errTags
		}
	}
	return l, nil
}

// appendFieldTags appends the tags that the fields of a head bring.
func appendFieldTags(tags []string, h http.Header, route *policy.Route) ([]string, error) {
	for _, name := range route.TagHeaders {
		for _, line := range h[name] {
			for tag := range splitTags(strings.Clone(line)) { // the line keeps the whole head alive
				if len(tags) >= maxTags || len(tag) > maxTagBytes {
					return tags, errTags
				}
				tags = append(tags, tag)
			}
		}
	}
	return tags, nil
}

// relabel gives an object that was stored under another policy the labels of
// this one beside its own. If one of them was purged since the object was born,
// it is dead; the check is the one every lookup makes.
func (x *exchange) relabel() {
	old, labelling := x.found.Object, x.live.labelling[x.plan.Route.Ordinal]
	fresh := remake(old)
	if labelAnew(fresh, x.plan.Route, labelling, x.plan.Route.AppendTags(nil, &x.plan)) {
		keepCodings(fresh, old)
		x.p.memory.Freshen(string(x.plan.Key), old, fresh)
	}
	x.p.memory.Lookup(x.plan.Key, &x.view, x.p.now(), &x.found)
	if x.found.State == cache.Found && x.found.Object.Labels.Labelling != labelling {
		x.found.State, x.found.Object = cache.Dead, nil
	}
}

// labelAnew gives o, which nobody else has seen, the labels of a route, with its tags,
// beside its own. What the other policy did not take for tags is still in the head. It
// is false for more tags than an object may have: then some purge would not reach it.
func labelAnew(o *cache.Object, route *policy.Route, labelling uint64, tags []string) (ok bool) {
	place := o.Labels.Place
	o.Labels.Place = &cache.Place{Scheme: place.Scheme, Host: place.Host, Route: route.Pattern, Labelling: labelling}
	o.Labels.Tags = union(o.Labels.Tags, tags)
	head := http.Header{}
	o.Head.AddTo(head)
	own, err := appendFieldTags(nil, head, route)
	o.Labels.Tags = union(o.Labels.Tags, own)
	fields := len(head)
	if stripTags(head, route); len(head) < fields {
		o.Head = cache.MakeHead(head)
	}
	return err == nil && len(o.Labels.Tags) <= maxTags
}

// groupTag is the tag of a group (RFC 9875): a group is of one origin. The NULs
// keep groups apart from tags, which cannot hold one.
func groupTag(scheme, host, group string) string {
	return scheme + "\x00" + host + "\x00" + group
}

// splitTags yields the tags of a line: separated by commas (Cache-Tag) or by
// white space (Surrogate-Key).
func splitTags(line string) func(func(string) bool) {
	return strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// union is a new list of the tags of both, without those of more that are in
// tags.
func union(tags, more []string) []string {
	all := slices.Clone(tags)
	for _, tag := range more {
		if !slices.Contains(all, tag) {
			all = append(all, tag)
		}
	}
	return all
}

// stripTags removes the fields that carry tags: clients never see them.
func stripTags(h http.Header, route *policy.Route) {
	for _, name := range route.TagHeaders {
		delete(h, name)
	}
}

// violated counts an answer that contradicts the mode of its route, and tells
// of it once per route and kind.
func (l *live) violated(p *Proxy, route *policy.Route, path string, a rfc9111.Admission) {
	if a.Violation == rfc9111.NoViolation {
		return
	}
	l.table.Violation(route.Ordinal, a.Violation)
	bit := uint32(1) << a.Violation
	if old := l.warned[route.Ordinal].Or(bit); old&bit == 0 && p.trace.Violation != nil {
		p.trace.Violation(route, path, a.Violation, a.Reason)
	}
}
