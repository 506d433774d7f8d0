package nextjs

// checkResponse warns of a handler that returns a plain object, which is no
// Response.
func (in *interp) checkResponse(v value, m *module, name string) {
	for _, a := range v {
		o, ok := a.(*object)
		if !ok || o.class != nil {
			continue
		}
		in.module, in.cursor = m, max(0, m.exportOffset(name))
		what := "an object"
		if o.array {
			what = "an array"
		}
		in.warn(name+" may return "+what+", which is no Response: Next.js answers 500", "return Response.json(…)")
		return
	}
}
