package policy

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestUnreadableMainFile(t *testing.T) {
	_, err := Read(sourceOf(nil, nil))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want an error that is fs.ErrNotExist", err)
	}
	if want := "edge.yaml: cannot read edge.yaml: file does not exist"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestTextThatIsNotYAML covers what a txtar file cannot hold.
func TestTextThatIsNotYAML(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // of the first problem, with its place
	}{
		{"invalid UTF-8", "version: 1\nlisten: \"\u00fc\xff\"\n", "2:11: this is not valid UTF-8"},
		{"a NUL", "version: 1\nlis\x00ten: a\n", "2:4: control character U+0000"},
		{"a carriage return alone", "version: 1\rlisten: a\n", "1:11: control character U+000D"},
		{"UTF-16", "\xff\xfev\x00", "1:1: this is not valid UTF-8"},
		{"a second byte order mark", "\ufeffversion: 1\n\ufeff\n", "2:1: invisible character U+FEFF"},
		{"a next-line character", "version: 1\u0085", "1:11: control character U+0085"},
		{"too large", "version: 1\n" + strings.Repeat("#", textBytesMax), "1:1: the file is larger than 4MiB"},
		{"nested beyond the library", "a: " + strings.Repeat("[", 20_000), "1:1: this is not YAML: exceeded max depth of 10000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(sourceOf(map[string][]byte{"edge.yaml": []byte(tt.text)}, nil))
			if err == nil {
				t.Fatal("no problem was found")
			}
			if first, _, _ := strings.Cut(err.Error(), "\n"); first != "edge.yaml:"+tt.want {
				t.Errorf("got %s, want %s", first, tt.want)
			}
		})
	}
}

