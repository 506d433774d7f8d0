//go:build nextapp

package nextapp

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// site is the application with edge in front.
type site struct {
	// seen is what edge asked it.
	seen *harness.Recorder
	edge *harness.Edge
	*harness.Client
}

// start runs "next start" and edge. Each test has its own, because Next.js
// keeps what it generated on disk.
func start(t *testing.T) *site {
	t.Helper()
	return startWith(t, "edge.yaml", startNext(t, "EDGE_URL="))
}

// startWith runs edge with a policy in front of an application.
func startWith(t *testing.T, policy, next string) *site {
	t.Helper()
	seen := harness.RunRecorder(t, next)
	edge := harness.Run(t, harness.Options{Args: []string{"-c", policy}, Env: []string{"ORIGIN=" + seen.URL}})
	return &site{seen, edge, harness.NewClient()}
}

// startNext runs "next start" on a copy of the build, on a port of the system's
// choice, and returns its URL.
func startNext(t *testing.T, env ...string) string {
	t.Helper()
	return startNextIn(t, copyBuild(t), env...)
}

// startNextIn runs "next start" in a directory that has a build.
func startNextIn(t *testing.T, dir string, env ...string) string {
	t.Helper()
	cmd := next(t, dir, "start", "-H", "127.0.0.1", "-p", "0")
	cmd.Env = append(cmd.Env, env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; install Node.js with .ci/install", err)
	}
	lines := make(chan string)
	go func() { // ends when the process does
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		for range lines {
		}
		cmd.Wait()
		if t.Failed() {
			t.Logf("next said:\n%s", stderr.Bytes())
		}
	})
	return ready(t, lines)
}

// next is a command of Next.js, of the version of this application.
func next(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("node_modules", "next", "dist", "bin", "next"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", append([]string{program}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1", "NODE_ENV=production")
	return cmd
}

var local = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// ready reads what "next start" prints until it is ready, and returns the URL
// among it.
func ready(t *testing.T, lines <-chan string) (url string) {
	t.Helper()
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatal("next start has ended; build the application with make nextapp")
			}
			if at := local.FindString(line); at != "" {
				url = at
			}
			if url != "" && bytes.Contains([]byte(line), []byte("Ready")) {
				go func() { // ends with the process; its output must not fill the pipe
					for range lines {
					}
				}()
				return url
			}
		case <-timeout:
			t.Fatal("next start is not ready after two minutes")
		}
	}
}

// copyBuild copies what "next start" reads to a directory of the test's own.
func copyBuild(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"package.json", "next.config.ts", "tsconfig.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, ".next"), os.DirFS(".next")); err != nil {
		t.Fatalf("%v; build the application with make nextapp", err)
	}
	if err := os.CopyFS(filepath.Join(dir, "public"), os.DirFS("public")); err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}
