package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// module is the path of the main module.
const module = "edge"

// goPackage is what these tests need of "go list -json".
type goPackage struct {
	ImportPath, Dir, Doc, Name         string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

// name is the package's path within the module.
func (p goPackage) name() string {
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

// list returns all packages of the module. It looks at their files itself, so
// that the go command knows of them and does not reuse a result from before
// they changed.
func list(t *testing.T) []goPackage {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(output(t, "go", "list", "-tags", "conformance,nextapp,soak", "-json", "./...")))
	var packages []goPackage
	for {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, p)
		for _, file := range append(p.GoFiles, ".") {
			if _, err := os.Stat(filepath.Join(p.Dir, file)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// command makes a command that runs in the root of the repository.
func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	return cmd
}

// output runs a command and returns what it prints.
func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// root is the root of the repository, from here.
var root = filepath.Join("..", "..")