func TestTextsThatAreYAML(t *testing.T) {
	const text = "version: 1\norigin: {url: \"http://a\"}\n"
	for name, text := range map[string]string{
		"a byte order mark":       "\ufeff" + text,
		"Windows line ends":       strings.ReplaceAll(text, "\n", "\r\n"),
		"no line end at the end":  strings.TrimSuffix(text, "\n"),
		"escapes in quotes":       text + `listen: "\u0061\x3a\U00000031"` + "\n",
		"marks around a document": "%YAML 1.1\n---\n" + text + "...\n",
	} {
		if _, err := Read(sourceOf(map[string][]byte{"edge.yaml": []byte(text)}, nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPlacesOfWindowsLines shows that the carriage return is not part of the
// line that is shown.
func TestPlacesOfWindowsLines(t *testing.T) {
	_, err := Read(sourceOf(map[string][]byte{"edge.yaml": []byte("version: 1\r\nlisten:\r\n")}, nil))
	want := "edge.yaml:2:8: listen has no value\n    2 | listen:\n      |        ^\n      = write \":8080\", \"127.0.0.1:8080\", systemd or \"fd:NAME\""
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestPlaces shows what Places say of a route and of the top level.
func TestPlaces(t *testing.T) {
	text := "version: 1\norigin:\n  url: http://a\n  timeouts: {connect: 2s}\nadmin: {listen: \":1\"}\n" +
		"routes:\n  - path: /a\n    key: {query: [q, page]}\n    status: {404: 1m}\n"
	c, err := Read(sourceOf(map[string][]byte{"edge.yaml": []byte(text)}, nil))
	if err != nil {
		t.Fatal(err)
	}
	route := c.Routes[0]
	tests := []struct {
		places       Places
		option       string
		line, column int
	}{
		{c.Places, "version", 1, 10},
		{c.Places, "admin.listen", 5, 17},
		{c.Places, "routes", 7, 3},
		{c.Origin.Places, "", 3, 3},
		{c.Origin.Places, "url", 3, 8},
		{c.Origin.Places, "timeouts.connect", 4, 23},
		{route.Places, "", 7, 5},
		{route.Places, "path", 7, 11},
		{route.Places, "key.query", 8, 18},
		{route.Places, "key.query.1", 8, 22},
		{route.Places, "status.404", 9, 19},
		{route.Places, "mode", 0, 0},
	}
	for _, tt := range tests {
		got := tt.places[tt.option]
		if got.Line != tt.line || got.Column != tt.column {
			t.Errorf("%q is at %d:%d, want %d:%d", tt.option, got.Line, got.Column, tt.line, tt.column)
		}
	}
	if got, want := route.Key.Query[1].Place, route.Places["key.query.1"]; got != want {
		t.Errorf("the item has place %v, want %v", got, want)
	}
}

// TestHash shows that the hash depends on the text of every file and on where
// one file ends.
func TestHash(t *testing.T) {
	hashOf := func(main, included string) string {
		c, err := Read(sourceOf(map[string][]byte{"edge.yaml": []byte(main), "a.yaml": []byte(included)}, nil))
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash
	}
	const main, included = "version: 1\ninclude: [a.yaml]\n", "routes: []\n"
	hash := hashOf(main, included)
	if len(hash) != 64 || hash != hashOf(main, included) {
		t.Errorf("hash is %q, and not the same each time", hash)
	}
	for _, other := range []string{hashOf(main+"#\n", included), hashOf(main, included+"#\n"), hashOf(main+"#", "\n"+included)} {
		if other == hash {
			t.Error("another text has the same hash")
		}
	}
}

func TestEndsWithDocumentEnd(t *testing.T) {
	for text, want := range map[string]bool{
		"":                   false,
		"...":                true,
		"version: 1\n...\n":  true,
		"version: 1\n...":    true,
		"version: 1\n... \n": true,
		"a\r\n...\r\n\r\n":   true,
		"version: 1\n":       false,
		"version: 1...\n":    false,
		"a: b ...":           false,
		"...\nversion: 1\n":  false,
		"version: 1\n..":     false,
	} {
		if got := EndsWithDocumentEnd([]byte(text)); got != want {
			t.Errorf("EndsWithDocumentEnd(%q) = %v, want %v", text, got, want)
		}
	}
}

// TestRoutesWithProblemsAreLeftOut shows what compile gets to see when
// something is wrong.
func TestRoutesWithProblemsAreLeftOut(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // paths, nil for no Config
	}{
		{"a bad route", "routes: [{path: /a, mode: x}, {path: /b}]", []string{"/b"}},
		{"a second route on one path", "routes: [{path: /a}, {path: /a}]", []string{"/a"}},
		{"a bad option that is nobody else's", "listen: 5\nroutes: [{path: /a}]", []string{"/a"}},
		{"an unknown option that means nothing", "foo: 5\nroutes: [{path: /a}]", []string{"/a"}},
		{"bad defaults", "defaults: {mode: x}\nroutes: [{path: /a}]", nil},
		{"misspelt defaults", "default: {mode: auto}\nroutes: [{path: /a}]", nil},
		{"a bad origin", "origin: {urll: x}\nroutes: [{path: /a}]", nil},
		{"no mapping at all", "- a", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.text
			if !strings.HasPrefix(text, "-") {
				text = "version: 1\n" + text
			}
			c, problems := read(sourceOf(map[string][]byte{"edge.yaml": []byte(text)}, nil))
			if problems == nil {
				t.Fatal("no problem was found")
			}
			if (c == nil) != (tt.want == nil) {
				t.Fatalf("got Config %v, want routes %v", c, tt.want)
			}
			if c == nil {
				return
			}
			var got []string
			for _, r := range c.Routes {
				got = append(got, r.Path)
			}
			if strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("routes %v, want %v", got, tt.want)
			}
		})
	}
}

// FuzzRead: whatever the file says, read does not panic, every problem has a
// place inside a file, and what was read prints as what it is.
func FuzzRead(f *testing.F) {
	for _, c := range readCases(f) {
		f.Add(c.files["edge.yaml"], []byte("routes: [{path: /x}]"))
	}
	f.Fuzz(func(t *testing.T, text, included []byte) {
		files := map[string][]byte{"edge.yaml": text, "a.yaml": included}
		env := map[string]string{"A": "5m", "B": "[x, \"y\": ]"}
		c, err := Read(sourceOf(files, env))
		var problems Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				checkPlace(t, p, files)
			}
			_ = problems.Error()
			return
		}
		checkPrintReads(t, c, env)
	})
}

// checkPlace fails unless p stands inside its file.
func checkPlace(t *testing.T, p Problem, files map[string][]byte) {
	t.Helper()
	lines := bytes.Split(files[p.File], []byte("\n"))
	if p.Line < 1 || p.Line > len(lines) {
		t.Fatalf("%s:%d:%d is outside of the file: %s", p.File, p.Line, p.Column, p.Message)
	}
	if columns := utf8.RuneCount(lines[p.Line-1]); p.Column < 1 || p.Column > columns+1 {
		t.Fatalf("%s:%d:%d is outside of the line: %s", p.File, p.Line, p.Column, p.Message)
	}
	if p.Message == "" {
		t.Fatalf("%s:%d:%d says nothing", p.File, p.Line, p.Column)
	}
}
