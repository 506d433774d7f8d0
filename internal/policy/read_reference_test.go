package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const referenceFile = "../../docs/policy-reference.md"

// TestGeneratedReference compares docs/policy-reference.md with the tables it
// is made of.
func TestGeneratedReference(t *testing.T) {
	want := policyReference()
	if *update {
		if err := os.WriteFile(referenceFile, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatalf("%v; run make docs", err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("%s is not what the options say; run make docs (-file +options):\n%s", referenceFile, diff)
	}
}

// policyReference is the reference manual: what all options have in common, and
// a table for each mapping.
func policyReference() string {
	var b strings.Builder
	b.WriteString(referencePreface)
	b.WriteString(referenceModes)
	for _, s := range sections() {
		fmt.Fprintf(&b, "\n## Options of %s\n\n", s.where)
		b.WriteString("| option | how to write it | default | meaning |\n|---|---|---|---|\n")
		for _, r := range s.rows {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.name, howToWrite(r), code(r.preset), cell(meaning(r)))
		}
	}
	return b.String()
}

func howToWrite(r row) string {
	switch {
	case r.write == "":
		return cell(r.wants)
	case r.wants == r.write:
		return code(r.write)
	}
	return cell(r.wants) + ": " + code(r.write)
}

func meaning(r row) string {
	doc := r.doc
	if r.required {
		doc = "Required. " + doc
	}
	if r.inherited {
		doc += " May stand in `defaults`."
	}
	return doc
}

// code is text as code in a cell of a table; nothing stays nothing.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + cell(text) + "`"
}

// cell escapes what would end the cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

const referencePreface = "<!-- Made from the tables in internal/policy/options.go; write it anew with make docs. -->\n" + `
# Policy reference

Every option of the policy file. [config.example.yaml](../config.example.yaml) shows each of them once;
` + "`edge validate`" + ` checks a file, ` + "`edge validate --print`" + ` shows what edge made of it, and ` + "`edge schema`" + `
prints the JSON Schema for editors.

**Strict.** An option that edge does not know, a value of another type, a key written twice, an empty
value where one is meant: each is an error with its place, and all errors are reported at once. Anchors,
aliases, merge keys and tags of YAML are refused; a file is one document of at most 4 MiB. A file
that ends with the line ` + "`...`" + ` is only ever replaced by one that does so too: a reload
that sees half of a new file is refused.

**Variables.** ` + "`${VAR}`, `${VAR:-default}` and `${VAR:?message}`" + ` are replaced in every scalar, after the
file was parsed: what a variable holds is never read as YAML. ` + "`$$`" + ` is a dollar sign. Between
braces or brackets such a value needs quotes. Keys are not expanded.

**Durations** are written ` + "`60s`, `5m`, `1h30m`, `1d`, `1w`" + `; a plain number is seconds. ` + "`forever`" + ` does not end.
` + "`false` is `forever` in `revalidate` and 0 everywhere else. **Sizes** are `512MiB`, `1GB`" + ` or a plain number of
bytes. **Shares** are ` + "`5%` or `0.05`" + `.

**Layers.** The routes of this file go before those of ` + "`include`" + `, and those before a preset's. The same path (with
the same hosts) in a higher layer replaces the whole route; nothing is merged. Two routes of one layer
on one path are an error. An included file is a list of routes, or a mapping with ` + "`routes:`" + ` and nothing
else. Options that a route does not write come from ` + "`defaults`" + `, where they apply to its mode.

**Names of request data** (` + "`key`, `dynamic_on`, `withhold`" + `). In ` + "`key`" + `, each kind is a list of names:

` + "```yaml" + `
key:
  query: [q, page]                              # these parameters
  headers: [{accept: [text/html, text/plain]}]  # one of these values; others count as absent
  cookies: [session, {theme: [light, dark]}]    # both
key: {query: "*", cookies: {theme: [light, dark]}}   # all parameters; closed values alone
` + "```" + `

` + "`\"*\"` is all of a kind. In `dynamic_on` and `withhold` an item may also be a glob (`wp_*`) or `name=value`." + `
` + "`dynamic_on: none` says that no data makes a request dynamic. `withhold: tracking`" + ` is the built-in list;
` + "`withhold: [tracking, {query: [ref]}]`" + ` adds to it.
`

const referenceModes = `
## Modes

` + "`key`" + ` says what the answer depends on; the mode says what happens to all other data of a request.

| mode | other request data | stored |
|---|---|---|
| ` + "`force-static`" + ` | is withheld from the origin | yes, whatever the origin says of it |
| ` + "`dynamic-on-request-data`" + ` | makes the request dynamic (a pass), or is withheld | answers to requests without dynamic data, unless the origin says private or no-store or sets a cookie |
| ` + "`error`" + ` | query, Authorization and body are refused with 400, the rest is withheld | as ` + "`force-static`" + `, but an answer that shows dynamism is a 500; for staging |
| ` + "`force-dynamic`" + ` | all of it is forwarded | never |
| ` + "`auto`" + ` | all of it is forwarded; nothing is enforced | as RFC 9111 lets a shared cache |

The first three are the *enforced* modes.
`
