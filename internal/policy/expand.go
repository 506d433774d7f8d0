package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// expansionFault says what is wrong with a variable in a scalar.
type expansionFault struct {
	at      string // the text that starts at the variable, to find its column
	message string
	hint    string
}

// expand replaces the variables of a scalar:
//
//	${VAR}           the value; a fault when VAR is not set
//	${VAR:-default}  the default when VAR is not set or empty
//	${VAR:?message}  a fault with the message when VAR is not set or empty
//	$$               a dollar sign
//
// A default may hold variables itself. Any other dollar sign stands for
// itself. expand works on what YAML has already understood as one scalar, so a
// value is never read as YAML.
func expand(text string, env func(string) (string, bool)) (string, *expansionFault) {
	if !strings.Contains(text, "$") {
		return text, nil
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		b.WriteString(text[:i])
		text = text[i:]
		switch {
		case strings.HasPrefix(text, "$$"):
			b.WriteByte('$')
			text = text[2:]
		case strings.HasPrefix(text, "${"):
			end := closingBrace(text)
			if end < 0 {
				return "", &expansionFault{text, "variable is not closed", `write ${NAME}, or $$ for a dollar sign`}
			}
			value, fault := expandVariable(text[:end+1], env)
			if fault != nil {
				return "", fault
			}
			b.WriteString(value)
			text = text[end+1:]
		default:
			b.WriteByte('$')
			text = text[1:]
		}
	}
}

// closingBrace returns where the variable at the start of text ends, or -1.
func closingBrace(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "$$"):
			i++
		case strings.HasPrefix(text[i:], "${"):
			depth++
			i++
		case text[i] == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// expandVariable returns the value of one variable, given with its braces.
func expandVariable(variable string, env func(string) (string, bool)) (string, *expansionFault) {
	fault := func(hint, format string, args ...any) (string, *expansionFault) {
		return "", &expansionFault{variable, fmt.Sprintf(format, args...), hint}
	}
	body := variable[len("${") : len(variable)-len("}")]
	name := body[:variableName(body)]
	rest := body[len(name):]
	if name == "" {
		return fault("write ${NAME}, or $$ for a dollar sign", "variable has no name")
	}
	value, set := env(name)
	if !utf8.ValidString(value) {
		return fault("", "the value of %s is not valid UTF-8", name)
	}
	switch {
	case rest == "":
		if !set {
			return fault("set it, or give a default: ${"+name+":-default}", "%s is not set", name)
		}
		return value, nil
	case strings.HasPrefix(rest, ":-"):
		if value != "" {
			return value, nil
		}
		return expand(rest[len(":-"):], env)
	case strings.HasPrefix(rest, ":?"):
		if value != "" {
			return value, nil
		}
		message := strings.TrimSpace(rest[len(":?"):])
		if message == "" {
			message = "it must be set and not empty"
		}
		return fault("set the environment variable "+name, "%s: %s", name, message)
	}
	return fault("write ${NAME}, ${NAME:-default} or ${NAME:?message}", "variable %s cannot be understood", variable)
}

// variableName returns the length of the variable's name at the start of s.
func variableName(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if digit := '0' <= c && c <= '9'; !letter && (!digit || i == 0) {
			return i
		}
	}
	return len(s)
}

// escapeVariables writes text so that expand gives it back.
func escapeVariables(text string) string { return strings.ReplaceAll(text, "$", "$$") }
