package policy

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// keyRule says which keys a mapping may have whose keys the owner chooses.
type keyRule struct {
	pattern *regexp.Regexp
	except  []string
	// same is equal for keys that are one; nil where every spelling is another.
	same  func(string) string
	wants string // "a status such as 404"
	write string
}

var (
	fieldNames  = keyRule{pattern: regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"), same: strings.ToLower, wants: "a header field name"}
	statusCodes = keyRule{pattern: regexp.MustCompile(`^[2-5][0-9][0-9]$`), wants: "a status such as 404"}
	originNames = keyRule{pattern: regexp.MustCompile(`^[A-Za-z0-9_.-]+$`), wants: "a name of letters, digits, - and _"}
	paramNames  = keyRule{pattern: regexp.MustCompile(`^[^\[\]/]+$`), wants: "the name of a parameter, without brackets"}
	methodNames = keyRule{
		pattern: regexp.MustCompile(`^[A-Z]+(-[A-Z]+)*$`),
		except:  []string{"CONNECT", "TRACE"},
		wants:   "a method that edge serves",
		write:   "GET, POST or another method in capitals; CONNECT and TRACE are refused",
	}
)

// allows reports whether key follows the rule.
func (r keyRule) allows(key string) bool {
	return r.pattern.MatchString(key) && !slices.Contains(r.except, key)
}

// areDistinct reports keys of a mapping that are one in two spellings, and whether
// none is. What is written twice in one spelling is a problem before.
func (r keyRule) areDistinct(d *decoder, v *yamlValue) bool {
	if r.same == nil {
		return true
	}
	keys := make([]written, len(v.pairs))
	for i, pair := range v.pairs {
		keys[i] = written{pair.key, pair.place}
	}
	return d.distinct(keys, r.same)
}

// schema describes the keys the rule allows.
func (r keyRule) schema() jsonSchema {
	schema := jsonSchema{"type": "string", "pattern": r.pattern.String()}
	if r.except != nil {
		schema["not"] = jsonSchema{"enum": r.except}
	}
	return schema
}

// name is text that follows the rule.
func (r keyRule) name() shape[string] {
	err := errors.New("is not " + r.wants)
	parse := func(s string) (string, error) {
		if !r.allows(s) {
			return "", err
		}
		return s, nil
	}
	return scalar(r.wants, r.write, textOnly, parse, encodeText, r.schema())
}

// byName is the shape of a mapping whose keys the owner chooses. join makes an
// element of a key and its value, split takes it apart again.
func byName[E, V any](keys keyRule, value shape[V], write string, join func(key string, value V) E, split func(E) (string, V)) shape[[]E] {
	return shape[[]E]{
		wants: "a mapping", write: write,
		decode: func(d *decoder, v *yamlValue) ([]E, bool) {
			if !d.isMapping(v, write) {
				return nil, false
			}
			elements, whole := make([]E, 0, len(v.pairs)), keys.areDistinct(d, v)
			for _, pair := range v.pairs {
				if !keys.allows(pair.key) {
					d.fail(pair.place, "write "+write, "%q in %s is not %s", pair.key, d.path, keys.wants)
					whole = false
				}
				d.within(pair.key, pair.value, func() {
					value, ok := value.decode(d, pair.value)
					elements, whole = append(elements, join(pair.key, value)), whole && ok
				})
			}
			return elements, whole
		},
		encode: func(elements []E) *yamlValue {
			if len(elements) == 0 {
				return nil
			}
			v := &yamlValue{kind: yamlMapping}
			for _, element := range elements {
				key, one := split(element)
				v.pairs = append(v.pairs, yamlPair{key: key, value: value.encode(one)})
			}
			return v
		},
		schema: jsonSchema{
			"type": "object", "minProperties": 1,
			"propertyNames":        keys.schema(),
			"additionalProperties": value.schema,
		},
	}
}

// constants are field names with constant values.
func constants(write string) shape[[]ConstField] {
	return byName(fieldNames, text("text", ""), write,
		func(name, value string) ConstField { return ConstField{name, value} },
		func(f ConstField) (string, string) { return f.Name, f.Value })
}

// statuses are lifetimes by status.
func statuses() shape[[]StatusConf] {
	return byName(statusCodes, span(), "{404: 1m, 302: 30s, 410: 0}",
		func(code string, d time.Duration) StatusConf {
			status, _ := strconv.Atoi(code) // the pattern has let digits through only
			return StatusConf{status, d}
		},
		func(s StatusConf) (string, time.Duration) { return strconv.Itoa(s.Status), s.Lifetime })
}

// methodTags are tags by method.
func methodTags() shape[[]MethodTags] {
	return byName(methodNames, textList("a list of tags", "[posts, \"post:[id]\"]"), "{POST: [posts]}",
		func(method string, tags []string) MethodTags { return MethodTags{method, tags} },
		func(m MethodTags) (string, []string) { return m.Method, m.Tags })
}

// browserShape is a duration, or the word origin.
func browserShape() shape[BrowserConf] {
	const write = "5m, 0 or origin"
	plain := durationShape(write, 0, false)
	sh := shape[BrowserConf]{wants: "a duration, or origin", write: write}
	sh.decode = func(d *decoder, v *yamlValue) (BrowserConf, bool) {
		if v.kind == yamlText && v.text == "origin" {
			return BrowserConf{Origin: true}, true
		}
		age, ok := plain.decode(d, v)
		return BrowserConf{MaxAge: age}, ok
	}
	sh.encode = func(b BrowserConf) *yamlValue {
		if b.Origin {
			return textValue("origin")
		}
		return plain.encode(b.MaxAge)
	}
	sh.schema = anyOf(jsonSchema{"const": "origin"}, plain.schema)
	return sh
}

// compressShape is true, false, or a list of codings.
func compressShape() shape[CompressConf] {
	all := boolean()
	codings := distinct(list(oneOf("br", "zstd", "gzip"), "a list of codings", "[br, gzip]"), nil)
	return boolOr(all, codings, "true, false or a list of codings", "true, false or [br, gzip]",
		func(yes bool, list []string) CompressConf { return CompressConf{yes, list} },
		func(c CompressConf) (bool, []string) { return c.All, c.Codings })
}

// boolOr is a boolean, or a list of words.
func boolOr[C any](yes shape[bool], words shape[[]string], wants, write string, join func(bool, []string) C, split func(C) (bool, []string)) shape[C] {
	return shape[C]{
		wants: wants, write: write,
		decode: func(d *decoder, v *yamlValue) (C, bool) {
			switch v.kind {
			case yamlList:
				list, ok := words.decode(d, v)
				return join(false, list), ok
			case yamlMapping:
				d.mismatch(v, wants, write)
				return join(false, nil), false
			}
			on, ok := yes.decode(d, v)
			return join(on, nil), ok
		},
		encode: func(c C) *yamlValue {
			on, list := split(c)
			if list != nil {
				return words.encode(list)
			}
			return yes.encode(on)
		},
		schema: anyOf(yes.schema, words.schema),
	}
}

// varyShape is true, false, or a list of field names.
func varyShape() shape[VaryConf] {
	return boolOr(boolean(), nameList(fieldNames, "a list of header field names", "[rsc]"),
		"true, false or a list of header field names", "true, false or [rsc]",
		func(yes bool, names []string) VaryConf { return VaryConf{yes, names} },
		func(c VaryConf) (bool, []string) { return c.All, c.Names })
}

// paramValues are lists of values by parameter, and paramSet one value for
// each of several parameters.
var (
	paramValues = byName(paramNames, textListOrEmpty("a list of values", `["1", "2"]`), `{id: ["1", "2"]}`,
		func(name string, values []string) namedValues { return namedValues{name, values} },
		func(n namedValues) (string, []string) { return n.name, n.values })
	paramSet = byName(paramNames, text("text", ""), `{lang: de, slug: a}`,
		func(name, value string) ConstField { return ConstField{name, value} },
		func(f ConstField) (string, string) { return f.Name, f.Value })
)

type namedValues struct {
	name   string
	values []string
}

// paramsShape is params: lists by name, or a list of complete sets.
func paramsShape() shape[ParamsConf] {
	sets := listOrEmpty(paramSet, "a list of parameter sets", "[{lang: de, slug: a}]")
	const (
		wants = "lists of values by parameter, or a list of sets"
		write = `{id: ["1", "2"]} or [{lang: de, slug: a}]`
	)
	return shape[ParamsConf]{
		wants: wants, write: write,
		decode: func(d *decoder, v *yamlValue) (ParamsConf, bool) {
			switch v.kind {
			case yamlList:
				list, ok := sets.decode(d, v)
				return paramsOfSets(list), ok
			case yamlMapping:
				lists, ok := paramValues.decode(d, v)
				return paramsByName(lists), ok
			}
			d.mismatch(v, wants, write)
			return ParamsConf{}, false
		},
		encode: func(p ParamsConf) *yamlValue {
			if p.Sets != nil {
				return sets.encode(setsOfParams(p))
			}
			return paramValues.encode(namedOfParams(p))
		},
		schema: anyOf(paramValues.schema, sets.schema),
	}
}

func paramsByName(lists []namedValues) ParamsConf {
	p := ParamsConf{ByName: make(map[string][]string, len(lists))}
	for _, l := range lists {
		p.ByName[l.name] = l.values
	}
	return p
}

func paramsOfSets(sets [][]ConstField) ParamsConf {
	p := ParamsConf{Sets: make([]map[string]string, len(sets))}
	for i, fields := range sets {
		p.Sets[i] = make(map[string]string, len(fields))
		for _, f := range fields {
			p.Sets[i][f.Name] = f.Value
		}
	}
	return p
}

func namedOfParams(p ParamsConf) []namedValues {
	var lists []namedValues
	for _, name := range slices.Sorted(maps.Keys(p.ByName)) {
		lists = append(lists, namedValues{name, p.ByName[name]})
	}
	return lists
}

func setsOfParams(p ParamsConf) [][]ConstField {
	sets := make([][]ConstField, len(p.Sets))
	for i, set := range p.Sets {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			sets[i] = append(sets[i], ConstField{name, set[name]})
		}
	}
	return sets
}

// textList is a list of different lines of text.
func textList(wants, write string) shape[[]string] {
	return distinct(list(text("text", ""), wants, write), nil)
}

// textListOrEmpty is a textList that may be empty.
func textListOrEmpty(wants, write string) shape[[]string] {
	return distinct(listOrEmpty(text("text", ""), wants, write), nil)
}

// nameList is a list of different names that follow a rule.
func nameList(names keyRule, wants, write string) shape[[]string] {
	return distinct(list(names.name(), wants, write), names.same)
}
