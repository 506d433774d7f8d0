// Command mutants breaks edge on purpose and checks that the tests notice.
//
// Every *.patch beside this file is one break: a unified diff that begins with
// one or more lines
//
//	# caught by: go test ./internal/x -run TestY
//	# caught by: node --test --test-name-pattern=y x.test.js
//
// Each command must pass before the break and fail after it. A patch that no
// longer applies, or no longer compiles, fails too: it proves nothing any more.
// The patches are applied to a copy of the tree, never to the tree.
//
//	go run ./e2e/mutants [NAME ...]
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	mutants, err := load(filepath.Join("e2e", "mutants"), names)
	if err != nil {
		return err
	}
	work := filepath.Join(".cache", "mutants")
	held, err := lock(work)
	if err != nil {
		return err
	}
	defer held.Close()
	tree, err := copyTree(filepath.Join(work, "tree"))
	if err != nil {
		return err
	}
	survivors := 0
	for _, m := range mutants {
		began := time.Now()
		verdict := "ok  "
		err := m.check(tree)
		if err != nil {
			verdict = "FAIL"
			survivors++
		}
		fmt.Printf("%s\tmutant/%s\t%.1fs\n", verdict, m.name, time.Since(began).Seconds())
		if err != nil {
			fmt.Println(err)
		}
	}
	if survivors > 0 {
		return fmt.Errorf("%d of %d mutants were not caught", survivors, len(mutants))
	}
	fmt.Printf("%d passed, 0 failed\n", len(mutants))
	return nil
}

// mutant is one break and the commands that must catch it.
type mutant struct {
	name, path string
	catchers   [][]string
}

// load reads the patches of dir; names, when given, choose among them.
func load(dir string, names []string) ([]mutant, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, err
	}
	var mutants []mutant
	for _, path := range paths {
		m := mutant{name: strings.TrimSuffix(filepath.Base(path), ".patch")}
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		if m.path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		if m.catchers, err = catchers(path); err != nil {
			return nil, err
		}
		mutants = append(mutants, m)
	}
	if len(mutants) == 0 {
		return nil, errors.New("there are no such patches: run from the root of the repository")
	}
	return mutants, nil
}

// runners are the commands that a patch may name: tests, and nothing else.
var runners = [][]string{{"go", "test"}, {"node", "--test"}}

// catchers reads the commands at the head of a patch.
func catchers(path string) (commands [][]string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(line, "# caught by: ")
		if !ok {
			break
		}
		args := strings.Fields(command)
		named := func(runner []string) bool { return len(args) > len(runner) && slices.Equal(args[:len(runner)], runner) }
		if !slices.ContainsFunc(runners, named) {
			return nil, fmt.Errorf("%s: %q is neither a go test command nor a node --test command", path, strings.TrimSpace(command))
		}
		commands = append(commands, args)
	}
	if len(commands) == 0 {
		return nil, fmt.Errorf("%s: the first line is not \"# caught by: go test …\" or \"# caught by: node --test …\"", path)
	}
	return commands, nil
}

// check applies the mutant to tree, runs its catchers before and after, and
// takes it back.
func (m mutant) check(tree string) (err error) {
	for _, args := range m.catchers {
		if out, err := command(tree, args...); err != nil {
			return fmt.Errorf("%s fails before anything is broken:\n%s", strings.Join(args, " "), out)
		} else if bytes.Contains(out, []byte("no tests to run")) || bytes.Contains(out, []byte(" pass 0\n")) {
			return fmt.Errorf("%s runs no test", strings.Join(args, " "))
		}
	}
	if out, err := command(tree, "git", "apply", "-C1", m.path); err != nil {
		return fmt.Errorf("the patch does not apply; make it anew:\n%s", out)
	}
	defer func() {
		if out, undo := command(tree, "git", "apply", "-C1", "-R", m.path); undo != nil {
			err = errors.Join(err, fmt.Errorf("take the patch back: %w\n%s", undo, out))
		}
	}()
	if out, err := m.compile(tree); err != nil {
		return fmt.Errorf("the mutant does not compile:\n%s", out)
	}
	for _, args := range m.catchers {
		out, err := command(tree, args...)
		switch {
		case err == nil:
			return fmt.Errorf("%s does not notice", strings.Join(args, " "))
		case bytes.Contains(out, []byte("[build failed]")):
			return fmt.Errorf("the mutant does not compile with its tests:\n%s", out)
		}
	}
	return nil
}

// compile says whether what the mutant breaks is a program still: a test also fails when
// what it runs is none.
func (m mutant) compile(tree string) ([]byte, error) {
	scripts, err := m.scripts()
	if err != nil {
		return nil, err
	}
	if len(scripts) == 0 {
		return command(tree, "go", "build", "./...")
	}
	for _, script := range scripts {
		if out, err := command(tree, "node", "--check", script); err != nil {
			return out, err
		}
	}
	return nil, nil
}

// scripts returns the files that the mutant changes and that are for Node.js.
func (m mutant) scripts() (scripts []string, err error) {
	text, err := os.ReadFile(m.path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "+++ b/"); ok && strings.HasSuffix(name, ".js") {
			scripts = append(scripts, name)
		}
	}
	return scripts, nil
}

// command runs in tree, where git takes the tree for no repository.
func command(tree string, args ...string) ([]byte, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(tree))
	return cmd.CombinedOutput()
}
