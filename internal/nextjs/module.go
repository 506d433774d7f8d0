package nextjs

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// Position is a place in a source file; Line and Column are from 1, in
// characters. The zero Line is the file as a whole.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:column.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// module is one parsed source file. It is read-only after parsing.
type module struct {
	file string
	ast  *js.AST
	// imports are the names that other modules gave to this one's variables;
	// stars are the modules of "export * from".
	imports map[string]imported
	exports map[string]exported
	stars   []string

	source []string // lines
	code   []byte   // what esbuild made of it, which the AST points into
	starts []int    // of the lines of code
	places *sourceMap
}

// imported is an import: name of "*" is the module as a whole.
type imported struct{ from, name string }

// exported is an export: a local variable, an expression, or a name of another
// module.
type exported struct {
	local string
	value js.IExpr // of a default export without a name
	from  string   // when not empty, name is that of the other module
	name  string
}

// loaders say how files are read by their extension.
var loaders = map[string]api.Loader{
	".ts": api.LoaderTS, ".mts": api.LoaderTS, ".cts": api.LoaderTS, ".tsx": api.LoaderTSX,
	".js": api.LoaderJSX, ".mjs": api.LoaderJSX, ".cjs": api.LoaderJSX, ".jsx": api.LoaderJSX,
}

// parseModule strips types from a source and parses it. The error has the place
// of what is wrong.
func parseModule(file string, text []byte) (*module, error) {
	loader, ok := loaders[path.Ext(file)]
	if !ok {
		return nil, sourceError{Position{File: file}, "it is no JavaScript or TypeScript"}
	}
	result := api.Transform(string(text), api.TransformOptions{
		Loader: loader, Target: api.ES2022, Sourcefile: file,
		Sourcemap: api.SourceMapExternal, SourcesContent: api.SourcesContentExclude,
		JSX: api.JSXAutomatic, LegalComments: api.LegalCommentsNone, LogLevel: api.LogLevelSilent,
		// Unused imports are kept: they may be what a type needs, or a side
		// effect. Enums of other files stay references.
		TsconfigRaw: `{"compilerOptions": {"verbatimModuleSyntax": true, "experimentalDecorators": true}}`,
	})
	if len(result.Errors) > 0 {
		return nil, syntaxError(file, result.Errors[0])
	}
	m := &module{file: file, source: strings.Split(string(text), "\n"), imports: map[string]imported{}, exports: map[string]exported{}}
	var err error
	if m.places, err = parseSourceMap(result.Map); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	input := parse.NewInputBytes(result.Code)
	m.code = input.Bytes()
	m.starts = []int{0}
	for i, c := range m.code {
		if c == '\n' {
			m.starts = append(m.starts, i+1)
		}
	}
	if m.ast, err = parseCode(input); err != nil {
		return nil, m.notUnderstood(err)
	}
	m.link()
	return m, nil
}

// parseCode parses what esbuild has made. The parser has panicked on odd input
// before; one odd file must not end an import.
func parseCode(input *parse.Input) (ast *js.AST, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			ast, err = nil, fmt.Errorf("the parser fails: %v", fault)
		}
	}()
	return js.Parse(input, js.Options{})
}

// sourceError is what is wrong with a source, and where.
type sourceError struct {
	at   Position
	text string
}

// Error is "file:line:column: text".
func (e sourceError) Error() string { return e.at.String() + ": " + e.text }

// syntaxError is what the compiler says.
func syntaxError(file string, m api.Message) error {
	e := sourceError{Position{File: file}, m.Text}
	if m.Location != nil {
		e.at.Line = m.Location.Line
		e.at.Column = utf8.RuneCountInString(m.Location.LineText[:min(m.Location.Column, len(m.Location.LineText))]) + 1
	}
	return e
}

// notUnderstood is the error of the parser of what esbuild has made.
func (m *module) notUnderstood(err error) error {
	var e *parse.Error
	if !errors.As(err, &e) || e.Line < 1 || e.Line > len(m.starts) {
		return sourceError{Position{File: m.file}, err.Error()}
	}
	return sourceError{m.position(m.starts[e.Line-1] + max(0, e.Column-1)), "this part of JavaScript is not understood: " + e.Message}
}

// offset is where a piece of the AST stands in the code, or -1 for one that the
// parser made up. Names and literals are slices of the code.
func (m *module) offset(data []byte) int {
	if len(data) == 0 {
		return -1
	}
	at := int(uintptr(unsafe.Pointer(unsafe.SliceData(data))) - uintptr(unsafe.Pointer(unsafe.SliceData(m.code))))
	if at < 0 || at >= len(m.code) {
		return -1
	}
	return at
}

// position is the place in the source of an offset in the code.
func (m *module) position(offset int) Position {
	p := Position{File: m.file}
	if offset < 0 {
		return p
	}
	line := 0
	for line+1 < len(m.starts) && m.starts[line+1] <= offset {
		line++
	}
	column := utf16Length(string(m.code[m.starts[line]:offset]))
	toLine, toColumn, ok := m.places.source(line, column)
	if !ok || toLine >= len(m.source) {
		return p
	}
	p.Line, p.Column = toLine+1, charactersOf(m.source[toLine], toColumn)+1
	return p
}

func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// charactersOf is how many characters the first units UTF-16 units of a line
// are.
func charactersOf(line string, units int) int {
	n := 0
	for _, r := range line {
		if units <= 0 {
			break
		}
		units -= utf16.RuneLen(r)
		n++
	}
	return n
}

// find is the offset of a name as a word at or after a place; -1 if there is
// none.
func (m *module) find(name string, from int) int {
	for from >= 0 && from < len(m.code) {
		i := bytes.Index(m.code[from:], []byte(name))
		if i < 0 {
			return -1
		}
		i += from
		if !isWord(m.code, i-1) && !isWord(m.code, i+len(name)) {
			return i
		}
		from = i + 1
	}
	return -1
}

func isWord(code []byte, i int) bool {
	if i < 0 || i >= len(code) {
		return false
	}
	c := code[i]
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
