package nextjs

import (
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// evalTemplate is a template string: a constant when all its parts are.
func (in *interp) evalTemplate(sc *scope, e *js.TemplateExpr) value {
	args := arguments{list: []value{nothing}}
	var b strings.Builder
	plain := true
	for _, part := range e.List {
		in.mark(part.Value)
		literal, ok := unescaped(templateText(part.Value))
		b.WriteString(literal)
		v := in.eval(sc, part.Expr)
		args.list = append(args.list, v)
		name, constant := v.name()
		plain = plain && ok && constant
		b.WriteString(name)
	}
	if e.Tag != nil {
		return in.callExpr(sc, e.Tag, args, e)
	}
	for _, v := range args.list {
		in.useText(v)
	}
	in.mark(e.Tail)
	tail, ok := unescaped(templateText(e.Tail))
	in.noticeText(b.String() + tail)
	if !plain || !ok {
		return prefixed(e)
	}
	return value{text(b.String() + tail)}
}

// prefixed is an unknown string; one that begins like an address or a path of
// its own is worth knowing.
func prefixed(e *js.TemplateExpr) value {
	first := e.Tail
	if len(e.List) > 0 {
		first = e.List[0].Value
	}
	if s := templateText(first); strings.HasPrefix(s, "/") || strings.HasPrefix(s, "http") || strings.HasPrefix(s, "?") {
		return value{rooted}
	}
	return nothing
}

// templateText is the text of a part of a template without its marks.
func templateText(part []byte) string {
	s := strings.TrimPrefix(strings.TrimPrefix(string(part), "`"), "}")
	return strings.TrimSuffix(strings.TrimSuffix(s, "`"), "${")
}
