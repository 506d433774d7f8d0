package policy

import (
	"fmt"
	"slices"
)

// decoder turns values of a file into a Config. It goes on after a problem, so
// that all problems are reported at once, and leaves out what it could not
// read.
type decoder struct {
	problems Problems
	places   Places    // of the mapping being read that has Places of its own
	path     string    // of the value being read within that mapping
	sections []section // where options belong, for hints
	layer    *layer    // of the routes being read
}

// jsonSchema is a part of a JSON Schema.
type jsonSchema map[string]any

// shape is one way to write a value. The decoder, the printer, the JSON Schema
// and the reference are all made of shapes, so that they cannot disagree.
type shape[T any] struct {
	// wants says what the value must be ("a duration") and write how it is
	// written ("60s, 5m, 1d"), in messages and in the reference.
	wants, write string
	// decode reads a value. It returns false after it reported a problem.
	decode func(d *decoder, v *yamlValue) (T, bool)
	// encode is the opposite; nil is a value that is not written.
	encode func(value T) *yamlValue
	schema jsonSchema
}

// optionOf is one option of the mapping that S holds: a line of the tables
// that define the policy file.
type optionOf[S any] struct {
	name string
	// preset is the value an absent option has, as it would be written; empty
	// when there is none to show.
	preset string
	// doc is one or two sentences for the reference.
	doc string
	// required options must be written; inherited ones may stand in defaults.
	required, inherited bool
	// wants, write and schema are those of the option's shape.
	wants, write string
	schema       jsonSchema
	decode       func(d *decoder, v *yamlValue, into *S) bool
	encode       func(from *S) *yamlValue
}

// option makes an option whose value has a shape and is kept where at says.
func option[S, T any](name string, sh shape[T], at func(*S) *T, preset, doc string) optionOf[S] {
	return optionOf[S]{
		name: name, preset: preset, doc: doc,
		wants: sh.wants, write: sh.write, schema: sh.schema,
		decode: func(d *decoder, v *yamlValue, into *S) bool {
			value, ok := sh.decode(d, v)
			if ok {
				*at(into) = value
			}
			return ok
		},
		encode: func(from *S) *yamlValue { return sh.encode(*at(from)) },
	}
}

// need marks an option that must be written.
func need[S any](o optionOf[S]) optionOf[S] {
	o.required = true
	return o
}

// inherit marks an option of routes that may stand in defaults.
func inherit[S any](o optionOf[S]) optionOf[S] {
	o.inherited = true
	return o
}

// group makes an option that is a mapping of options of the same S.
func group[S any](name string, table []optionOf[S], write, doc string) optionOf[S] {
	return optionOf[S]{
		name: name, doc: doc, wants: "a mapping", write: write, schema: mappingSchema(table),
		decode: func(d *decoder, v *yamlValue, into *S) bool {
			return d.isMapping(v, write) && len(options(d, v, table, into)) == 0
		},
		encode: func(from *S) *yamlValue { return encodeOptions(table, from) },
	}
}

// fail reports a problem at p.
func (d *decoder) fail(p Place, hint, format string, args ...any) {
	d.problems = append(d.problems, problemAt(p, fmt.Sprintf(format, args...), hint))
}

// mismatch reports that v is not what its option takes.
func (d *decoder) mismatch(v *yamlValue, wants, write string) {
	hint := ""
	if write != "" {
		hint = "write " + write
	}
	switch v.kind {
	case yamlFaulty:
	case yamlNull:
		d.fail(v.place, hint, "%s has no value", d.path)
	default:
		d.fail(v.place, hint, "%s must be %s, not %s", d.path, wants, v.kind)
	}
}

// within reads a part of the mapping or list being read, and notes its place.
func (d *decoder) within(part string, v *yamlValue, read func()) {
	outer := d.path
	if d.path != "" {
		d.path += "."
	}
	d.path += part
	d.places[d.path] = v.place
	read()
	d.path = outer
}

// scope reads a mapping that has Places of its own and returns them.
func (d *decoder) scope(v *yamlValue, read func()) Places {
	places, path := d.places, d.path
	d.places, d.path = Places{"": v.place}, ""
	read()
	own := d.places
	d.places, d.path = places, path
	return own
}

// options reads the mapping v by a table. It returns the names of the options
// that could not be read, with those that a misspelt name was meant for.
func options[S any](d *decoder, v *yamlValue, table []optionOf[S], into *S) (failed []string) {
	for _, pair := range v.pairs {
		i := slices.IndexFunc(table, func(o optionOf[S]) bool { return o.name == pair.key })
		if i < 0 {
			failed = append(failed, d.unknown(pair, names(table)))
			continue
		}
		d.within(pair.key, pair.value, func() {
			if !table[i].decode(d, pair.value, into) {
				failed = append(failed, pair.key)
			}
		})
	}
	for _, o := range table {
		if o.required && !v.has(o.name) && !slices.Contains(failed, o.name) {
			d.fail(v.place, "write "+o.name+": "+o.write, "%s is missing", o.name)
			failed = append(failed, o.name)
		}
	}
	return failed
}

// names are the names of a table's options.
func names[S any](table []optionOf[S]) []string {
	list := make([]string, len(table))
	for i, o := range table {
		list[i] = o.name
	}
	return list
}

// has reports whether a mapping has a key.
func (v *yamlValue) has(key string) bool {
	return slices.ContainsFunc(v.pairs, func(p yamlPair) bool { return p.key == key })
}

// mapping is the shape of a mapping with the options of a table. It must not be
// empty: a mapping without options says nothing.
func mapping[S any](table []optionOf[S], write string) shape[S] {
	return shape[S]{
		wants: "a mapping", write: write,
		decode: func(d *decoder, v *yamlValue) (S, bool) {
			var s S
			if !d.isMapping(v, write) {
				return s, false
			}
			return s, len(options(d, v, table, &s)) == 0
		},
		encode: func(s S) *yamlValue { return encodeOptions(table, &s) },
		schema: mappingSchema(table),
	}
}

// encodeOptions is the mapping of the options that s has; nil if it has none.
func encodeOptions[S any](table []optionOf[S], s *S) *yamlValue {
	v := &yamlValue{kind: yamlMapping}
	for _, o := range table {
		if value := o.encode(s); value != nil {
			v.pairs = append(v.pairs, yamlPair{key: o.name, value: value})
		}
	}
	if len(v.pairs) == 0 {
		return nil
	}
	return v
}

// isMapping reports whether v is a mapping with something in it, or a problem.
func (d *decoder) isMapping(v *yamlValue, write string) bool {
	if v.kind != yamlMapping {
		d.mismatch(v, "a mapping", write)
		return false
	}
	if len(v.pairs) == 0 {
		d.fail(v.place, "write "+write+", or remove it", "%s is empty", d.path)
		return false
	}
	return true
}
