package policy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"edge/internal/rfc9111"
)

// variablePattern is a scalar that holds a variable. The schema lets it stand
// for any scalar, because what it expands to is only known at run time.
const variablePattern = `\$\{`

// scalar is the shape of values that are one word. takes lists what YAML may
// think the word is; parse returns what is wrong with it ("is not a size").
func scalar[T any](wants, write string, takes []yamlKind, parse func(string) (T, error), encode func(T) *yamlValue, schemas ...jsonSchema) shape[T] {
	return shape[T]{
		wants: wants, write: write, encode: encode,
		decode: func(d *decoder, v *yamlValue) (T, bool) {
			var none T
			if !v.expanded && !slices.Contains(takes, v.kind) {
				d.mismatchScalar(v, wants, write, takes)
				return none, false
			}
			value, err := parse(v.text)
			if err != nil {
				hint := ""
				if write != "" {
					hint = "write " + write
				}
				d.fail(v.place, hint, "%s: %s %v", d.path, quoteValue(v), err)
				return none, false
			}
			return value, true
		},
		schema: anyOf(append(schemas, jsonSchema{"type": "string", "pattern": variablePattern})...),
	}
}

// anyOf is the schema of values that one of several describes.
func anyOf(schemas ...jsonSchema) jsonSchema { return jsonSchema{"anyOf": schemas} }

// mismatchScalar is mismatch for a word; one that YAML takes for something else
// than text only lacks its quotation marks.
func (d *decoder) mismatchScalar(v *yamlValue, wants, write string, takes []yamlKind) {
	plain := v.kind == yamlNumber || v.kind == yamlBool
	if plain && slices.Equal(takes, textOnly) {
		write = "it in quotes: " + strconv.Quote(v.text)
	}
	d.mismatch(v, wants, write)
}

// quoteValue shows a scalar in a message, and the variables it came from.
func quoteValue(v *yamlValue) string {
	if v.text == v.written {
		return strconv.Quote(v.text)
	}
	return strconv.Quote(v.text) + " (from " + v.written + ")"
}

var (
	textOnly     = []yamlKind{yamlText}
	errEmpty     = errors.New("is empty")
	errControl   = errors.New("contains a control character")
	errWord      = errors.New("is not known")
	errBool      = errors.New("is not true or false")
	errVersion   = errors.New("is not a version that this edge reads")
	errPositive  = errors.New("is not a number above 0")
	errNoForever = errors.New("does not end, which is not possible here")
	errNoTime    = errors.New("leaves no time")
)

// encodeText writes text that needs not be there: none for "".
func encodeText(text string) *yamlValue {
	if text == "" {
		return nil
	}
	return textValue(text)
}

// textValue is text as a value; it is quoted where YAML needs it.
func textValue(text string) *yamlValue {
	return &yamlValue{kind: yamlText, text: text, written: escapeVariables(text)}
}

// plainValue is a number, a duration or another word that needs no quotes.
func plainValue(word string) *yamlValue {
	return &yamlValue{kind: yamlText, text: word, written: word, plain: true}
}

// anyText is a line of text, perhaps empty.
func anyText(wants, write string) shape[string] {
	return scalar(wants, write, textOnly, checkLine, encodeText, jsonSchema{"type": "string"})
}

// text is a line of text.
func text(wants, write string) shape[string] {
	parse := func(s string) (string, error) {
		if s == "" {
			return "", errEmpty
		}
		return checkLine(s)
	}
	return scalar(wants, write, textOnly, parse, encodeText, jsonSchema{"type": "string", "minLength": 1})
}

// checkLine refuses what would begin a new line in a header field or a log.
func checkLine(s string) (string, error) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", errControl
	}
	return s, nil
}

// oneOf is one of a few words.
func oneOf(words ...string) shape[string] {
	write := joinWords(words, " or ")
	parse := func(s string) (string, error) {
		if slices.Contains(words, s) {
			return s, nil
		}
		return "", errWord
	}
	sh := scalar(write, write, textOnly, parse, encodeText, jsonSchema{"enum": words})
	decode := sh.decode
	sh.decode = func(d *decoder, v *yamlValue) (string, bool) {
		word := suggest(v.text, words)
		if v.kind != yamlText || word == "" || word == v.text {
			return decode(d, v)
		}
		d.fail(v.place, didYouMean(word), "%s: %s %v", d.path, quoteValue(v), errWord)
		return "", false
	}
	return sh
}

