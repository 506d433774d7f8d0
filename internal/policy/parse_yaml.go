package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

const (
	// textBytesMax bounds the size of one file.
	textBytesMax = 4 << 20
	// depthMax bounds how deep values are nested; a policy needs six levels.
	depthMax = 16
)

// yamlKind is what a value of a file is.
type yamlKind uint8

const (
	yamlNull yamlKind = iota
	yamlText
	yamlNumber
	yamlBool
	yamlList
	yamlMapping
	// yamlFaulty is a value with a problem that has been reported: nothing
	// more is to be said about it.
	yamlFaulty
)

// String names the kind in messages.
func (k yamlKind) String() string {
	return [...]string{"nothing", "text", "a number", "true or false", "a list", "a mapping", "this"}[k]
}

// yamlValue is a value of a file: what is left of YAML after everything that
// surprises is refused. There are no anchors, aliases, merge keys and tags, and
// keys are single words.
type yamlValue struct {
	kind  yamlKind
	place Place
	// text is that of a scalar, variables expanded; written is with them.
	text, written string
	// expanded is true when the scalar has a variable: what YAML takes the
	// text with braces for says nothing about the value.
	expanded bool
	items    []*yamlValue
	pairs    []yamlPair

	// How the value is printed: without quotes, in block style, below a
	// comment.
	plain, block bool
	comment      string
}

// yamlPair is one line of a mapping.
type yamlPair struct {
	key   string
	place Place // of the key
	value *yamlValue
	// off makes the pair a comment when it is printed; note is a comment that
	// ends its line.
	off  bool
	note string
}

// yamlReader reads one file. It is the only part of edge that knows the YAML
// library.
type yamlReader struct {
	file     string
	lines    []string
	columns  []int // how many characters each line has
	env      func(string) (string, bool)
	problems Problems
}

// emptyHint is for policies and for files that they include.
const emptyHint = `a policy begins with "version: 1", a file that it includes with "routes:"`

// readYAML returns the one document of text, or nil and why there is none. The
// value is what could be understood when there are problems as well.
func readYAML(file string, text []byte, env func(string) (string, bool)) (*yamlValue, Problems) {
	r := &yamlReader{file: file, lines: sourceLines(text), env: env}
	for _, line := range r.lines {
		r.columns = append(r.columns, utf8.RuneCountInString(line))
	}
	if !r.checkText(text) {
		return nil, r.problems
	}
	root := r.parse(text)
	if root == nil {
		return nil, r.problems
	}
	value := r.value(root, 0)
	if value.kind == yamlNull {
		r.fail(value.place, "the file is empty", emptyHint)
		return nil, r.problems
	}
	return value, r.problems
}

// sourceLines are the lines of text without their ends and without the byte
// order mark.
func sourceLines(text []byte) []string {
	lines := strings.Split(string(bytes.TrimPrefix(text, []byte("\ufeff"))), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return lines
}

// checkText refuses text that YAML would not read, or not count the lines of,
// as an editor does.
func (r *yamlReader) checkText(text []byte) bool {
	if len(text) > textBytesMax {
		r.fail(r.at(1, 1), fmt.Sprintf("the file is larger than %s", formatSize(textBytesMax)), "keep parts of it in files of their own and list them under include")
		return false
	}
	for i, line := range r.lines {
		column := 0
		for at, c := range line {
			column++
			message := ""
			switch {
			case c == utf8.RuneError && !strings.HasPrefix(line[at:], string(utf8.RuneError)):
				message = "this is not valid UTF-8"
			case c < ' ' && c != '\t', 0x7f <= c && c <= 0x9f:
				message = fmt.Sprintf("control character %U", c)
			case c == '\u2028', c == '\u2029', c == '\ufeff':
				message = fmt.Sprintf("invisible character %U", c)
			}
			if message != "" {
				r.fail(r.at(i+1, column), message, "save the file as UTF-8 text, and write such characters as escapes in double quotes")
				return false
			}
		}
	}
	return true
}

// parse returns the content of the only document.
func (r *yamlReader) parse(text []byte) (root *yaml.Node) {
	lines := &lineReader{rest: text}
	// The library is no longer maintained and has panicked on odd input; a
	// policy file must never end a running proxy.
	defer func() {
		if fault := recover(); fault != nil {
			root = nil
			r.fail(r.lineStart(lines.count), "the YAML library cannot read this", "write it more simply")
		}
	}()
	decoder := yaml.NewDecoder(lines)
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		r.fail(r.at(1, 1), "the file is empty", emptyHint)
		return nil
	}
	if err != nil {
		r.failSyntax(err, lines.count)
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		r.fail(r.at(second.Line, second.Column), "a second document begins here", "a policy is one document; remove the line ---")
	} else if !errors.Is(err, io.EOF) {
		r.failSyntax(err, lines.count)
	}
	return document.Content[0]
}

