package nextjs

import (
	"strconv"

	"github.com/tdewolff/parse/v2/js"
)

// rooted is a string that is not known but for its beginning: an address, a
// path or a query of its own. As an address relative to another it takes nothing
// of the other's query.
const rooted = native("rooted")

// arithmetic computes constants, which names and lifetimes are made of.
func (in *interp) arithmetic(op js.TokenType, x, y value) value {
	a, okA := x.name()
	b, okB := y.name()
	if op == js.AddToken && len(x) == 1 && (x[0] == atom(rooted) || okA && !okB && len(a) > 0 && (a[0] == '/' || a[0] == '?')) {
		return value{rooted}
	}
	if !okA || !okB {
		return nothing
	}
	_, textA := x[0].(text)
	_, textB := y[0].(text)
	if textA || textB {
		if op == js.AddToken {
			return value{text(a + b)}
		}
		return nothing
	}
	m, errA := strconv.ParseFloat(a, 64)
	n, errB := strconv.ParseFloat(b, 64)
	if errA != nil || errB != nil {
		return nothing
	}
	switch op {
	case js.AddToken:
		m += n
	case js.SubToken:
		m -= n
	case js.MulToken:
		m *= n
	case js.DivToken:
		m /= n
	default:
		return nothing
	}
	return value{literal(strconv.FormatFloat(m, 'g', -1, 64))}
}