// joinWords is "a, b or c".
func joinWords(words []string, last string) string {
	if len(words) == 1 {
		return words[0]
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + last + words[end]
}

// boolean is true or false.
func boolean() shape[bool] {
	parse := func(s string) (bool, error) {
		switch strings.ToLower(s) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return false, errBool
	}
	encode := func(b bool) *yamlValue { return plainValue(strconv.FormatBool(b)) }
	return scalar("true or false", "true or false", []yamlKind{yamlBool}, parse, encode, jsonSchema{"type": "boolean"})
}

// whole is a whole number of a range.
func whole(write string, least, most int) shape[int] {
	err := fmt.Errorf("is not a whole number from %d to %d", least, most)
	parse := func(s string) (int, error) {
		n, fault := strconv.Atoi(s)
		if fault != nil || n < least || n > most {
			return 0, err
		}
		return n, nil
	}
	encode := func(n int) *yamlValue { return plainValue(strconv.Itoa(n)) }
	return scalar("a whole number", write, []yamlKind{yamlNumber}, parse, encode,
		jsonSchema{"type": "integer", "minimum": least, "maximum": most})
}

// versionShape is the version of the format. There is one.
func versionShape() shape[int] {
	parse := func(s string) (int, error) {
		if s != "1" {
			return 0, errVersion
		}
		return 1, nil
	}
	encode := func(n int) *yamlValue { return plainValue(strconv.Itoa(n)) }
	return scalar("a number", "1", []yamlKind{yamlNumber}, parse, encode, jsonSchema{"const": 1})
}

// rate is a number above 0, or false for none.
func rate() shape[float64] {
	parse := func(s string) (float64, error) {
		if s == "false" {
			return 0, nil
		}
		digits, rest := cutNumber(s)
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil || rest != "" || n <= 0 {
			return 0, errPositive
		}
		return n, nil
	}
	encode := func(n float64) *yamlValue {
		if n == 0 {
			return plainValue("false")
		}
		return plainValue(formatShare(n))
	}
	return scalar("a number per second", "10, 0.5 or false", []yamlKind{yamlNumber, yamlBool}, parse, encode,
		jsonSchema{"type": "number", "exclusiveMinimum": 0}, jsonSchema{"const": false})
}

// durationKinds are what YAML takes durations for.
var durationKinds = []yamlKind{yamlText, yamlNumber, yamlBool}

// durationShape is a duration. no is what false means, and forever whether it
// may have no end.
func durationShape(write string, no time.Duration, forever bool) shape[time.Duration] {
	parse := func(s string) (time.Duration, error) {
		switch {
		case s == "false":
			return no, nil
		case s == "forever" && !forever:
			return 0, errNoForever
		case s == "forever":
			return rfc9111.Forever, nil
		}
		return parseDuration(s)
	}
	encode := func(d time.Duration) *yamlValue { return plainValue(formatDuration(d)) }
	schemas := []jsonSchema{
		{"type": "number", "minimum": 0},
		{"type": "string", "pattern": durationPattern},
		{"const": false},
	}
	if forever {
		schemas = append(schemas, jsonSchema{"const": "forever"})
	}
	return scalar("a duration", write, durationKinds, parse, encode, schemas...)
}

// lifetime is a duration as revalidate takes it: false is Next.js's word for
// forever.
func lifetime() shape[time.Duration] {
	return durationShape("60s, 5m, 1d or forever", rfc9111.Forever, true)
}

// span is a duration that may have no end; false is 0.
func span() shape[time.Duration] { return durationShape("60s, 5m, 1d, forever or 0", 0, true) }

// duration is one that ends; false is 0.
func duration() shape[time.Duration] { return durationShape("500ms, 5s, 1m or 0", 0, false) }

// timeLimit is a duration that ends and is not 0: without a limit, what it bounds
// would be tied up for as long as somebody likes.
func timeLimit(write string) shape[time.Duration] {
	parse := func(s string) (time.Duration, error) {
		switch s {
		case "forever":
			return 0, errNoForever
		case "false":
			return 0, errNoTime
		}
		d, err := parseDuration(s)
		if err == nil && d == 0 {
			err = errNoTime
		}
		return d, err
	}
	encode := func(d time.Duration) *yamlValue { return plainValue(formatDuration(d)) }
	return scalar("a duration", write, durationKinds, parse, encode,
		jsonSchema{"type": "number", "exclusiveMinimum": 0}, jsonSchema{"type": "string", "pattern": durationPattern})
}

// size is a number of bytes.
func size() shape[int64] {
	encode := func(n int64) *yamlValue { return plainValue(formatSize(n)) }
	return scalar("a size", "512MiB, 1GB or a number of bytes", []yamlKind{yamlText, yamlNumber}, parseSize, encode,
		jsonSchema{"type": "integer", "minimum": 0}, jsonSchema{"type": "string", "pattern": sizePattern})
}

// share is a part of a whole.
func share() shape[float64] {
	encode := func(f float64) *yamlValue { return plainValue(formatShare(f)) }
	return scalar("a share", "5% or 0.05", []yamlKind{yamlText, yamlNumber}, parseShare, encode,
		jsonSchema{"type": "number", "minimum": 0, "maximum": 1}, jsonSchema{"type": "string", "pattern": sharePattern})
}
