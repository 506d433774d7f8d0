package nextjs

import (
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// changedText is what a function of strings makes of one.
func changedText(s, name string) (string, bool) {
	switch name {
	case "toLowerCase", "toLocaleLowerCase":
		return strings.ToLower(s), true
	case "toUpperCase", "toLocaleUpperCase":
		return strings.ToUpper(s), true
	case "trim":
		return strings.TrimSpace(s), true
	case "toString", "valueOf":
		return s, true
	}
	return "", false
}

func (in *interp) evalFunction(sc *scope, f *js.FuncDecl) value {
	name := ""
	if f.Name != nil {
		name = string(f.Name.Name())
	}
	fn := in.functionOf(sc, f, name, &f.Params, &f.Body, false, f.Generator)
	return value{fn}
}

// functionOf is the function of the code at node, with the variables around it.
func (in *interp) functionOf(sc *scope, node any, name string, params *js.Params, body *js.BlockStmt, arrow, yields bool) *function {
	start := in.cursor
	if name != "" {
		if at := in.module.find(name, 0); at >= 0 && strings.HasSuffix(strings.TrimRight(string(in.module.code[:at]), " *"), "function") {
			start = at
		}
	}
	return in.make(site{node, sc, objectPart}, func() atom {
		return &function{
			name: name, params: params, body: body, arrow: arrow, yields: yields,
			scope: sc, module: in.module, start: start, byKey: map[string]*call{},
		}
	}).(*function)
}

// invoke runs a function and returns what it may return.
func (in *interp) invoke(f *function, this value, args arguments) value {
	c := in.callOf(f, this, args)
	if c.active || c.round == in.round || in.depth > depthMax {
		if in.depth > depthMax {
			in.giveUp()
		}
		return c.outcome(in)
	}
	c.active, c.round = true, in.round
	in.depth++
	loading := in.loading
	in.within(f.module, f.start, func() {
		in.bindParams(c)
		in.execAll(c.scope, f.body.List)
	})
	in.loading = loading
	in.depth--
	c.active = false
	return c.outcome(in)
}

// outcome is the result of a call so far; a generator's is what can be iterated.
func (c *call) outcome(in *interp) value {
	if c.fn.yields {
		return in.listOf(c.result, c, c.scope, opaquePart)
	}
	if len(c.result) == 0 && !c.active {
		return undefined
	}
	return c.result
}

// callOf is the call of a function with these arguments. When there are too
// many different ones, one call stands for all.
func (in *interp) callOf(f *function, this value, args arguments) *call {
	key := in.ids.key(append([]value{this, args.more}, args.list...)...) + strconv.Itoa(len(args.list))
	if in.loading > 0 { // what is only kept now is used when there is a request
		key += " loading"
	}
	if c, ok := f.byKey[key]; ok {
		return c
	}
	if len(f.calls) >= callsMax {
		c := f.calls[0]
		c.merged = true
		in.merge(c, this, args)
		f.byKey[key] = c
		return c
	}
	c := &call{fn: f, this: this, args: args}
	c.scope = &scope{parent: f.scope, vars: map[*js.Var]*value{}, module: f.module, call: c}
	f.calls = append(f.calls, c)
	f.byKey[key] = c
	in.changed = true
	return c
}

// merge adds this and arguments to those of a call.
func (in *interp) merge(c *call, this value, args arguments) {
	in.grow(&c.this, this)
	in.grow(&c.args.more, args.more)
	merged := make([]value, max(len(c.args.list), len(args.list)))
	for i := range merged {
		before := c.args.at(i)
		merged[i] = join(before, args.at(i))
		in.note(len(merged[i]) != len(before))
	}
	c.args.list = merged
}

// bindParams gives the parameters of a call their arguments.
func (in *interp) bindParams(c *call) {
	p := c.fn.params
	for i, e := range p.List {
		v := c.args.at(i)
		if i >= len(c.args.list) && len(v) == 0 {
			v = undefined
		}
		in.bindElement(c.scope, e, v)
	}
	if p.Rest != nil {
		rest := in.arrayOf(c.args.from(len(p.List)), p, c.scope)
		in.bind(c.scope, p.Rest, value{rest})
	}
}