// value turns a node of the library into a value, refusing what surprises.
func (r *yamlReader) value(n *yaml.Node, depth int) *yamlValue {
	v := &yamlValue{kind: yamlFaulty, place: r.at(n.Line, n.Column)}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.fail(v.place, "anchors and aliases are not allowed", "write the value where it is meant; options for all routes stand in defaults")
		return v
	}
	if n.Style&yaml.TaggedStyle != 0 {
		r.fail(v.place, fmt.Sprintf("tags such as %s are not allowed", n.Tag), "remove the tag; quote a value that is text")
		return v
	}
	if depth > depthMax {
		r.fail(v.place, fmt.Sprintf("values are nested deeper than %d levels", depthMax), "")
		return v
	}
	switch n.Kind {
	case yaml.MappingNode:
		v.kind = yamlMapping
		v.pairs = r.pairs(n.Content, depth)
	case yaml.SequenceNode:
		v.kind = yamlList
		for _, item := range n.Content {
			v.items = append(v.items, r.value(item, depth+1))
		}
	default:
		r.scalar(v, n)
	}
	return v
}

// pairs reads the lines of a mapping. Of keys written twice the first counts.
func (r *yamlReader) pairs(content []*yaml.Node, depth int) []yamlPair {
	pairs := make([]yamlPair, 0, len(content)/2)
	first := make(map[string]Place, len(content)/2)
	for i := 0; i+1 < len(content); i += 2 {
		place := r.at(content[i].Line, content[i].Column)
		value := r.value(content[i+1], depth+1)
		key, ok := r.key(content[i], place)
		if !ok {
			continue
		}
		if earlier, twice := first[key]; twice {
			r.fail(place, fmt.Sprintf("%q is written twice", key), "first written at "+earlier.String())
			continue
		}
		first[key] = place
		pairs = append(pairs, yamlPair{key: key, place: place, value: value})
	}
	return pairs
}

// key returns the word of a key.
func (r *yamlReader) key(n *yaml.Node, place Place) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		r.fail(place, "a key must be a single word", "")
	case n.Tag == "!!merge":
		r.fail(place, "merge keys are not allowed", "write the options where they are meant; those of all routes stand in defaults")
	case strings.Contains(n.Value, "${"):
		r.fail(place, "variables are not expanded in keys", "")
	case n.Value == "":
		r.fail(place, "a key must not be empty", "")
	default:
		return n.Value, true
	}
	return "", false
}

// scalar fills v from a scalar node and expands its variables.
func (r *yamlReader) scalar(v *yamlValue, n *yaml.Node) {
	v.kind, v.written = yamlText, n.Value
	switch n.Tag {
	case "!!null":
		v.kind = yamlNull
	case "!!int", "!!float":
		v.kind = yamlNumber
	case "!!bool":
		v.kind = yamlBool
	}
	text, fault := expand(n.Value, r.env)
	if fault != nil {
		r.fail(r.within(v.place, fault.at), fault.message, fault.hint)
		v.kind = yamlFaulty
		return
	}
	v.text = text
	v.expanded = strings.Contains(n.Value, "${")
}

// at is a place of the file; what lies outside is moved to its edge.
func (r *yamlReader) at(line, column int) Place {
	line = min(max(line, 1), len(r.lines))
	column = min(max(column, 1), r.columns[line-1]+1)
	return Place{File: r.file, Line: line, Column: column, Source: r.lines[line-1]}
}

// within is the place of part inside the scalar at p: p itself when the scalar
// is written with escapes or over several lines.
func (r *yamlReader) within(p Place, part string) Place {
	before := string([]rune(p.Source)[:p.Column-1])
	if i := strings.Index(p.Source[len(before):], part); i > 0 {
		p.Column += utf8.RuneCountInString(p.Source[len(before) : len(before)+i])
	}
	return p
}

// lineStart is the first word at or above a line.
func (r *yamlReader) lineStart(line int) Place {
	line = min(max(line, 1), len(r.lines))
	for line > 1 && strings.TrimSpace(r.lines[line-1]) == "" {
		line--
	}
	source := r.lines[line-1]
	return r.at(line, len(source)-len(strings.TrimLeft(source, " \t"))+1)
}

func (r *yamlReader) fail(p Place, message, hint string) {
	r.problems = append(r.problems, problemAt(p, message, hint))
}
