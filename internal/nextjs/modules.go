package nextjs

import (
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// load runs the top level of a module, once a round.
func (in *interp) load(m *module) *scope {
	run, ok := in.modules[m]
	if !ok {
		run = &moduleRun{scope: &scope{vars: map[*js.Var]*value{}, module: m}}
		in.modules[m] = run
	}
	if run.round == in.round {
		return run.scope
	}
	run.round = in.round
	in.loading++
	in.within(m, 0, func() { in.execAll(run.scope, m.ast.List) })
	in.loading--
	return run.scope
}

// importValue is what a module imports under a name; "*" is all of it.
func (in *interp) importValue(m *module, from, name string) value {
	file := in.sources.resolve(m.file, from)
	if file == "" {
		return in.importPackage(from, name)
	}
	if isAsset(file) {
		return nothing
	}
	other, err := in.sources.parse(file)
	if err != nil {
		in.warnUnreadable(file, err)
		return value{library{from, true}}
	}
	if name == "*" {
		return value{namespace{other}}
	}
	return in.export(other, name, 0)
}

// importPackage is what a package gives: known for Next.js and React.
func (in *interp) importPackage(from, name string) value {
	if known, ok := nextExports[from]; ok {
		if name == "*" || name == "default" {
			return value{in.packageObject(from, known)}
		}
		if n, ok := known[name]; ok {
			return value{n}
		}
		return value{library{name: named(name, from)}}
	}
	switch {
	case isAsset(from):
		return nothing
	case strings.HasPrefix(from, "next/") && !strings.HasPrefix(from, "next/dist"), from == "next":
		return value{library{name: from}}
	}
	return value{library{named(name, from), in.sources.readsByItself(from)}}
}

// named is what a package exports, in words.
func named(name, from string) string {
	if name == "*" || name == "default" {
		return from
	}
	return name + " of " + from
}

// packageObject is a package of Next.js as a whole.
func (in *interp) packageObject(from string, known map[string]native) *object {
	o := in.newObject(from, nil, objectPart)
	for _, name := range sortedKeys(known) {
		in.note(o.set(name, value{known[name]}))
	}
	in.note(o.setAny(value{library{name: from}}))
	return o
}

// export is what a module exports under a name.
func (in *interp) export(m *module, name string, depth int) value {
	if depth > depthMax {
		return nothing
	}
	e, ok := m.exports[name]
	if !ok {
		return in.starExport(m, name, depth)
	}
	switch {
	case e.from != "" && e.name == "*":
		return in.importValue(m, e.from, "*")
	case e.from != "":
		if file := in.sources.resolve(m.file, e.from); file != "" && !isAsset(file) {
			if other, err := in.sources.parse(file); err == nil {
				return in.export(other, e.name, depth+1)
			}
		}
		return in.importValue(m, e.from, e.name)
	}
	sc := in.load(m)
	if e.value != nil {
		var v value
		in.within(m, 0, func() {
			in.loading++
			v = in.eval(sc, e.value)
			in.loading--
		})
		return v
	}
	for _, v := range m.ast.Scope.Declared {
		if string(v.Data) == e.local {
			return in.lookup(sc, v)
		}
	}
	return in.free(sc, e.local)
}

// starExport looks for a name in the modules of "export * from".
func (in *interp) starExport(m *module, name string, depth int) value {
	var v value
	for _, from := range m.stars {
		if name == "default" {
			break
		}
		file := in.sources.resolve(m.file, from)
		if file == "" || isAsset(file) {
			v = join(v, in.importPackage(from, name))
			continue
		}
		other, err := in.sources.parse(file)
		if err != nil {
			in.warnUnreadable(file, err)
			v = join(v, value{library{from, true}})
			continue
		}
		if in.exports(other, name, 0) {
			return in.export(other, name, depth+1)
		}
	}
	if v == nil {
		return value{library{m.file, true}} // module.exports, or nothing that a parser sees
	}
	return v
}

// exports reports whether a module has a name among its exports.
func (in *interp) exports(m *module, name string, depth int) bool {
	if _, ok := m.exports[name]; ok {
		return true
	}
	for _, from := range m.stars {
		file := in.sources.resolve(m.file, from)
		if file == "" || depth > depthMax {
			continue
		}
		if other, err := in.sources.parse(file); err == nil && in.exports(other, name, depth+1) {
			return true
		}
	}
	return false
}

// dynamicImport is import(…).
func (in *interp) dynamicImport(sc *scope, e *js.CallExpr) value {
	args := in.evalArgs(sc, e.Args.List)
	return in.required(args, sc)
}

// required is a module by the name that an argument has.
func (in *interp) required(args arguments, sc *scope) value {
	names, ok := args.at(0).texts()
	if !ok {
		return value{library{"a module whose name is computed", true}}
	}
	var v value
	for _, name := range names {
		v = join(v, in.importValue(sc.module, name, "*"))
	}
	return v
}

func (in *interp) warnUnreadable(file string, err error) {
	in.rec.warnings[unreadable(file, err, "whatever uses it is assumed to read everything")] = true
}
