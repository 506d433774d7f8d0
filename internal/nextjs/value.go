package nextjs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// value is what an expression may be: any of its atoms. A value without atoms
// is one that nothing is known of yet. Values are not changed once made.
type value []atom

// atom is one thing that a value may be. Atoms are compared with ==.
type atom interface{ isAtom() }

type (
	// unknown is anything that holds nothing of a request.
	unknown struct{}
	// text is a string that is known, literal another constant as it is
	// written: a number, true, null, undefined.
	text    string
	literal string
	// datum is a part of the request.
	datum uint8
	// promised is a part of the request, or of its context, that must be
	// awaited.
	promised struct{ of datum }
	// method is a function taken from a part of the request.
	method struct {
		of   datum
		name string
	}
	// native is a function or class that the analysis knows by itself.
	native string
	// library is what a package exports, or what its results are. Aware ones
	// may read the request without being given it.
	library struct {
		name  string
		aware bool
	}
	// namespace is a module of the app as a whole.
	namespace struct{ module *module }
)

// object is an object or an array that the app's code makes.
type object struct {
	fields map[string]value
	order  []string // names of fields as they were first set
	// rest is what fields hold whose names are not known.
	rest  value
	array bool
	class *class // of an instance
	// open says that code which cannot be seen may have added fields.
	open bool
}

// function is a function of the app with the variables around it.
type function struct {
	name   string
	params *js.Params
	body   *js.BlockStmt
	arrow  bool
	// yields is true for generators: calls return what can be iterated.
	yields bool
	scope  *scope
	module *module
	// start is where its code begins, for places of names.
	start int
	// home is the class whose method it is, for super.
	home  *class
	calls []*call
	byKey map[string]*call
}

// class is a class of the app.
type class struct {
	decl   *js.ClassDecl
	scope  *scope
	module *module
	base   value
	static *object
	// methods and accessors of instances, by name.
	methods map[string]*function
	getters map[string]*function
	setters map[string]*function
	// computed are methods whose names are not known.
	computed value
}

// bound is a function with its first arguments.
type bound struct {
	to   value
	this value
	args arguments
}

// opaque is the result of code that cannot be seen. It may call what that code
// was given.
type opaque struct{ captured value }

func (unknown) isAtom()   {}
func (text) isAtom()      {}
func (literal) isAtom()   {}
func (datum) isAtom()     {}
func (promised) isAtom()  {}
func (method) isAtom()    {}
func (native) isAtom()    {}
func (library) isAtom()   {}
func (namespace) isAtom() {}
func (*object) isAtom()   {}
func (*function) isAtom() {}
func (*class) isAtom()    {}
func (*bound) isAtom()    {}
func (*opaque) isAtom()   {}

// The parts of a request.
const (
	requestData  datum = iota
	headersData        // request.headers, headers()
	cookiesData        // request.cookies, cookies()
	urlData            // nextUrl, new URL(request.url)
	urlText            // request.url
	searchData         // searchParams
	searchText         // nextUrl.search
	queryRecord        // Object.fromEntries(searchParams)
	headerRecord       // Object.fromEntries(request.headers)
	draftData          // draftMode()
	contextData        // the second argument of a handler
	paramsData         // its params
	bodyData           // what request.json() and the like gave
)

var (
	nothing   = value{unknown{}}
	undefined = value{literal("undefined")}
)

// textsMax bounds how many strings a value may be; more are any string.
const textsMax = 40

// join is what may be a or b.
func join(a, b value) value {
	switch {
	case len(b) == 0:
		return a
	case len(a) == 0:
		return b
	}
	out := a
	for _, x := range b {
		if !slices.Contains(a, x) {
			if len(out) == len(a) {
				out = slices.Clone(a)
			}
			out = append(out, x)
		}
	}
	return out.bounded()
}

// bounded replaces too many strings by an unknown one.
func (v value) bounded() value {
	if len(v) <= textsMax {
		return v
	}
	rest := value{unknown{}}
	for _, a := range v {
		if _, ok := a.(text); !ok && a != (unknown{}) {
			rest = append(rest, a)
		}
	}
	return rest
}

// texts are the strings that v may be; ok is false when it may be something
// else as well.
func (v value) texts() (list []string, ok bool) {
	for _, a := range v {
		t, isText := a.(text)
		if !isText {
			return nil, false
		}
		list = append(list, string(t))
	}
	return list, len(list) > 0
}

// name is the name of a property, as far as it is known: those of arrays are
// written as numbers.
func (v value) name() (string, bool) {
	if len(v) != 1 {
		return "", false
	}
	switch a := v[0].(type) {
	case text:
		return string(a), true
	case literal:
		return string(a), true
	}
	return "", false
}

// mayBeMissing reports whether a parameter with this value takes its default.
func (v value) mayBeMissing() bool {
	return len(v) == 0 || slices.Contains(v, atom(literal("undefined"))) || slices.Contains(v, atom(unknown{}))
}

// present is a value without undefined.
func (v value) present() value {
	return slices.DeleteFunc(slices.Clone(v), func(a atom) bool { return a == atom(literal("undefined")) })
}

// identities gives atoms numbers, for keys of calls.
type identities map[atom]int

func (ids identities) key(values ...value) string {
	var b strings.Builder
	for _, v := range values {
		numbers := make([]int, len(v))
		for i, a := range v {
			n, ok := ids[a]
			if !ok {
				n = len(ids) + 1
				ids[a] = n
			}
			numbers[i] = n
		}
		slices.Sort(numbers)
		for _, n := range numbers {
			b.WriteString(strconv.Itoa(n))
			b.WriteByte(',')
		}
		b.WriteByte(';')
	}
	return b.String()
}

// number is the number of a value as a whole.
func (ids identities) number(v value) int {
	key := text("value " + ids.key(v))
	n, ok := ids[key]
	if !ok {
		n = len(ids) + 1
		ids[key] = n
	}
	return n
}
