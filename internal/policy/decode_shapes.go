package policy

import (
	"maps"
	"strconv"
)

// placed is a mapping that keeps the places of its options itself.
func placed[S any](sh shape[S], at func(*S) *Places) shape[S] {
	decode := sh.decode
	sh.decode = func(d *decoder, v *yamlValue) (s S, ok bool) {
		if !d.isMapping(v, sh.write) {
			return s, false
		}
		places := d.scope(v, func() { s, ok = decode(d, v) })
		*at(&s) = places
		return s, ok
	}
	return sh
}

// mapped is a shape whose values are completed after they were read.
func mapped[S any](sh shape[S], complete func(S) S) shape[S] {
	decode := sh.decode
	sh.decode = func(d *decoder, v *yamlValue) (S, bool) {
		s, ok := decode(d, v)
		return complete(s), ok
	}
	return sh
}

// optional is a shape whose value may be absent.
func optional[T any](sh shape[T]) shape[*T] {
	return shape[*T]{
		wants: sh.wants, write: sh.write, schema: sh.schema,
		decode: func(d *decoder, v *yamlValue) (*T, bool) {
			value, ok := sh.decode(d, v)
			if !ok {
				return nil, false
			}
			return &value, true
		},
		encode: func(value *T) *yamlValue {
			if value == nil {
				return nil
			}
			return sh.encode(*value)
		},
	}
}

// list is the shape of a list. Items that cannot be read make it fail.
func list[T any](item shape[T], wants, write string) shape[[]T] {
	sh := listOrEmpty(item, wants, write)
	decode := sh.decode
	sh.decode = func(d *decoder, v *yamlValue) ([]T, bool) {
		if v.kind == yamlList && len(v.items) == 0 {
			d.fail(v.place, "write "+write+", or remove the option", "%s is an empty list", d.path)
			return nil, false
		}
		return decode(d, v)
	}
	sh.schema = jsonSchema{"type": "array", "items": item.schema, "minItems": 1}
	return sh
}

// listOrEmpty is the shape of a list that may be empty, which is something else
// than being absent.
func listOrEmpty[T any](item shape[T], wants, write string) shape[[]T] {
	return shape[[]T]{
		wants: wants, write: write,
		decode: func(d *decoder, v *yamlValue) ([]T, bool) {
			if v.kind != yamlList {
				d.mismatch(v, wants, write)
				return nil, false
			}
			return items(d, v, item)
		},
		encode: func(values []T) *yamlValue { return encodeList(item, values) },
		schema: jsonSchema{"type": "array", "items": item.schema},
	}
}

// items reads the items of a list.
func items[T any](d *decoder, v *yamlValue, item shape[T]) ([]T, bool) {
	values, whole := make([]T, 0, len(v.items)), true
	for i, one := range v.items {
		d.within(strconv.Itoa(i), one, func() {
			value, ok := item.decode(d, one)
			if !ok {
				whole = false
				return
			}
			values = append(values, value)
		})
	}
	return values, whole
}

// encodeList is the list of values; nil when there is no list.
func encodeList[T any](item shape[T], values []T) *yamlValue {
	if values == nil {
		return nil
	}
	v := &yamlValue{kind: yamlList}
	for _, value := range values {
		v.items = append(v.items, item.encode(value))
	}
	return v
}

// distinct is a list in which nothing may stand twice, nor two texts for which same
// is equal; nil compares the texts themselves.
func distinct(sh shape[[]string], same func(string) string) shape[[]string] {
	decode := sh.decode
	sh.decode = func(d *decoder, v *yamlValue) ([]string, bool) {
		values, ok := decode(d, v)
		if !ok {
			return nil, false
		}
		texts := make([]written, len(values))
		for i, value := range values {
			texts[i] = written{value, v.items[i].place}
		}
		return values, d.distinct(texts, same)
	}
	return unique(sh)
}

// written is a text and where it stands.
type written struct {
	text  string
	place Place
}

// distinct reports texts that stand twice, by same if that is given, and whether
// none does.
func (d *decoder) distinct(texts []written, same func(string) string) bool {
	first, ok := make(map[string]Place, len(texts)), true
	for _, w := range texts {
		id := w.text
		if same != nil {
			id = same(id)
		}
		if earlier, twice := first[id]; twice {
			d.fail(w.place, "first written at "+earlier.String(), "%s has %q twice", d.path, w.text)
			ok = false
			continue
		}
		first[id] = w.place
	}
	return ok
}

// unique describes the items of a list as all different.
func unique[T any](sh shape[[]T]) shape[[]T] {
	sh.schema = maps.Clone(sh.schema)
	sh.schema["uniqueItems"] = true
	return sh
}
