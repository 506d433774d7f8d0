package harness

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Binary returns the path of the edge binary, built once per test process. The
// file stays until the system clears its temporary directory or Clean is
// called.
var Binary = sync.OnceValues(build)

// Clean removes what Binary built. TestMain calls it last.
func Clean() {
	if path, err := Binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
}

func build() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if err := watchSources(root); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "edge-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "edge")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/edge")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("build cmd/edge: %w\n%s", err, out)
	}
	return path, nil
}

// Root returns the directory of the main module.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	gomod := strings.TrimSpace(string(out))
	if filepath.Base(gomod) != "go.mod" {
		return "", fmt.Errorf("not in a module: go env GOMOD says %q", gomod)
	}
	return filepath.Dir(gomod), nil
}

// watchSources looks at every file the binary is made of, so that the go
// command knows of them: it reuses a test's result until a file changes that
// the test process itself has looked at, and it sees nothing of what the
// compiler read.
func watchSources(root string) error {
	for _, dir := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			_, err = os.Stat(path)
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			return err
		}
	}
	return nil
}
