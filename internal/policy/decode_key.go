package policy

import "strings"

// allName stands for all names of a kind.
const allName = "*"

// keyOptions are the kinds of request data that key lists.
var keyOptions = kindOptions(keyItems)

// withholdOptions are the kinds that withhold lists, and dynamicOptions those of
// dynamic_on, where an empty list is refused: dynamic_on: none is the only
// spelling of nothing.
var (
	withholdOptions = kindOptions(unique(listOrEmpty(nameItem, nameListWants, nameListWrite)))
	dynamicOptions  = kindOptions(unique(list(nameItem, nameListWants, nameListWrite)))
)

const (
	nameListWants = "a list of names"
	nameListWrite = "[name, prefix_*, name=value]"
	kindsWrite    = "{query: [...], headers: [...], cookies: [...]}"
	keyListWrite  = `[name], ["*"] or [{name: [value, value]}]`
)

// kindOptions are the options query, headers and cookies.
func kindOptions(items shape[[]KeyItem]) []optionOf[KeyConf] {
	kind := func(name string, at func(*KeyConf) *[]KeyItem, has func(*KeyConf) *bool, same func(string) string, doc string) optionOf[KeyConf] {
		o := option(name, items, at, "", doc)
		decode := o.decode
		o.decode = func(d *decoder, v *yamlValue, into *KeyConf) bool {
			*has(into) = decode(d, v, into) && d.distinctNames(*at(into), same)
			return *has(into)
		}
		return o
	}
	return []optionOf[KeyConf]{
		kind("query", func(k *KeyConf) *[]KeyItem { return &k.Query }, func(k *KeyConf) *bool { return &k.HasQuery }, nil,
			"Names of query parameters."),
		kind("headers", func(k *KeyConf) *[]KeyItem { return &k.Headers }, func(k *KeyConf) *bool { return &k.HasHeaders }, sameField,
			"Names of request header fields, in any case."),
		kind("cookies", func(k *KeyConf) *[]KeyItem { return &k.Cookies }, func(k *KeyConf) *bool { return &k.HasCookies }, nil,
			"Names of cookies."),
	}
}

// keyShape is key: a mapping of kinds.
var keyShape = optional(mapping(keyOptions, kindsWrite))

// dynamicShape is dynamic_on: a mapping of kinds, or the word none.
var dynamicShape = optional(mappingOr(mapping(dynamicOptions, kindsWrite), "none",
	func(k *KeyConf) *bool { return &k.None }))

// withholdShape is withhold: a mapping of kinds, the word tracking, or a list
// of both.
var withholdShape = optional(withTracking(mappingOr(mapping(withholdOptions, kindsWrite), "tracking",
	func(k *KeyConf) *bool { return &k.Tracking }), mappingSchema(withholdOptions)))

// mappingOr is a mapping of kinds, or one word instead.
func mappingOr(kinds shape[KeyConf], word string, at func(*KeyConf) *bool) shape[KeyConf] {
	decode, encode := kinds.decode, kinds.encode
	kinds.wants = "a mapping of query, headers and cookies, or " + word
	kinds.write = word + " or " + kindsWrite
	kinds.decode = func(d *decoder, v *yamlValue) (KeyConf, bool) {
		var k KeyConf
		switch {
		case v.kind == yamlText && v.text == word:
			*at(&k) = true
			return k, true
		case v.kind == yamlMapping && len(v.pairs) > 0:
			return decode(d, v)
		case v.kind == yamlText:
			d.fail(v.place, "write "+kinds.write, "%s: %s %v", d.path, quoteValue(v), errWord)
		case v.kind == yamlMapping:
			d.fail(v.place, "write "+kinds.write, "%s is empty", d.path)
		default:
			d.mismatch(v, kinds.wants, kinds.write)
		}
		return k, false
	}
	kinds.encode = func(k KeyConf) *yamlValue {
		if *at(&k) {
			return textValue(word)
		}
		return encode(k)
	}
	kinds.schema = anyOf(jsonSchema{"const": word}, kinds.schema, jsonSchema{"type": "string", "pattern": variablePattern})
	return kinds
}

// withTracking lets the word tracking and a mapping of kinds stand together in
// a list: [tracking, {query: [ref]}].
func withTracking(single shape[KeyConf], kinds jsonSchema) shape[KeyConf] {
	both := single
	both.write = "tracking, " + kindsWrite + " or [tracking, {query: [...]}]"
	both.decode = func(d *decoder, v *yamlValue) (KeyConf, bool) {
		if v.kind != yamlList {
			return single.decode(d, v)
		}
		parts, ok := items(d, v, single)
		switch {
		case !ok:
			return KeyConf{}, false
		case len(parts) == 1 && parts[0].Tracking:
			return parts[0], true
		case len(parts) == 2 && parts[0].Tracking && !parts[1].Tracking:
			parts[1].Tracking = true
			return parts[1], true
		}
		d.fail(v.place, "write [tracking, "+kindsWrite+"]",
			"%s must be the word tracking and then one mapping when it is a list", d.path)
		return KeyConf{}, false
	}
	both.encode = func(k KeyConf) *yamlValue {
		others := k
		others.Tracking = false
		mapping := single.encode(others)
		if !k.Tracking || mapping == nil {
			return single.encode(k)
		}
		return &yamlValue{kind: yamlList, items: []*yamlValue{textValue("tracking"), mapping}}
	}
	both.schema = anyOf(single.schema, jsonSchema{
		"type": "array", "minItems": 1, "maxItems": 2,
		"prefixItems": []jsonSchema{{"const": "tracking"}, kinds},
	})
	return both
}

