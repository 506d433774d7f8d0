package policy

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// yamlWriter writes values as YAML: mappings and lists on one line where they
// are short, else in block style.
type yamlWriter struct{ strings.Builder }

// lineRunes is how long a line may get before its value moves to lines of its
// own.
const lineRunes = 100

// mapping writes the lines of a block mapping.
func (w *yamlWriter) mapping(v *yamlValue, indent int) {
	for _, pair := range v.pairs {
		switch {
		case pair.off && pair.key == "":
			w.comment(pair.value.comment, indent)
			continue
		case pair.off:
			w.commented(pair, indent)
			continue
		}
		w.comment(pair.value.comment, indent)
		w.WriteString(strings.Repeat(" ", indent) + keyText(pair.key) + ":")
		w.value(pair.value, pair.note, indent)
	}
}

// commented writes a pair as comments.
func (w *yamlWriter) commented(pair yamlPair, indent int) {
	var lines yamlWriter
	pair.off = false
	lines.mapping(&yamlValue{pairs: []yamlPair{pair}}, 0)
	for line := range strings.Lines(lines.String()) {
		w.comment(strings.TrimSuffix(line, "\n"), indent)
	}
}

// value writes what follows a key: on the same line if it is short. The note
// ends the key's line.
func (w *yamlWriter) value(v *yamlValue, note string, indent int) {
	if note != "" {
		note = "  # " + oneLine(note)
	}
	if !v.block {
		line := flow(v)
		if scalar := v.kind != yamlList && v.kind != yamlMapping; scalar {
			line = blockText(v)
		} else if len(line) > lineRunes {
			line = ""
		}
		if line != "" {
			w.WriteString(" " + line + note + "\n")
			return
		}
	}
	if len(v.items)+len(v.pairs) == 0 {
		w.WriteString(" " + flow(v) + note + "\n")
		return
	}
	w.WriteString(note + "\n")
	if v.kind == yamlList {
		w.list(v, indent+2)
		return
	}
	w.mapping(v, indent+2)
}

// list writes the lines of a block list.
func (w *yamlWriter) list(v *yamlValue, indent int) {
	for _, item := range v.items {
		w.comment(item.comment, indent)
		w.WriteString(strings.Repeat(" ", indent) + "- ")
		if !item.block {
			w.WriteString(flow(item) + "\n")
			continue
		}
		var lines yamlWriter
		lines.mapping(item, indent+2)
		w.WriteString(strings.TrimLeft(lines.String(), " "))
	}
}

func (w *yamlWriter) comment(text string, indent int) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		w.WriteString(strings.Repeat(" ", indent) + "# " + oneLine(line) + "\n")
	}
}

// oneLine is text that stands in one line of a comment, whatever it holds:
// line ends and characters that YAML does not allow become spaces.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
}

// flow is a value on one line.
func flow(v *yamlValue) string {
	var parts []string
	switch v.kind {
	case yamlList:
		for _, item := range v.items {
			parts = append(parts, flow(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case yamlMapping:
		for _, pair := range v.pairs {
			parts = append(parts, keyText(pair.key)+": "+flow(pair.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	if v.plain {
		return v.written
	}
	return flowText(v.written)
}

// blockText is a scalar that stands alone after its key, where more needs no
// quotes.
func blockText(v *yamlValue) string {
	if v.plain || plainPath.MatchString(v.written) {
		return v.written
	}
	return flowText(v.written)
}

var (
	plainWord = regexp.MustCompile(`^[A-Za-z/_][A-Za-z0-9/_.-]*$`)
	plainPath = regexp.MustCompile(`^/[A-Za-z0-9/_.()\[\]-]*$`)
	// notText are words that some reader of YAML takes for something else.
	notText = regexp.MustCompile(`^(?i:true|false|null|yes|no|on|off|y|n)$`)
)

// keyText is a key; numbers need no quotes there.
func keyText(key string) string {
	if strings.Trim(key, "0123456789") == "" {
		return key
	}
	return flowText(key)
}

// flowText is text with the quotes it needs. The escapes of Go are those of
// YAML's double quotes.
func flowText(text string) string {
	if plainWord.MatchString(text) && !notText.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}
