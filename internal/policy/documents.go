package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
)

// maxDocument bounds the body of an answer of edge's own: it is held in memory,
// and is no place for downloads.
const maxDocument = 1 << 20

// documents are the files that answers of edge's own are made of, by their names
// as they are written.
type documents map[string][]byte

// readDocuments reads all files that c names as documents, and makes their text
// a part of the hash of c.
func readDocuments(src *Source, c *Config) (documents, Problems) {
	r := documentReader{src: src, found: documents{}, hash: c.Hash}
	r.route(&c.Defaults)
	for i := range c.Routes {
		r.route(&c.Routes[i])
	}
	c.Hash = r.hash
	return r.found, r.problems
}

type documentReader struct {
	src      *Source
	found    documents
	problems Problems
	hash     string
}

// route reads the documents of one route, or of defaults.
func (r *documentReader) route(conf *RouteConf) {
	if conf.Respond != nil && conf.Respond.File != "" {
		r.read(conf.Respond.File, placeOf(conf.Places, "respond.file"))
	}
	for _, page := range conf.ErrorPages {
		r.read(page.File, placeOf(conf.Places, "error_pages."+page.Status))
	}
}

// read reads a file, once if it can be read. A name that is not absolute is
// looked for beside the policy file, wherever it is written.
func (r *documentReader) read(name string, at Place) {
	if _, known := r.found[name]; known {
		return
	}
	text, err := r.src.Read(beside(r.src.Name, name))
	if err != nil {
		problem := problemAt(at, fmt.Sprintf("cannot read %s: %v", name, cause(err)),
			"files are looked for in the directory of "+r.src.Name)
		problem.Err = err
		r.problems = append(r.problems, problem)
		return
	}
	if len(text) > maxDocument {
		r.problems = append(r.problems, problemAt(at,
			fmt.Sprintf("%s has more than %s", name, formatSize(maxDocument)), "let an origin serve what is large"))
		return
	}
	r.found[name] = text
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d:%s %s", r.hash, len(name), name, text))
	r.hash = hex.EncodeToString(sum[:])
}

// beside is the name of a file that a policy names: relative to the policy's own.
func beside(policy, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(policy), name)
}
