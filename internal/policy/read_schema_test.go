package policy

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// compileSchema compiles what Schema returns, as a validator would read it.
func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("edge.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("edge.json")
	if err != nil {
		t.Fatalf("Schema is not a JSON Schema: %v", err)
	}
	return schema
}

// beyondSchema is the line of a case that says why the schema cannot see what
// is wrong.
var beyondSchema = regexp.MustCompile(`(?m)^schema: (.+)$`)

// TestSchemaAgreesWithDecoder validates every case of testdata/read. The schema
// must accept what the decoder accepts, and refuse what it refuses, but for the
// cases that say why that cannot be; those it must accept.
func TestSchemaAgreesWithDecoder(t *testing.T) {
	schema := compileSchema(t)
	for name, c := range readCases(t) {
		t.Run(name, func(t *testing.T) {
			_, problems := Read(c.source())
			want := problems == nil
			if reason := beyondSchema.FindSubmatch(c.archive.Comment); reason != nil {
				if want {
					t.Fatalf("nothing is wrong, so nothing is beyond the schema: %s", reason[1])
				}
				want = true
			}
			err := validate(schema, c.files["edge.yaml"])
			if got := err == nil; got != want {
				t.Errorf("schema accepts: %v, want %v\n%v\ndecoder: %v", got, want, err, problems)
			}
		})
	}
}

// validate reads text as editors do and holds it against the schema.
func validate(schema *jsonschema.Schema, text []byte) error {
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		return err
	}
	return schema.Validate(withTextKeys(value))
}

// withTextKeys makes the keys of all mappings text, as they are in JSON.
func withTextKeys(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = withTextKeys(value[key])
		}
		return value
	case map[any]any:
		texts := make(map[string]any, len(value))
		for key := range value {
			texts[fmt.Sprint(key)] = withTextKeys(value[key])
		}
		return texts
	case []any:
		for i := range value {
			value[i] = withTextKeys(value[i])
		}
	}
	return value
}

// TestSchemaDescribesEveryOption finds each option of every table, with what it
// means, in the schema.
func TestSchemaDescribesEveryOption(t *testing.T) {
	text := string(Schema())
	for _, s := range sections() {
		for _, r := range s.rows {
			if r.doc == "" || !strings.Contains(text, fmt.Sprintf("%q: {", r.name)) {
				t.Errorf("%s of %s is not described", r.name, s.where)
			}
		}
	}
}

// TestSchemaAgreesOnEveryOption writes all sorts of values for each option, one
// at a time, and compares what the decoder and the schema say.
func TestSchemaAgreesOnEveryOption(t *testing.T) {
	schema := compileSchema(t)
	accepted := 0
	for _, document := range optionDocuments() {
		for _, value := range valuesOfAllSorts {
			text := []byte(strings.ReplaceAll(document, "VALUE", value))
			files := map[string][]byte{"edge.yaml": text}
			for _, included := range []string{"a", "GET", "TRACE", "tracking"} {
				files[included] = []byte("routes: []")
			}
			_, problems := Read(sourceOf(files, nil))
			err := validate(schema, text)
			if (err == nil) != (problems == nil) {
				t.Errorf("%s\nschema: %v\ndecoder: %v", text, err, problems)
			}
			if err == nil {
				accepted++
			}
		}
	}
	if accepted < 2*len(optionDocuments()) {
		t.Errorf("only %d documents were accepted: the values are too odd to show anything", accepted)
	}
}

// optionDocuments are policies in which one option has the value VALUE.
func optionDocuments() []string {
	const (
		root  = "version: 1\n"
		route = root + "routes: [{path: /a, "
	)
	var documents []string
	add := func(before string, rows []row, after string, except ...string) {
		for _, r := range rows {
			if !slices.Contains(except, r.name) {
				documents = append(documents, before+r.name+": VALUE"+after)
			}
		}
	}
	documents = append(documents, "version: VALUE", root+"routes: [{path: VALUE}]")
	add(root, rows(configOptions), "", "version", "preset")
	add(root+"defaults: {", rows(defaultOptions()), "}")
	add(root+"admin: {", rows(adminOptions), "}")
	add(root+"metrics: {", rows(metricsOptions), "}")
	add(root+"cache: {", rows(cacheOptions), "}")
	add(root+"cache: {shared: {redis: \"redis://a\", ", rows(sharedOptions), "}}", "redis")
	add(root+"cache: {shared: {", rows(sharedOptions)[:1], "}}")
	add(root+"cache: {shared: {redis: \"redis://a\", tls: {", rows(sharedTLSOptions), "}}}")
	add(root+"origin: {", rows(originOptions), "}")
	add(root+"origins: {a: {timeouts: {", rows(timeoutOptions), "}}}")
	add(root+"origins: {a: {health: {path: /, ", rows(healthOptions), "}}}", "path")
	add(root+"origins: {a: {health: {", rows(healthOptions)[:1], "}}}")
	add(root+"origins: {a: {tls: {", rows(originTLSOptions), "}}}")
	add(root+"origins: {a: {eject: {", rows(ejectOptions), "}}}")
	add(root+"origins: {a: {breaker: {", rows(breakerOptions), "}}}")
	add(route, rows(routeOptions), "}]", "path")
	add(route+"cors: {origins: [a], ", rows(corsOptions), "}}]", "origins")
	add(route+"cors: {", rows(corsOptions)[:1], "}}]")
	add(route+"request: {", rows(fieldRuleOptions), "}}]")
	add(route+"key: {", rows(keyOptions), "}}]")
	add(route+"dynamic_on: {", rows(dynamicOptions), "}}]")
	add(route+"withhold: [tracking, {", rows(withholdOptions), "}]}]")
	return documents
}

// valuesOfAllSorts are values that some option takes and most do not.
var valuesOfAllSorts = []string{
	"1", "0", "-1", "1.5", "0.05", "99999", "true", "false", "null", `""`, "x", `"5"`, "/a", "a/b", `"a b"`, `"x:y"`,
	"5m", "1h30m", "1.5d", "5min", "forever", "5%", "150%", "512MiB", "512M", "1.5kB",
	"none", "tracking", "origin", `"*"`, "auto", "keep", "strip", "https", "pass", "stdout", "GET", "get",
	"[]", "{}", "[a]", "[a, a]", "[5]", "[null]", "[[]]", "[{}]", "[GET]", "[TRACE]", "[tracking]", "[tracking, tracking]",
	"[tracking, {query: [a]}]", "[{id: a}]", "[{path: /a}]", "[{a: [b]}]", "[{a: [b, b]}]", "[{a: \"*\"}]",
	"{a: b}", "{a: [b]}", "{a: []}", "{a: 5}", "{a: }", "{a: \"*\"}", "{\"a b\": c}", "{POST: [a]}", "{CONNECT: [a]}", "{404: 5m}", "{404: x}", "{600: 5m}",
	"{a: {url: \"http://a\"}}", "{query: [a]}", "{query: []}", "{listen: \":1\"}", "{url: \"http://a\"}",
	"{connect: 5s}", "{set: {a: b}}", "{origins: [\"*\"]}", "{memory: 5}", "{stale: 5}", "{x: y, x: z}",
}
