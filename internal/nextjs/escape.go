package nextjs

// escape is what happens to a value that code gets which cannot be seen: all of
// the request that is in it may be read, and functions in it may be called with
// anything.
func (in *interp) escape(v value, to string) {
	why := "it is given to code that edge cannot see into"
	if to != "" {
		why = "it is given to " + to
	}
	in.escapeWhy(v, why)
}

func (in *interp) escapeWhy(v value, why string) {
	for _, a := range v {
		if in.depth > depthMax {
			in.giveUp()
			return
		}
		in.depth++
		in.escapeAtom(a, why)
		in.depth--
	}
}

func (in *interp) escapeAtom(a atom, why string) {
	switch a := a.(type) {
	case datum:
		in.readAll(a, why)
		return
	case promised:
		in.readAll(a.of, why)
		return
	case method:
		in.readAll(a.of, why)
		return
	case library:
		in.useLibrary(a)
		return
	case native:
		in.escapeNative(a, why)
		return
	case unknown, text, literal, namespace:
		return
	}
	// Once a round is enough, unless this place reads something by itself.
	if in.escaped[a] == in.round {
		return
	}
	in.escaped[a] = in.round
	switch a := a.(type) {
	case *object:
		in.escapeObject(a, why)
	case *function:
		in.callAnyhow(a, nothing)
	case *getter:
		in.callAnyhow(a.fn, nothing)
	case *bound:
		in.escapeWhy(a.to, why)
		in.escapeWhy(a.args.all(), why)
	case *class:
		in.escapeWhy(a.static.all(), why)
		in.escapeObject(in.instanceOf(a, anyArguments), why)
	case *opaque:
		in.escapeWhy(a.captured, why)
	}
}

func (in *interp) escapeObject(o *object, why string) {
	in.loosen(value{o}, 0)
	in.escapeWhy(o.all(), why)
	for c := o.class; c != nil; c = in.baseOf(c) {
		for _, n := range sortedKeys(c.methods) {
			in.callAnyhow(c.methods[n], value{o})
		}
		for _, n := range sortedKeys(c.getters) {
			in.callAnyhow(c.getters[n], value{o})
		}
		in.escapeWhy(c.computed, why)
	}
}

// anyArguments are arguments that hold nothing of a request.
var anyArguments = arguments{more: nothing}

// callAnyhow calls a function as code that cannot be seen would. What it
// returns goes to that code.
func (in *interp) callAnyhow(f *function, this value) {
	in.escapeWhy(in.invoke(f, this, anyArguments), "it is returned to code that edge cannot see into")
}

// useLibrary is a call of what a package has made.
func (in *interp) useLibrary(l library) {
	if !l.aware || in.loading > 0 {
		return
	}
	why := l.name + " may ask Next.js for the request by itself"
	in.read(ReadHeader, AnyName, why)
	in.read(ReadCookie, AnyName, why)
}
