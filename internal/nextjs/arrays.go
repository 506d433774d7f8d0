package nextjs

import (
	"slices"
	"strconv"
)

// callObject calls a method of an object: one of its own, one of its class, or
// one that arrays have.
func (in *interp) callObject(o *object, name string, args arguments, node any, sc *scope) value {
	own := o.fields[name]
	if len(own) == 0 {
		own = in.inherited(o, name)
	}
	switch {
	case len(own) > 0:
		return in.call(in.opened(own, o), value{o}, args, node, sc)
	case o.array:
		return in.callArray(o, name, args, node, sc)
	case name == "then" || name == "catch" || name == "finally":
		return in.callThen(o, name, args, node, sc)
	case len(o.rest) > 0:
		return in.call(o.rest, value{o}, args, node, sc)
	}
	if o.class != nil && in.loading == 0 {
		for _, a := range o.class.base { // a method of what the class extends, which is not seen
			if _, ok := a.(*class); !ok {
				in.escape(value{o}, "")
			}
		}
	}
	return in.callUnseen(nil, "", args, node, sc)
}

// callArray calls a method of arrays. Callbacks get what the elements may be.
func (in *interp) callArray(o *object, name string, args arguments, node any, sc *scope) value {
	all := o.elements()
	back := func(list ...value) value {
		return in.call(args.at(0), nothing, arguments{list: list}, node, sc)
	}
	switch name {
	case "map", "flatMap":
		return in.mapArray(o, name, args, node, sc)
	case "forEach", "some", "every", "findIndex", "findLastIndex":
		back(all, nothing, value{o})
		return nothing
	case "filter":
		back(all, nothing, value{o})
		return in.listOf(all, node, sc, objectPart)
	case "find", "findLast":
		back(all, nothing, value{o})
		return join(all, undefined)
	case "reduce", "reduceRight":
		first := join(args.at(1), all)
		result := back(first, all, nothing, value{o})
		return join(first, join(result, back(join(first, result), all, nothing, value{o})))
	case "slice", "concat", "toSorted", "sort", "reverse", "toReversed", "flat", "values", "fill", "with", "splice":
		return in.copyArray(o, name, args, node, sc)
	case "at", "pop", "shift":
		return join(all, undefined)
	case "push", "unshift", "add":
		in.note(o.setAny(args.all()))
		return nothing
	case "entries":
		pair := in.newArray(node, sc, pairPart)
		in.note(pair.set("0", nothing))
		in.note(pair.set("1", all))
		return in.listOf(value{pair}, node, sc, objectPart)
	case "join", "includes", "indexOf", "lastIndexOf", "has", "keys", "toString":
		in.useText(all)
		in.useText(args.all())
		return nothing
	}
	return in.callUnseen(value{o}, "", args, node, sc)
}

// mapArray maps element by element where they are known.
func (in *interp) mapArray(o *object, name string, args arguments, node any, sc *scope) value {
	to := in.newArray(node, sc, objectPart)
	each := func(v value) value {
		out := in.call(args.at(0), nothing, arguments{list: []value{v, nothing, {o}}}, node, sc)
		if name == "flatMap" {
			return in.iterate(out)
		}
		return out
	}
	for _, i := range o.order {
		v := each(o.fields[i])
		if name == "map" {
			in.note(to.set(i, v))
		} else {
			in.note(to.setAny(v))
		}
	}
	if len(o.rest) > 0 {
		in.note(to.setAny(each(o.rest)))
	}
	return value{to}
}

// copyArray is an array with the elements of another, in any order.
func (in *interp) copyArray(o *object, name string, args arguments, node any, sc *scope) value {
	v := o.elements()
	switch name {
	case "concat":
		for _, arg := range append(args.list, args.more) {
			v = join(v, in.iterate(arg))
			for _, a := range arg {
				if o, ok := a.(*object); !ok || !o.array {
					v = join(v, value{a})
				}
			}
		}
	case "sort", "toSorted":
		in.call(args.at(0), nothing, arguments{list: []value{v, v}}, node, sc)
	case "fill", "with", "splice":
		v = join(v, args.all())
		in.note(o.setAny(args.all()))
	case "flat":
		v = join(v, in.iterate(v))
	}
	return in.listOf(v, node, sc, objectPart)
}

