package policy

// recorder notes the steps of a plan for Explain. A nil recorder notes nothing,
// and costs a plan nothing but a comparison.
type recorder struct {
	steps []Tried
	data  []Datum
}

func (r *recorder) step(pattern, outcome string) {
	r.steps = append(r.steps, Tried{pattern, outcome})
}

// matched notes the route that was found.
func (r *recorder) matched(route *Route) {
	if r != nil {
		r.step(route.Pattern, "matched")
	}
}

// refused notes a route whose closed parameters have other values.
func (r *recorder) refused(route *Route) {
	if r != nil {
		r.step(route.Pattern, "the values are not among params, which are closed")
	}
}

// deadEnd notes that the patterns below n do not go on as the path does.
func (r *recorder) deadEnd(n *node, rest string) {
	switch {
	case r == nil:
	case rest == "":
		r.step(n.prefix+"/…", "the path ends before any of these patterns")
	default:
		r.step(n.prefix+"/…", "none of these patterns goes on with "+rest)
	}
}

// fellThrough notes that no pattern matched.
func (r *recorder) fellThrough(route *Route) {
	if r != nil {
		r.step(route.Pattern, "no route matched")
	}
}

// datum notes a piece of data, its drawer, and the rule that sent it there.
func (r *recorder) datum(k dataKind, name, value string, by *rule, d drawer) {
	if r == nil {
		return
	}
	why := by.why
	if by.closed != nil && d == withheld {
		why += ": not the first of its closed values"
	}
	r.data = append(r.data, Datum{k.String(), name, value, d.String(), why})
}
