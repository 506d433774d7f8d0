package nextjs

import (
	"cmp"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Warning is something that the author of an app should know, with its place.
type Warning struct {
	// File is relative to the app's directory. Line is from 1, which also stands for
	// the file as a whole; Column is from 1, 0 for the line as a whole.
	File         string
	Line, Column int
	Message      string // lower case, no full stop
	Hint         string // what to do; may be empty
}

// String is "file:line:column: message".
func (w Warning) String() string {
	s := w.File + ":" + strconv.Itoa(w.Line)
	if w.Column > 0 {
		s += ":" + strconv.Itoa(w.Column)
	}
	s += ": " + w.Message
	if w.Hint != "" {
		s += "\n    = " + w.Hint
	}
	return s
}

// warnAt is a warning at a place as notes have it: file, file:line or
// file:line:column.
func warnAt(where, hint, format string, args ...any) Warning {
	file, place, _ := strings.Cut(where, ":")
	line, column, _ := strings.Cut(place, ":")
	w := Warning{File: file, Message: fmt.Sprintf(format, args...), Hint: hint}
	w.Line, _ = strconv.Atoi(line) // 0 where a note has none, as is the column
	w.Line = max(w.Line, 1)
	w.Column, _ = strconv.Atoi(column)
	return w
}

// warnBuilt tells what the build shows to be wrong with a route.
func (p *project) warnBuilt(e *entry) []Warning {
	if e.built == nil {
		if p.built == nil {
			return nil
		}
		return []Warning{warnAt(e.file, "run next build again", "the build does not know %s: it is older than the source", e.pattern)}
	}
	if e.built.setsCookie {
		return []Warning{warnAt(e.built.where, "set cookies in a handler that is not rendered ahead",
			"%s was rendered with a Set-Cookie that Next.js sends to everybody; edge drops it", e.pattern)}
	}
	return nil
}

// warnRules tells what is not imported.
func (p *project) warnRules() []Warning {
	var list []Warning
	for _, r := range p.rules {
		if r.kind == afterRule {
			list = append(list, warnAt(r.where, "write a route for it in the policy, if it is to be cached",
				"the rewrite of %s is not imported: its paths take the policy's defaults", r.source))
		}
	}
	if p.built == nil {
		return list
	}
	if text := string(p.built.config.I18n); text != "" && text != "null" {
		list = append(list, warnAt(path.Join(p.dist, serverFilesFile), "write routes for them in the policy, if they are to be cached",
			"i18n puts a locale before the paths of the Pages Router: those paths take the policy's defaults"))
	}
	return list
}

// compareWarnings orders warnings by place.
func compareWarnings(a, b Warning) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
}
