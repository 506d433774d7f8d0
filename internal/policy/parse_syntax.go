package policy

import (
	"bytes"
	"io"
	"regexp"
)

// failSyntax reports an error of the library. Its messages name the line where
// the construct began, or none; where the reader had come to is closer.
func (r *yamlReader) failSyntax(err error, linesRead int) {
	message := libraryPrefix.ReplaceAllString(err.Error(), "")
	r.fail(r.lineStart(linesRead), "this is not YAML: "+message, syntaxHints[message])
}

// libraryPrefix is what the library puts before its messages.
var libraryPrefix = regexp.MustCompile(`^yaml: (line \d+: )?`)

// syntaxHints say what the library's commonest messages mean for the reader.
var syntaxHints = map[string]string{
	"mapping values are not allowed in this context":        `check the indentation, and quote text that contains ": "`,
	"found a tab character that violates indentation":       "indent with spaces",
	"found character that cannot start any token":           "quote text that begins with a special character; indent with spaces",
	"did not find expected ',' or ']'":                      "a [ is not closed, or text with brackets or a ${VARIABLE} in it has no quotes",
	"did not find expected ',' or '}'":                      "a { is not closed, or text with braces or a ${VARIABLE} in it has no quotes",
	"did not find expected '-' indicator":                   "indent every item of a list alike",
	"did not find expected key":                             "indent every line of a mapping alike",
	"could not find expected ':'":                           `write "option: value"`,
	"found unexpected end of stream":                        "a quotation mark above is not closed",
	"did not find expected alphabetic or numeric character": `quote "*" and other text that begins with a special character`,
}

// lineReader hands out one line at a time and counts them, so that it is known
// how far the library had read when it gave up.
type lineReader struct {
	rest  []byte
	count int
}

// Read implements io.Reader.
func (l *lineReader) Read(b []byte) (int, error) {
	if len(l.rest) == 0 {
		return 0, io.EOF
	}
	n := bytes.IndexByte(l.rest, '\n') + 1
	if n == 0 {
		n = len(l.rest)
	}
	n = copy(b, l.rest[:n])
	if l.rest[n-1] == '\n' || n == len(l.rest) {
		l.count++
	}
	l.rest = l.rest[n:]
	return n, nil
}
