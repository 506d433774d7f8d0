package request

import (
	"slices"
	"strings"
)

// Clone returns a copy of v that shares no memory with it or with the buffer
// it was parsed from, but for Rules and Names, which never change. Who fetches
// on behalf of a request that may end first takes one.
func (v *View) Clone() *View {
	c := new(View)
	v.CloneTo(c)
	return c
}

// CloneTo makes c what Clone returns.
func (v *View) CloneTo(c *View) {
	*c = *v
	c.fields = slices.Clone(v.fields)
	ends, n := slices.Concat(v.heads, v.tails), len(v.heads)
	c.heads, c.tails = ends[:n:n], ends[n:]

	var size int
	c.strings(func(s *string) { size += len(*s) })
	var b strings.Builder
	b.Grow(size)
	c.strings(func(s *string) { b.WriteString(*s) })
	all := b.String()
	c.strings(func(s *string) {
		n := len(*s)
		*s, all = all[:n], all[n:]
	})
}

// strings calls f with every string of the view, always in the same order.
func (v *View) strings(f func(*string)) {
	for _, s := range [...]*string{
		&v.Method, &v.Scheme, &v.Host, &v.Path, &v.Query, &v.Upgrade, &v.peer,
	} {
		f(s)
	}
	for i := range v.fields {
		f(&v.fields[i].Name)
		f(&v.fields[i].Value)
	}
}