// The functions of Object, Array, Promise and Reflect that values go through.
func (in *interp) callBuiltin(name native, args arguments, node any, sc *scope) (value, bool) {
	first := args.at(0)
	switch name {
	case "Object.fromEntries":
		return in.fromEntries(first, node, sc), true
	case "Object.entries":
		return in.entriesOf(first, node, sc), true
	case "Object.keys", "Object.getOwnPropertyNames", "Reflect.ownKeys":
		return in.keysOf(first, node, sc), true
	case "Object.values":
		in.spread(first)
		return in.listOf(in.fieldsOf(first), node, sc, objectPart), true
	case "Object.assign":
		for _, from := range append(slices.Clone(args.from(1).list), args.more) {
			in.assignFields(first, from)
		}
		return first, true
	case "Object.freeze", "Object.seal", "Promise.resolve", "structuredClone", "Object.preventExtensions":
		return in.settled(first, node, sc), true
	case "Array.from":
		list := in.settled(in.iterate(first), node, sc)
		if len(args.list) > 1 {
			list = in.call(args.at(1), nothing, arguments{list: []value{list, nothing}}, node, sc)
		}
		return in.listOf(list, node, sc, objectPart), true
	case "Array.of":
		return value{in.arrayOf(args, node, sc)}, true
	case "Promise.all", "Promise.allSettled", "Promise.any", "Promise.race":
		return in.promiseAll(string(name), first, node, sc), true
	case "Reflect.get":
		return in.getAny(first, args.at(1)), true
	case "Reflect.apply":
		return in.call(first, args.at(1), in.spreadArgs(arguments{}, args.at(2)), node, sc), true
	}
	return nil, false
}

// fromEntries keeps the parameters together under their names, so that only
// those count which are looked at.
func (in *interp) fromEntries(v value, node any, sc *scope) value {
	var out value
	for _, a := range v {
		switch a {
		case atom(searchData), atom(searchText):
			out = join(out, value{queryRecord})
			continue
		case atom(headersData):
			out = join(out, value{headerRecord})
			continue
		}
		o := in.newObject(node, sc, objectPart)
		for _, pair := range in.iterateAtom(a) {
			key := in.element(value{pair}, 0)
			if names, ok := key.texts(); ok {
				for _, name := range names {
					in.note(o.set(name, in.element(value{pair}, 1)))
				}
				continue
			}
			in.note(o.setAny(in.element(value{pair}, 1)))
		}
		out = join(out, value{o})
	}
	return out
}

func (in *interp) entriesOf(v value, node any, sc *scope) value {
	list := in.newArray(node, sc, objectPart)
	for _, a := range v {
		o, ok := a.(*object)
		if !ok {
			in.spread(value{a})
			continue
		}
		for i, name := range o.order {
			pair := in.newArray(node, sc, pairPart+i)
			in.note(pair.set("0", value{text(name)}))
			in.note(pair.set("1", o.fields[name]))
			in.note(list.set(strconv.Itoa(i), value{pair}))
		}
		if len(o.rest) > 0 {
			pair := in.newArray(node, sc, opaquePart)
			in.note(pair.set("0", nothing))
			in.note(pair.set("1", o.rest))
			in.note(list.setAny(value{pair}))
		}
	}
	return value{list}
}

func (in *interp) keysOf(v value, node any, sc *scope) value {
	var names value
	for _, a := range v {
		o, ok := a.(*object)
		if !ok {
			in.spread(value{a})
			names = join(names, nothing)
			continue
		}
		for _, name := range o.order {
			names = join(names, value{text(name)})
		}
		if len(o.rest) > 0 || len(o.order) == 0 {
			names = join(names, nothing)
		}
	}
	return in.listOf(names, node, sc, objectPart)
}

func (in *interp) fieldsOf(v value) value {
	var out value
	for _, a := range v {
		if o, ok := a.(*object); ok {
			out = join(out, o.all())
		}
	}
	return out
}

func (in *interp) assignFields(to, from value) {
	for _, a := range from {
		o, ok := a.(*object)
		if !ok {
			in.spread(value{a})
			continue
		}
		for _, name := range o.order {
			in.put(to, value{text(name)}, o.fields[name])
		}
		if len(o.rest) > 0 {
			in.put(to, nothing, o.rest)
		}
	}
}

// promiseAll awaits each element of an array.
func (in *interp) promiseAll(name string, v value, node any, sc *scope) value {
	if name == "Promise.any" || name == "Promise.race" {
		return in.settled(in.iterate(v), node, sc)
	}
	to := in.newArray(node, sc, objectPart)
	for _, a := range v {
		o, ok := a.(*object)
		if !ok {
			in.note(to.setAny(in.settled(in.iterateAtom(a), node, sc)))
			continue
		}
		for _, i := range o.order {
			in.note(to.set(i, in.outcomeOf(name, in.settled(o.fields[i], node, sc), node, sc, i)))
		}
		if len(o.rest) > 0 {
			in.note(to.setAny(in.outcomeOf(name, in.settled(o.rest, node, sc), node, sc, "")))
		}
	}
	return value{to}
}

// outcomeOf is what allSettled wraps a value in.
func (in *interp) outcomeOf(name string, v value, node any, sc *scope, index string) value {
	if name != "Promise.allSettled" {
		return v
	}
	n, _ := strconv.Atoi(index) // any number will do
	o := in.newObject(node, sc, pairPart+n)
	in.note(o.set("value", v))
	in.note(o.set("status", nothing))
	return value{o}
}
