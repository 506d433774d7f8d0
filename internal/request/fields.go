package request

import "iter"

// Field is one field line. Name is as the client spelled it (in FromHTTP, as
// net/http does) and compares without case; Value has no white space at its
// ends.
type Field struct {
	Name, Value string
	// Usual is true for a field that browsers and client libraries send without
	// being asked, or that a proxy reads or writes itself: that one is there says
	// nothing about the client. Fields that are made elsewhere than in a view
	// leave it false.
	Usual bool

	next int16 // index+1 of the next line of the same slot; 0 at the last
	slot Slot
}

// Has reports whether the request has a field of this slot.
func (v *View) Has(s Slot) bool { return v.first(s) != 0 }

// Get returns the first line of a slot, and false when there is none.
func (v *View) Get(s Slot) (string, bool) {
	at := v.first(s)
	if at == 0 {
		return "", false
	}
	return v.fields[at-1].Value, true
}

// Lines yields the lines of a slot in the order they came.
func (v *View) Lines(s Slot) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := v.first(s); at != 0; at = v.fields[at-1].next {
			if !yield(v.fields[at-1].Value) {
				return
			}
		}
	}
}

// LinesOf yields the lines named name, with or without a slot; Vary needs it.
func (v *View) LinesOf(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range v.fields {
			if EqualFold(v.fields[i].Name, name) && !yield(v.fields[i].Value) {
				return
			}
		}
	}
}

// Fields yields every end-to-end field line: with Method, Host, Path and Query
// it is the whole of what may be forwarded. Hop-by-hop fields, those that
// Connection names, forwarding fields of peers that are not trusted, URL and
// method overrides, Host, Expect, Content-Length and names with bytes beyond
// letters, digits and "-" are not among them: they went before anybody looked.
//
// The lines of one name come in their order. The order between names means
// nothing, and FromHTTP does not know it.
func (v *View) Fields() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for i := range v.fields {
			if !yield(Field{Name: v.fields[i].Name, Value: v.fields[i].Value, Usual: v.fields[i].Usual}) {
				return
			}
		}
	}
}

// NumFields returns how many lines Fields yields.
func (v *View) NumFields() int { return len(v.fields) }

// first returns the index+1 of the first line of a slot, or 0.
func (v *View) first(s Slot) int16 {
	if uint(s) >= uint(len(v.heads)) {
		return 0
	}
	return v.heads[s]
}

// Unusual reports whether there is a field that is not usual, Authorization and
// Cookie aside. It costs nothing: who asks need not look at every field.
func (v *View) Unusual() bool { return v.unusual }

// add appends a field line.
func (v *View) add(name, value string, s Slot, usual bool) {
	v.fields = append(v.fields, Field{Name: name, Value: value, Usual: usual, slot: s})
	v.link(len(v.fields))
}

// link makes the line at index+1 the last of its slot.
func (v *View) link(at int) {
	f := &v.fields[at-1]
	s := f.slot
	if !f.Usual && s != SlotAuthorization && s != SlotCookie {
		v.unusual = true
	}
	if s == NoSlot {
		return
	}
	if last := v.tails[s]; last != 0 {
		v.fields[last-1].next = int16(at)
	} else {
		v.heads[s] = int16(at)
	}
	v.tails[s] = int16(at)
}

// relink links all lines anew.
func (v *View) relink() {
	clear(v.heads)
	clear(v.tails)
	v.unusual = false
	for i := range v.fields {
		v.fields[i].next = 0
		v.link(i + 1)
	}
}
