package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"slices"
	"strings"
)

// read parses the files of src into a Config with all layers applied. It
// returns every problem of shape: syntax, unknown fields, wrong types,
// duplicates, anchors, bad durations, bad variables.
//
// Routes with problems are left out of the Config. It is nil when what is
// wrong touches all routes (their defaults, their origins): what compile would
// say of the rest would be guesswork.
func read(src Source) (*Config, Problems) {
	r := &configReader{src: src, hash: sha256.New()}
	r.decoder.sections = sections()
	c := r.main()
	return c, r.decoder.problems
}

// configReader reads the main file and what it includes.
type configReader struct {
	src     Source
	decoder decoder
	hash    hash.Hash // of the text of all files
}

// main reads the main file, then the layers below it.
func (r *configReader) main() *Config {
	root := r.file(r.src.Name, Place{File: r.src.Name}, "")
	if root == nil {
		return nil
	}
	d := &r.decoder
	if root.kind == yamlFaulty {
		return nil
	}
	if root.kind != yamlMapping {
		d.fail(root.place, `begin with "version: 1"`, "a policy must be a mapping, not %s", root.kind)
		return nil
	}
	var c Config
	var failed []string
	file := newLayer("file")
	d.layer = file
	c.Places = d.scope(root, func() { failed = options(d, root, configOptions, &c) })
	includes := r.includes(&c)
	c.Routes = stack(file, includes, r.preset(&c))
	c.Hash = hex.EncodeToString(r.hash.Sum(nil))
	if slices.ContainsFunc(failed, touchesRoutes) {
		return nil
	}
	return &c
}

// touchesRoutes reports whether a top-level option that could not be read
// changes what all routes mean.
func touchesRoutes(option string) bool {
	return slices.Contains([]string{"version", "origin", "origins", "defaults", "preset", "routes"}, option)
}

// file reads one file; at is where it is asked for.
func (r *configReader) file(name string, at Place, hint string) *yamlValue {
	text, err := r.src.Read(name)
	if err != nil {
		problem := problemAt(at, fmt.Sprintf("cannot read %s: %v", name, cause(err)), hint)
		problem.Err = err
		r.decoder.problems = append(r.decoder.problems, problem)
		return nil
	}
	r.hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text)))) // never fails
	r.hash.Write(text)
	root, problems := readYAML(name, text, r.src.Env)
	r.decoder.problems = append(r.decoder.problems, problems...)
	return root
}

// cause is what went wrong, without the name of the file.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// includes reads the files of include as one layer.
func (r *configReader) includes(c *Config) *layer {
	include := newLayer("include")
	r.decoder.layer = include
	for i, name := range c.Include {
		r.include(beside(r.src.Name, name), c.Places[fmt.Sprintf("include.%d", i)])
	}
	return include
}

// include reads one included file: a list of routes, alone or under routes.
func (r *configReader) include(name string, at Place) {
	root := r.file(name, at, "files are looked for in the directory of "+r.src.Name)
	if root == nil {
		return
	}
	d := &r.decoder
	d.scope(root, func() {
		switch root.kind {
		case yamlFaulty:
		case yamlList:
			routeList.decode(d, root)
		case yamlMapping:
			r.includedRoutes(root)
		default:
			d.fail(root.place, "write routes: and the routes below it", "an included file must be a list of routes, not %s", root.kind)
		}
	})
}

// includedRoutes reads an included file that is a mapping: of routes alone.
func (r *configReader) includedRoutes(root *yamlValue) {
	d := &r.decoder
	for _, pair := range root.pairs {
		if pair.key != "routes" {
			d.fail(pair.place, "move it to "+r.src.Name, "%q cannot stand in an included file, which holds routes and nothing else", pair.key)
			continue
		}
		d.within(pair.key, pair.value, func() { routeList.decode(d, pair.value) })
	}
	if len(root.pairs) == 0 {
		d.fail(root.place, "write routes: and the routes below it", "the file is empty")
	}
}

// EndsWithDocumentEnd reports whether the last line of a file is "...", YAML's
// mark for the end of a document. Who ends the file with it is protected from
// a reload that sees half of a new file: when the running file ends so, one
// without it must be refused as truncated.
func EndsWithDocumentEnd(text []byte) bool {
	last := strings.TrimRight(string(text[max(0, len(text)-lastLineBytes):]), " \t\r\n")
	return last == "..." || strings.HasSuffix(last, "\n...")
}

// lastLineBytes is how much of the end of a file is looked at.
const lastLineBytes = 1 << 10