// nameItem is a name in dynamic_on and withhold.
var nameItem = shape[KeyItem]{
	wants: "a name", write: "name, prefix_* or name=value",
	decode: func(d *decoder, v *yamlValue) (KeyItem, bool) {
		if v.kind == yamlMapping {
			d.fail(v.place, "write name=value for each value", "closed values stand in key only")
			return KeyItem{}, false
		}
		name, ok := keyName.decode(d, v)
		return KeyItem{Name: name, Place: v.place}, ok
	},
	encode: func(k KeyItem) *yamlValue { return textValue(k.Name) },
	schema: keyName.schema,
}

var keyName = text("a name", "")

// keyItems are the names of one kind in key: a list of names and of mappings
// from a name to its closed values, such a mapping alone, or the word "*".
var keyItems = shape[[]KeyItem]{
	wants: "a list of names", write: keyListWrite,
	decode: decodeKeyItems,
	encode: func(items []KeyItem) *yamlValue {
		if items == nil {
			return nil
		}
		v := &yamlValue{kind: yamlList}
		for _, item := range items {
			v.items = append(v.items, encodeKeyItem(item))
		}
		return v
	},
	schema: anyOf(
		jsonSchema{"type": "array", "uniqueItems": true, "items": anyOf(keyName.schema, closedSchema)},
		closedSchema,
		jsonSchema{"const": allName},
		jsonSchema{"type": "string", "pattern": variablePattern},
	),
}

// closedValues are the values a name may have.
var closedValues = distinct(list(text("a value", ""), "a list of values", "[value, value]"), nil)

var closedSchema = jsonSchema{
	"type": "object", "minProperties": 1,
	"additionalProperties": anyOf(closedValues.schema, jsonSchema{"const": allName}),
}

func decodeKeyItems(d *decoder, v *yamlValue) ([]KeyItem, bool) {
	found, ok := []KeyItem{}, true
	add := func(items []KeyItem, whole bool) {
		found, ok = append(found, items...), ok && whole
	}
	switch {
	case v.kind == yamlMapping:
		add(closedItems(d, v))
	case v.kind == yamlText && v.text == allName:
		add([]KeyItem{{Name: allName, Place: v.place}}, true)
	case v.kind != yamlList:
		d.mismatch(v, "a list of names", keyListWrite)
		return nil, false
	}
	groups, whole := items(d, v, keyItem)
	for _, group := range groups {
		found = append(found, group...)
	}
	return found, ok && whole
}

// keyItem is one item of a list in key: a name, or a mapping of closed values.
var keyItem = shape[[]KeyItem]{
	decode: func(d *decoder, v *yamlValue) ([]KeyItem, bool) {
		if v.kind == yamlMapping {
			return closedItems(d, v)
		}
		name, ok := keyName.decode(d, v)
		return []KeyItem{{Name: name, Place: v.place}}, ok
	},
}

// closedItems reads a mapping from names to their closed values; the value "*"
// leaves a name open.
func closedItems(d *decoder, v *yamlValue) ([]KeyItem, bool) {
	if !d.isMapping(v, "{name: [value, value]}") {
		return nil, false
	}
	found, whole := []KeyItem{}, true
	for _, pair := range v.pairs {
		d.within(pair.key, pair.value, func() {
			item, ok := KeyItem{Name: pair.key, Place: pair.place}, true
			if pair.value.kind != yamlText || pair.value.text != allName {
				item.Values, ok = closedValues.decode(d, pair.value)
			}
			found, whole = append(found, item), whole && ok
		})
	}
	return found, whole
}

// distinctNames reports names that stand twice, by same if that is given, and
// whether none does.
func (d *decoder) distinctNames(items []KeyItem, same func(string) string) bool {
	names := make([]written, len(items))
	for i, item := range items {
		names[i] = written{item.Name, item.Place}
	}
	return d.distinct(names, same)
}

// sameField is equal for items of headers that say the same: the case of the name
// does not count, that of a value after it does.
func sameField(item string) string {
	name, value, hasValue := strings.Cut(item, "=")
	if !hasValue {
		return strings.ToLower(name)
	}
	return strings.ToLower(name) + "=" + value
}

func encodeKeyItem(item KeyItem) *yamlValue {
	if item.Values == nil {
		return textValue(item.Name)
	}
	values := &yamlValue{kind: yamlList}
	for _, value := range item.Values {
		values.items = append(values.items, textValue(value))
	}
	return &yamlValue{kind: yamlMapping, pairs: []yamlPair{{key: item.Name, value: values}}}
}
