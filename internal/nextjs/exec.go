package nextjs

import (
	"github.com/tdewolff/parse/v2/js"
)

// execAll runs statements. Functions are declared first: code may call them
// before they stand.
func (in *interp) execAll(sc *scope, list []js.IStmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *js.FuncDecl:
			in.declareFunction(sc, s)
		case *js.ExportStmt:
			if f, ok := s.Decl.(*js.FuncDecl); ok && f.Name != nil {
				in.declareFunction(sc, f)
			}
		}
	}
	for _, s := range list {
		in.exec(sc, s)
	}
}

func (in *interp) declareFunction(sc *scope, f *js.FuncDecl) {
	if f.Name != nil {
		in.declare(sc, f.Name, in.evalFunction(sc, f))
	}
}

// exec runs a statement, all its branches.
func (in *interp) exec(sc *scope, s js.IStmt) {
	if s == nil || in.spent() {
		return
	}
	switch s := s.(type) {
	case *js.ExprStmt:
		in.eval(sc, s.Value)
	case *js.VarDecl:
		in.execVar(sc, s)
	case *js.ReturnStmt:
		if s.Value != nil {
			in.give(sc, in.eval(sc, s.Value))
		}
	case *js.BlockStmt:
		in.execAll(sc, s.List)
	case *js.IfStmt:
		in.execIf(sc, s)
	case *js.ThrowStmt:
		in.grow(&in.thrown, in.eval(sc, s.Value))
	case *js.TryStmt:
		in.execTry(sc, s)
	case *js.ClassDecl:
		if s.Name != nil {
			in.declare(sc, s.Name, value{in.classOf(sc, s)})
		}
	case *js.ExportStmt:
		in.execExport(sc, s)
	case *js.SwitchStmt:
		in.execSwitch(sc, s)
	case *js.LabelledStmt:
		in.exec(sc, s.Value)
	case *js.WithStmt:
		in.escape(in.eval(sc, s.Cond), "with")
		in.exec(sc, s.Body)
	default:
		in.execLoop(sc, s)
	}
}

// execLoop runs the body of a loop once: rounds do the rest.
func (in *interp) execLoop(sc *scope, s js.IStmt) {
	switch s := s.(type) {
	case *js.WhileStmt:
		in.eval(sc, s.Cond)
		in.exec(sc, s.Body)
	case *js.DoWhileStmt:
		in.exec(sc, s.Body)
		in.eval(sc, s.Cond)
	case *js.ForStmt:
		in.eval(sc, s.Init)
		in.eval(sc, s.Cond)
		in.eval(sc, s.Post) // in the order of the text, for places of names
		in.execAll(sc, s.Body.List)
	case *js.ForInStmt:
		in.escapeRecords(in.eval(sc, s.Value))
		in.loopVariable(sc, s.Init, nothing)
		in.execAll(sc, s.Body.List)
	case *js.ForOfStmt:
		in.loopVariable(sc, s.Init, in.settled(in.iterate(in.eval(sc, s.Value)), s, sc))
		in.execAll(sc, s.Body.List)
	}
}

// loopVariable gives the variable of a loop its values.
func (in *interp) loopVariable(sc *scope, init js.IExpr, v value) {
	d, ok := init.(*js.VarDecl)
	if !ok {
		in.assignTo(sc, init, v)
		return
	}
	for _, item := range d.List {
		in.bind(sc, item.Binding, v)
	}
}

func (in *interp) execTry(sc *scope, s *js.TryStmt) {
	in.execAll(sc, s.Body.List)
	if s.Catch != nil {
		if s.Binding != nil {
			in.bind(sc, s.Binding, join(nothing, in.thrown))
		}
		in.execAll(sc, s.Catch.List)
	}
	if s.Finally != nil {
		in.execAll(sc, s.Finally.List)
	}
}

func (in *interp) execVar(sc *scope, d *js.VarDecl) {
	for _, item := range d.List {
		if item.Default == nil {
			// A variable that is set later, or the variable of a loop.
			for _, v := range boundVars(item.Binding) {
				in.declare(sc, v, nil)
			}
			continue
		}
		for _, v := range boundVars(item.Binding) {
			in.mark(v.Data)
		}
		in.bind(sc, item.Binding, in.eval(sc, item.Default))
	}
}

func (in *interp) execExport(sc *scope, s *js.ExportStmt) {
	switch d := s.Decl.(type) {
	case nil:
	case *js.VarDecl:
		in.execVar(sc, d)
	case *js.ClassDecl:
		in.exec(sc, d)
	case *js.FuncDecl: // declared first
	default:
		in.eval(sc, d)
	}
}

// give adds to what the function around may return.
func (in *interp) give(sc *scope, v value) {
	for s := sc; s != nil; s = s.parent {
		if s.call != nil {
			in.grow(&s.call.result, v)
			return
		}
	}
}
