package request

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/canonical-request.md anew")

// The golden table is testdata/canonical.txt. Its lines:
//
//	# Heading
//	@kind of the cases that follow: targets, hosts, heads, or heads trusted
//	> Text for the reader.
//	in  out
//
// In and out stand at least two blanks apart, with the escapes of Go strings.
const goldenFile = "testdata/canonical.txt"

// golden is one line of the table.
type golden struct {
	line     int
	section  string
	kind     string
	text     string // of a line that begins with ">"
	in, want string
}

func TestGolden(t *testing.T) {
	run := map[string]func(*testing.T, golden){
		"targets":       checkTarget,
		"hosts":         checkHost,
		"heads":         checkHead,
		"heads trusted": checkHead,
	}
	for _, g := range readGolden(t) {
		if g.in != "" {
			t.Run(fmt.Sprintf("line %d %s", g.line, g.in), func(t *testing.T) { run[g.kind](t, g) })
		}
	}
}

const ownHost = "www.example.com"

// goldenRules are those of the table.
func goldenRules() *Rules {
	return &Rules{
		Names:   NewNames("RSC"),
		OwnHost: func(host string) bool { return host == ownHost },
		Trusted: func(peer string) bool { return peer == "10.0.0.1:1234" },
	}
}

// checkTarget holds both fillers to a line about a target. net/http is not
// asked what it thinks of the target: in HTTP/2 more gets through.
func checkTarget(t *testing.T, g golden) {
	target := unescape(t, g.in)
	method := "GET"
	if strings.HasPrefix(target, "*") {
		method = "OPTIONS"
	}
	host := ownHost
	render := func(v *View, f Fault) string {
		if f != NoFault {
			return f.String()
		}
		got := v.Path
		if v.HasQuery {
			got += "?" + v.Query
		}
		if strings.Contains(target, ownHost) || strings.HasPrefix(g.want, "http") {
			got = v.Scheme + "://" + v.Host + got
		}
		return got
	}
	var v View
	r := &http.Request{Method: method, RequestURI: target, Host: host, ProtoMajor: 1, ProtoMinor: 1}
	if got := render(&v, FromHTTP(&v, r, Conn{}, goldenRules())); got != g.want {
		t.Errorf("FromHTTP: %q is %s, want %s", target, got, g.want)
	}
	if strings.HasPrefix(target, "/") || target == "*" {
		r.ProtoMajor, r.ProtoMinor = 2, 0
		if got := render(&v, FromHTTP(&v, r, Conn{}, goldenRules())); got != g.want {
			t.Errorf("FromHTTP, HTTP/2: %q is %s, want %s", target, got, g.want)
		}
	}
	if strings.ContainsAny(target, " \n") {
		return // no target in HTTP/1
	}
	raw := method + " " + target + " HTTP/1.1\r\n"
	if _, authority, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		host = authority[:strings.IndexAny(authority+"/", "/?#")]
	}
	raw += "Host: " + host + "\r\n\r\n"
	_, f := Parse(&v, []byte(raw), Conn{}, goldenRules())
	if got := render(&v, f); got != g.want {
		t.Errorf("Parse: %q is %s, want %s", target, got, g.want)
	}
}

// checkHost holds both fillers to a line about scheme and host.
func checkHost(t *testing.T, g golden) {
	scheme, host, _ := strings.Cut(unescape(t, g.in), "://")
	rules := &Rules{Names: NewNames(), Scheme: scheme}
	render := func(v *View, f Fault) string {
		if f != NoFault {
			return f.String()
		}
		return v.Scheme + "://" + v.Host
	}
	var v View
	for _, major := range []int{1, 2} {
		r := &http.Request{Method: "GET", RequestURI: "/", Host: host, ProtoMajor: major, ProtoMinor: 2 - major}
		if got := render(&v, FromHTTP(&v, r, Conn{}, rules)); got != g.want {
			t.Errorf("FromHTTP, HTTP/%d: %q is %s, want %s", major, host, got, g.want)
		}
	}
	_, f := Parse(&v, []byte("GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n"), Conn{}, rules)
	if got := render(&v, f); got != g.want {
		t.Errorf("Parse: %q is %s, want %s", host, got, g.want)
	}
}

// checkHead holds Parse to a line about a whole head, and net/http with
// FromHTTP to the same, to a refusal, or to what the line says of it.
func checkHead(t *testing.T, g golden) {
	raw := headOf(unescape(t, g.in))
	conn := Conn{Peer: "192.0.2.1:1234"}
	if g.kind == "heads trusted" {
		conn.Peer = "10.0.0.1:1234"
	}
	want, wantHTTP, lenient := strings.Cut(g.want, "; net/http: ")
	var v View
	n, f := Parse(&v, []byte(raw), conn, goldenRules())
	if f == NoFault && n != len(raw) {
		t.Fatalf("Parse(%q) reads %d bytes of %d", raw, n, len(raw))
	}
	if got := renderHead(&v, f); got != unescape(t, want) {
		t.Errorf("Parse(%q) = %s, want %s", raw, got, want)
	}
	r, err := http.ReadRequest(newReader(raw))
	if err != nil {
		if f == NoFault || lenient {
			t.Errorf("net/http refuses %q: %v", raw, err)
		}
		return
	}
	f = FromHTTP(&v, r, conn, goldenRules())
	switch got := renderHead(&v, f); {
	case lenient && got != wantHTTP:
		t.Errorf("FromHTTP(%q) = %s, want %s", raw, got, wantHTTP)
	case !lenient && got != unescape(t, want):
		t.Errorf("FromHTTP(%q) = %s, want %s", raw, got, want)
	}
}

