package nextjs

import (
	"github.com/tdewolff/parse/v2/js"
)

// assignments are the operators that assign; true for those that keep what was
// there as well.
var assignments = map[js.TokenType]bool{
	js.EqToken: false, js.AddEqToken: true, js.SubEqToken: true, js.MulEqToken: true, js.DivEqToken: true, js.ModEqToken: true,
	js.ExpEqToken: true, js.LtLtEqToken: true, js.GtGtEqToken: true, js.GtGtGtEqToken: true, js.BitAndEqToken: true,
	js.BitOrEqToken: true, js.BitXorEqToken: true, js.AndEqToken: true, js.OrEqToken: true, js.NullishEqToken: true,
}

func (in *interp) evalAssign(sc *scope, e *js.BinaryExpr, keeps bool) value {
	var before value
	if keeps {
		before = in.eval(sc, e.X)
	}
	at := in.cursor
	v := in.eval(sc, e.Y)
	after := in.cursor
	if e.Op == js.AddEqToken {
		in.useText(before)
		in.useText(v)
		v = nothing
	}
	in.cursor = at
	in.assignTo(sc, e.X, v)
	in.cursor = max(after, in.cursor)
	return join(before, v)
}

// assignTo assigns to a variable, a field or a pattern.
func (in *interp) assignTo(sc *scope, target js.IExpr, v value) {
	switch t := target.(type) {
	case *js.GroupExpr:
		in.assignTo(sc, t.X, v)
	case *js.Var:
		in.assign(sc, t, v)
	case *js.DotExpr:
		of := in.eval(sc, t.X)
		in.put(of, value{text(in.dotName(t))}, v)
	case *js.IndexExpr:
		of := in.eval(sc, t.X)
		key := in.eval(sc, t.Y)
		in.useText(key)
		in.put(of, key, v)
	case *js.ArrayExpr:
		for i, el := range t.List {
			if el.Spread {
				in.assignTo(sc, el.Value, in.listOf(in.iterate(v), t, sc, objectPart))
			} else if el.Value != nil {
				in.assignTo(sc, el.Value, in.element(v, i))
			}
		}
	case *js.ObjectExpr:
		in.assignObject(sc, t, v)
	case *js.BinaryExpr: // a default
		if t.Op == js.EqToken {
			in.assignTo(sc, t.X, join(v, in.eval(sc, t.Y)))
		}
	}
}

func (in *interp) assignObject(sc *scope, t *js.ObjectExpr, v value) {
	var taken []string
	for _, p := range t.List {
		if p.Spread {
			in.assignTo(sc, p.Value, in.remaining(v, taken, t, sc))
			continue
		}
		if p.Name == nil {
			continue
		}
		name, known := in.propertyName(sc, p.Name).name()
		taken = append(taken, name)
		got := in.get(v, name, known)
		if p.Init != nil {
			got = join(got, in.eval(sc, p.Init))
		}
		in.assignTo(sc, p.Value, got)
	}
}
