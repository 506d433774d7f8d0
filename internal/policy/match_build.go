package policy

import (
	"fmt"
	"strings"
)

// placement is a route with its pattern and where the path was written.
type placement struct {
	route   *Route
	pattern pattern
	place   Place
}

// treeBuilder makes a tree. It keeps, beside every node, which pattern made it,
// for the words of a conflict.
type treeBuilder struct {
	tree   *tree
	owners map[*node]placement // the first pattern that came by
	ends   map[*node]placement // the pattern that ends here
}

func newTreeBuilder() *treeBuilder {
	return &treeBuilder{tree: newTree(), owners: map[*node]placement{}, ends: map[*node]placement{}}
}

// add puts a route into the tree, or says with which earlier one it clashes.
// Next.js rejects the same pairs at build.
func (b *treeBuilder) add(p placement) *fault {
	n := b.tree.root
	for _, s := range p.pattern.segments {
		next, f := b.step(n, s, p)
		if f != nil {
			return f
		}
		n = next
	}
	if other, taken := b.ends[n]; taken {
		return clash(p, other, "match the same paths", "remove one of them")
	}
	if n.optional != nil {
		return optionalClash(p, b.owners[n.optional])
	}
	b.ends[n] = p
	n.route = p.route
	if !p.pattern.dynamic() {
		path := p.pattern.path()
		if path == "/" {
			path = ""
		}
		b.tree.literals[path] = p.route
	}
	return nil
}

// step returns the child of n for s, making it when there is none.
func (b *treeBuilder) step(n *node, s segment, p placement) (*node, *fault) {
	if child := n.child(s); child != nil {
		return child, b.sameName(child, s, p)
	}
	switch other, ended := b.ends[n]; {
	case s.kind == restSegment && n.optional != nil:
		return nil, restClash(p, b.owners[n.optional])
	case s.kind == optionalSegment && n.rest != nil:
		return nil, restClash(p, b.owners[n.rest])
	case s.kind == optionalSegment && ended:
		return nil, optionalClash(p, other)
	}
	child := &node{prefix: n.prefix + "/" + s.String()}
	n.adopt(s, child)
	b.owners[child] = p
	return child, nil
}

// child returns the child for s, or nil.
func (n *node) child(s segment) *node {
	switch s.kind {
	case paramSegment:
		return n.param
	case restSegment:
		return n.rest
	case optionalSegment:
		return n.optional
	default:
		return n.literals[s.text]
	}
}

// adopt makes child the child for s.
func (n *node) adopt(s segment, child *node) {
	switch s.kind {
	case paramSegment:
		n.param = child
	case restSegment:
		n.rest = child
	case optionalSegment:
		n.optional = child
	default:
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		n.literals[s.text] = child
	}
}

// sameName checks that a parameter has one name on one level.
func (b *treeBuilder) sameName(n *node, s segment, p placement) *fault {
	want := n.prefix[strings.LastIndexByte(n.prefix, '/')+1:]
	if s.kind == literalSegment || want == s.String() {
		return nil
	}
	other := b.owners[n]
	return clash(p, other, fmt.Sprintf("call the same segment %s and %s", s, want), "use one name for it in both")
}

func restClash(p, other placement) *fault {
	return clash(p, other, "put a catch-all and an optional catch-all on one level", "keep one of them")
}

func optionalClash(p, other placement) *fault {
	return clash(p, other, "match the same path", "an optional catch-all matches its parent too: remove one, or write [...x] for it")
}

// clash words a conflict with a path of each pattern: one for both where there
// is one.
func clash(p, other placement, what, hint string) *fault {
	mine, theirs := p.pattern.example("x"), other.pattern.example("x")
	paths := fmt.Sprintf("for example %s", mine)
	if mine != theirs {
		paths = fmt.Sprintf("for example %s and %s", mine, theirs)
	}
	at := ""
	if other.place.Line > 0 {
		at = fmt.Sprintf(" (line %d)", other.place.Line)
	}
	return &fault{fmt.Sprintf("%s and %s%s %s: %s", p.pattern.text, other.pattern.text, at, what, paths), hint}
}
