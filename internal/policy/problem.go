package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problem is something wrong with a configuration file. Line and Column are
// from 1; 0 when the problem has no place in a file. Column counts characters,
// not bytes.
type Problem struct {
	File         string
	Line, Column int
	Source       string // the line itself
	Message      string // lower case, no full stop
	Hint         string // what to do; may be empty
	// Err is what made a file unreadable; nil otherwise.
	Err error
}

// Problems is the error of Load: all problems at once, in the order of their
// places.
type Problems []Problem

// problemAt is a problem with the value that stands at p.
func problemAt(p Place, message, hint string) Problem {
	return Problem{
		File: p.File, Line: p.Line, Column: p.Column, Source: p.Source,
		Message: message, Hint: hint,
	}
}

// Error renders every problem with its place, source line, caret and hint.
func (p Problems) Error() string {
	var b strings.Builder
	for i, problem := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(problem.String())
	}
	return b.String()
}

// Unwrap returns the errors of unreadable files, so that errors.Is finds
// fs.ErrNotExist.
func (p Problems) Unwrap() []error {
	var errs []error
	for _, problem := range p {
		if problem.Err != nil {
			errs = append(errs, problem.Err)
		}
	}
	return errs
}

// String renders one problem:
//
//	edge.yaml:12:5: unknown option "revalidat"
//	   12 |     revalidat: 5m
//	      |     ^
//	      = did you mean "revalidate"?
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	margin := ""
	if p.Line > 0 {
		number := fmt.Sprintf("%5d", p.Line)
		margin = strings.Repeat(" ", len(number))
		source, caret := excerpt(p.Source, p.Column)
		fmt.Fprintf(&b, "\n%s | %s\n%s | %s^", number, source, margin, caret)
	}
	if p.Hint != "" {
		fmt.Fprintf(&b, "\n%s = %s", margin, p.Hint)
	}
	return b.String()
}

// excerptRunes bounds how much of a source line is shown.
const excerptRunes = 100

// excerpt returns the part of a source line around column, and the white space
// that puts a caret below that column. Tabs stay tabs in both; what could
// steer a terminal is replaced.
func excerpt(source string, column int) (line, indent string) {
	runes := []rune(source)
	at := min(max(column-1, 0), len(runes))
	from := max(0, min(at-excerptRunes/2, len(runes)-excerptRunes))
	to := min(len(runes), from+excerptRunes)
	var shown, before []rune
	if from > 0 {
		shown, before = append(shown, '…'), append(before, ' ')
	}
	for i, r := range runes[from:to] {
		if r != '\t' && !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		shown = append(shown, r)
		if from+i < at {
			before = append(before, blank(r)...)
		}
	}
	if to < len(runes) {
		shown = append(shown, '…')
	}
	return string(shown), string(before)
}

// blank is white space as wide as r is on a terminal.
func blank(r rune) []rune {
	switch {
	case r == '\t':
		return []rune{'\t'}
	case unicode.Is(unicode.Mn, r):
		return nil
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r >= 0x1F300:
		return []rune{' ', ' '}
	}
	return []rune{' '}
}

// sortByPlace puts problems in the order of their places: those of the main
// file first, then the other files by name.
func sortByPlace(p Problems, main string) {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(
			compareFiles(a.File, b.File, main),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
}

// compareFiles orders file names: main before all others.
func compareFiles(a, b, main string) int {
	switch {
	case a == b:
		return 0
	case a == main:
		return -1
	case b == main:
		return 1
	}
	return cmp.Compare(a, b)
}

// String is the place as people and editors write it: file:line:column.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}