var hasVersion = regexp.MustCompile(`(?i) HTTP/\d\.\d ?$`)

// headOf returns the head that a line of the table abbreviates.
func headOf(in string) string {
	lines := strings.Split(in, " | ")
	if !hasVersion.MatchString(lines[0]) {
		lines[0] += " HTTP/1.1"
	}
	named := slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Host:") })
	if !named && !strings.Contains(lines[0], "HTTP/1.0") {
		lines = slices.Insert(lines, 1, "Host: "+ownHost)
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

func renderHead(v *View, f Fault) string {
	if f != NoFault {
		return f.String()
	}
	var lines []string
	for field := range v.Fields() {
		lines = append(lines, strings.TrimSpace(canonicalName(field.Name)+": "+field.Value))
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		a, _, _ = strings.Cut(a, ":")
		b, _, _ = strings.Cut(b, ":")
		return strings.Compare(a, b)
	})
	out := "(none)"
	if len(lines) > 0 {
		out = strings.Join(lines, " | ")
	}
	switch v.Body {
	case SizedBody:
		out += fmt.Sprintf(" [%d bytes]", v.ContentLength)
	case ChunkedBody:
		out += " [chunked]"
	}
	if v.Upgrade != "" {
		out += " [upgrade " + v.Upgrade + "]"
	}
	return out
}

var gap = regexp.MustCompile(`\s{2,}`)

// readGolden returns the lines of the table.
func readGolden(t testing.TB) []golden {
	t.Helper()
	file, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var lines []golden
	var at golden
	for text := range strings.Lines(string(file)) {
		at.line++
		text = strings.TrimSuffix(text, "\n")
		g := at
		switch {
		case text == "":
			continue
		case strings.HasPrefix(text, "# "):
			at.section = text[2:]
			continue
		case strings.HasPrefix(text, "@"):
			at.kind = text[1:]
			continue
		case strings.HasPrefix(text, "> "):
			g.text = text[2:]
		default:
			cuts := gap.FindAllStringIndex(text, -1)
			if cuts == nil {
				t.Fatalf("%s:%d: want two columns: %s", goldenFile, g.line, text)
			}
			cut := cuts[len(cuts)-1]
			g.in, g.want = text[:cut[0]], text[cut[1]:]
		}
		lines = append(lines, g)
	}
	return lines
}

func unescape(t testing.TB, s string) string {
	t.Helper()
	u, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return u
}

const docsFile = "../../docs/canonical-request.md"

func TestDocsCanonicalRequest(t *testing.T) {
	want := renderDocs(readGolden(t))
	if *update {
		if err := os.WriteFile(docsFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docsFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what %s says (%v): run make docs", docsFile, goldenFile, err)
	}
}

const docsHead = `# The canonical request

<!-- Generated from internal/request/testdata/canonical.txt by make docs. -->

edge reads every request once into a canonical form. The form on the right of
these tables is what is matched against routes, what is in the cache key and
what is sent to the origin: there is no second reading. A word such as
` + "`bad-target`" + ` is a fault: the request is refused before any policy is asked, and
nothing is forwarded or stored. What net/http refuses by itself has the
reason ` + "`big-fields`" + `, ` + "`bad-version`" + ` or, whatever else is wrong with it, ` + "`bad-request`" + `.

Each line is a test of both readers, the one that takes requests from net/http
and the one that takes bytes. Where net/http accepts what the second refuses, the
line says so. Bytes are written as in Go strings.

| fault | status | what to send instead |
|---|---|---|
`

func renderDocs(lines []golden) []byte {
	var b bytes.Buffer
	b.WriteString(docsHead)
	for f := NoFault + 1; f < NumFaults; f++ {
		fmt.Fprintf(&b, "| `%s` | %d | %s |\n", f, f.Status(), markdown(f.Hint()))
	}
	section, inText, inTable := "", "", false
	for _, g := range lines {
		if g.section != section {
			section, inTable, inText = g.section, false, ""
			fmt.Fprintf(&b, "\n## %s\n", section)
		}
		switch {
		case g.text != "":
			if inTable || inText == "" {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "%s\n", g.text)
			inTable = false
		case !inTable:
			fmt.Fprintf(&b, "\n| request | canonical |\n|---|---|\n")
			inTable = true
			fallthrough
		default:
			fmt.Fprintf(&b, "| %s | %s |\n", code(g.in), code(g.want))
		}
		inText = g.text
	}
	return b.Bytes()
}

// code renders s as code in a cell of a table.
func code(s string) string {
	s = strings.ReplaceAll(s, "|", `\|`)
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

func markdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "<", `\<`, ">", `\>`, "#", `\#`, "|", `\|`).Replace(s)
}
