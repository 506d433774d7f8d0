package policy

import "strings"

// matcher finds the route of a host and a path. Routes that are limited to the
// host go first, then those limited to its wildcard, then those of all hosts.
// It is immutable and safe for concurrent use.
type matcher struct {
	hosts hostList
	exact map[string]*tree // by host
	wild  map[string]*tree // by what follows "*."
	all   *tree
	other *Route // the default route
}

// find returns the route for path on host, with its parameters in params. When
// a route fits but for a parameter outside its closed set, and nothing after it
// fits, it returns that route and closed is true.
func (m *matcher) find(host, path string, params *[MaxParams]string, rec *recorder) (r *Route, closed bool) {
	w := walk{path: path, end: len(path), params: params, rec: rec}
	if strings.HasSuffix(path, "/") {
		w.end-- // one trailing slash is tolerated
	}
	if strings.HasPrefix(path, "/") {
		r = m.walk(&w, host)
	}
	used := 0
	switch {
	case r != nil:
		used = len(r.ParamNames)
	case w.closed != nil:
		r, closed = w.closed, true
	default:
		r = m.other
		rec.fellThrough(r)
	}
	clear(params[used:]) // what a branch that led nowhere has left
	return r, closed
}

func (m *matcher) walk(w *walk, host string) *Route {
	host = m.hosts.bare(host)
	if t := m.exact[host]; t != nil {
		if r := t.find(w); r != nil {
			return r
		}
	}
	if t := m.wild[parentOf(host)]; t != nil {
		if r := t.find(w); r != nil {
			return r
		}
	}
	return m.all.find(w)
}

// tree holds the patterns of one set of hosts: all of them as a trie by
// segment, and those without parameters in a map as well, which is faster.
type tree struct {
	literals map[string]*Route // by path without its trailing slash: "" is "/"
	root     *node
}

func newTree() *tree {
	return &tree{literals: map[string]*Route{}, root: &node{}}
}

func (t *tree) find(w *walk) *Route {
	if r := t.literals[w.path[:w.end]]; r != nil {
		w.rec.matched(r)
		return r
	}
	return w.from(t.root, 0, 0)
}

// node is a place in the trie: everything that can follow the segments so far.
type node struct {
	prefix   string // the pattern up to here, for explain
	route    *Route // the pattern that ends here
	literals map[string]*node
	param    *node
	rest     *node // a leaf
	optional *node // a leaf
}

// walk is one search in a trie. It scans as Next.js does: at every node the
// literal child, then [x], then [...x], then [[...x]], and back when a branch
// leads nowhere. Each node is visited at most once, so a search never costs
// more than the size of the trie.
type walk struct {
	path   string
	end    int // len(path), without the trailing slash
	params *[MaxParams]string
	closed *Route // the first route that only its closed parameters refused
	rec    *recorder
}

// from returns the route for what is left of the path at i: nothing, or a
// slash and more. have is how many parameters were captured.
func (w *walk) from(n *node, i, have int) *Route {
	if i >= w.end {
		return w.ends(n, have)
	}
	next := len(w.path)
	if j := strings.IndexByte(w.path[i+1:], '/'); j >= 0 {
		next = i + 1 + j
	}
	tried := false
	// An empty segment ("//") only matches inside a catch-all.
	if s := w.path[i+1 : next]; s != "" {
		if child := n.literals[s]; child != nil {
			tried = true
			if r := w.from(child, next, have); r != nil {
				return r
			}
		}
		if n.param != nil {
			tried = true
			w.params[have] = s
			if r := w.from(n.param, next, have+1); r != nil {
				return r
			}
		}
	}
	for _, leaf := range [...]*node{n.rest, n.optional} {
		if leaf == nil {
			continue
		}
		tried = true
		w.params[have] = w.remainder(i + 1)
		if r := w.take(leaf.route); r != nil {
			return r
		}
	}
	if !tried {
		w.rec.deadEnd(n, w.path[i:])
	}
	return nil
}

// ends returns the route at a node where the path is used up.
func (w *walk) ends(n *node, have int) *Route {
	if n.route != nil {
		if r := w.take(n.route); r != nil {
			return r
		}
	}
	if n.optional != nil {
		w.params[have] = ""
		return w.take(n.optional.route)
	}
	if n.route == nil {
		w.rec.deadEnd(n, "")
	}
	return nil
}

// remainder is what a catch-all captures from i on. The trailing slash is not
// part of it, unless there is nothing else.
func (w *walk) remainder(i int) string {
	if i < w.end {
		return w.path[i:w.end]
	}
	return w.path[i:]
}

// take returns r unless its parameters are closed and these are not among
// them.
func (w *walk) take(r *Route) *Route {
	if r.closed.allows(w.params[:len(r.ParamNames)]) {
		w.rec.matched(r)
		return r
	}
	if w.closed == nil {
		w.closed = r
	}
	w.rec.refused(r)
	return nil
}
