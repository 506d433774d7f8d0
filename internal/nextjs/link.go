package nextjs

import (
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// link fills the tables of imports and exports.
func (m *module) link() {
	for _, s := range m.ast.List {
		switch s := s.(type) {
		case *js.ImportStmt:
			m.linkImport(s)
		case *js.ExportStmt:
			m.linkExport(s)
		}
	}
}

func (m *module) linkImport(s *js.ImportStmt) {
	from := unquoted(s.Module)
	if s.Default != nil {
		m.imports[string(s.Default)] = imported{from, "default"}
	}
	for _, a := range s.List {
		switch {
		case a.Binding == nil: // a comma at the end
		case a.Name == nil:
			m.imports[string(a.Binding)] = imported{from, string(a.Binding)}
		default:
			m.imports[string(a.Binding)] = imported{from, unquoted(a.Name)}
		}
	}
}

func (m *module) linkExport(s *js.ExportStmt) {
	if s.Decl != nil {
		m.linkDeclaration(s)
		return
	}
	from := unquoted(s.Module)
	for _, a := range s.List {
		if a.Binding == nil {
			continue
		}
		name, binding := unquoted(a.Name), unquoted(a.Binding)
		switch {
		case a.Name == nil && binding == "*":
			m.stars = append(m.stars, from)
		case from == "" && a.Name == nil:
			m.exports[binding] = exported{local: binding}
		case from == "":
			m.exports[binding] = exported{local: name}
		case a.Name == nil:
			m.exports[binding] = exported{from: from, name: binding}
		default: // including "* as ns"
			m.exports[binding] = exported{from: from, name: name}
		}
	}
}

func (m *module) linkDeclaration(s *js.ExportStmt) {
	if s.Default {
		e := exported{value: s.Decl}
		switch d := s.Decl.(type) {
		case *js.FuncDecl:
			if d.Name != nil {
				e = exported{local: string(d.Name.Name())}
			}
		case *js.ClassDecl:
			if d.Name != nil {
				e = exported{local: string(d.Name.Name())}
			}
		}
		m.exports["default"] = e
		return
	}
	switch d := s.Decl.(type) {
	case *js.FuncDecl:
		m.exportLocal(d.Name)
	case *js.ClassDecl:
		m.exportLocal(d.Name)
	case *js.VarDecl:
		for _, item := range d.List {
			for _, v := range boundVars(item.Binding) {
				m.exportLocal(v)
			}
		}
	}
}

func (m *module) exportLocal(v *js.Var) {
	name := string(v.Name())
	m.exports[name] = exported{local: name}
}

// boundVars are the variables of a pattern.
func boundVars(b js.IBinding) []*js.Var {
	switch b := b.(type) {
	case *js.Var:
		return []*js.Var{b}
	case *js.BindingArray:
		var list []*js.Var
		for _, item := range b.List {
			list = append(list, boundVars(item.Binding)...)
		}
		return append(list, boundVars(b.Rest)...)
	case *js.BindingObject:
		var list []*js.Var
		for _, item := range b.List {
			list = append(list, boundVars(item.Value.Binding)...)
		}
		if b.Rest != nil {
			list = append(list, b.Rest)
		}
		return list
	}
	return nil
}

// unquoted is a name or a string without its quotes.
func unquoted(data []byte) string {
	s := string(data)
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' {
		return s
	}
	if text, ok := unescaped(s[1 : len(s)-1]); ok {
		return text
	}
	return s[1 : len(s)-1]
}

// unescaped resolves the escapes of a string; it returns false for those that
// are not known.
func unescaped(s string) (string, bool) {
	if !strings.Contains(s, `\`) {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", false
		}
		size := map[byte]int{'x': 2, 'u': 4}[s[i]]
		switch {
		case size > 0:
			if i+size >= len(s) {
				return "", false
			}
			n, err := strconv.ParseUint(s[i+1:i+1+size], 16, 32)
			if err != nil {
				return "", false
			}
			b.WriteRune(rune(n))
			i += size
		case strings.IndexByte(`'"\/`+"`", s[i]) >= 0:
			b.WriteByte(s[i])
		case strings.IndexByte("nrtbfv", s[i]) >= 0:
			b.WriteByte("\n\r\t\b\f\v"[strings.IndexByte("nrtbfv", s[i])])
		default:
			return "", false
		}
	}
	return b.String(), true
}
