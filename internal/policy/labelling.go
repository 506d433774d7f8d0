package policy

import (
	"hash/fnv"
	"strconv"
)

// Labelling is a hash of what the route adds to the labels of an object: its
// pattern, the templates of its tags, and the fields that carry more. An object that
// was stored under another labelling, before a reload, must be labelled anew before
// it is served: a purge of the new route or tag would not reach it otherwise. It is
// never 0.
func (r *Route) Labelling() uint64 {
	h := fnv.New64a()
	part := func(s string) { // fnv never fails
		_, _ = h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	part(r.Pattern)
	for _, t := range r.tags {
		part(t.text)
		for _, p := range t.parts {
			part(p.text)
			part(strconv.Itoa(p.param))
		}
		part("")
	}
	for _, name := range r.TagHeaders {
		part(name)
	}
	return h.Sum64() | 1
}
