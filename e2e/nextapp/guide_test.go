//go:build nextapp

package nextapp

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"edge/e2e/harness"
)

// step is one thing that the guide tells its reader to do: write a file, or give
// a command.
type step struct {
	line       int
	file, text string
	// shown is what the command says, in this order.
	shown []string
}

var fence = regexp.MustCompile("^```(\\w*) ?(.*)$")

// guide reads docs/nextjs.md. A fence with a name is a file; one of "sh" is
// commands, one a line, behind each of which may stand "   # " and what it says.
func guide(t *testing.T, root string) (steps []step) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "nextjs.md"))
	if err != nil {
		t.Fatal(err)
	}
	language, file, body := "", "", ""
	for i, line := range strings.Split(string(text), "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case m != nil && language == "":
			language, file, body = m[1], m[2], ""
		case m != nil:
			if file != "" {
				steps = append(steps, step{line: i, file: file, text: body})
			}
			language = ""
		case language == "sh":
			command, shown, _ := strings.Cut(line, "   # ")
			steps = append(steps, step{line: i + 1, text: strings.TrimSpace(command), shown: strings.Split(strings.TrimSpace(shown), "…")})
		case language != "":
			body += line + "\n"
		}
	}
	return steps
}

// ports are those of the guide, each with a free one that no connection is given
// by chance.
func ports(t *testing.T) *strings.Replacer {
	t.Helper()
	var pairs []string
	taken := map[int]bool{}
	for _, port := range []string{"3000", "3001", "3002", "8080", "8081", "8082", "9090", "9091", "9092", "6379"} {
		for {
			n := 20000 + rand.IntN(10000)
			l, err := net.Listen("tcp", fmt.Sprint(":", n))
			if err != nil || taken[n] {
				continue
			}
			l.Close()
			taken[n] = true
			pairs = append(pairs, port, fmt.Sprint(n))
			break
		}
	}
	return strings.NewReplacer(pairs...)
}

// shell is one that goes through the whole guide, as its reader's does.
type shell struct {
	in   io.Writer
	out  *bufio.Scanner
	logs string // of what runs in the background
}

func startShell(t *testing.T, dir string, env ...string) *shell {
	t.Helper()
	cmd := exec.Command("bash")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	s := &shell{in, bufio.NewScanner(r), t.TempDir()}
	s.out.Buffer(nil, 1<<20)
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it has started, too
		cmd.Wait()
		r.Close()
		if t.Failed() {
			s.tell(t)
		}
	})
	return s
}

// tell prints what the background said.
func (s *shell) tell(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(s.logs, "*"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		t.Logf("%s:\n%.3000s", filepath.Base(file), text)
	}
}

// do gives a command and returns what it says, and its exit status.
func (s *shell) do(t *testing.T, line int, command string) (said string, status string) {
	t.Helper()
	if background, ok := strings.CutSuffix(command, "&"); ok {
		command = fmt.Sprintf("%s </dev/null >%s/line-%d 2>&1 &", background, s.logs, line)
	} else {
		command = fmt.Sprintf("{ %s\n} </dev/null 2>&1", command)
	}
	const end = "--- the command has ended with "
	if _, err := fmt.Fprintf(s.in, "%s\nended=$?; echo; echo '%s'$ended\n", command, end); err != nil {
		t.Fatal(err)
	}
	for s.out.Scan() {
		if status, ok := strings.CutPrefix(s.out.Text(), end); ok {
			return said, status
		}
		said += s.out.Text() + "\n"
	}
	t.Fatalf("docs/nextjs.md:%d: %s: the shell has ended: %s", line, command, said)
	return "", ""
}

// shows reports whether all of parts are in said, one after the other.
func shows(said string, parts []string) bool {
	for _, part := range parts {
		_, rest, ok := strings.Cut(said, part)
		if !ok {
			return false
		}
		said = rest
	}
	return true
}

// Every command of docs/nextjs.md works, in its order, with its files, and says
// what stands behind it. Only the ports are others.
func TestTheGuide(t *testing.T) {
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(root, filepath.Join(dir, "edge")); err != nil {
		t.Fatal(err)
	}
	free := ports(t)
	sh := startShell(t, dir, "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "NEXT_TELEMETRY_DISABLED=1",
		"npm_config_yes=true", // npx asks whether it may install
		"npm_config_audit=false", "npm_config_fund=false",
		free.Replace("EDGE_ADMIN=http://127.0.0.1:9090"))
	for _, s := range guide(t, root) {
		if s.file != "" {
			name := filepath.Join(dir, "shop", s.file)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(free.Replace(s.text)), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		command := free.Replace(s.text)
		said, status := "", ""
		// What was started a line above listens in a moment, on a busy machine in a
		// minute, and what a revalidation does comes behind its answer.
		for range 4 {
			if harness.Eventually(func() bool {
				said, status = sh.do(t, s.line, command)
				return status == "0" && shows(said, s.shown) || !strings.HasPrefix(command, "curl")
			}) {
				break
			}
		}
		if status != "0" || !shows(said, s.shown) {
			t.Fatalf("docs/nextjs.md:%d: %s\nends with %s and says\n%s\nwant %q", s.line, command, status, said, s.shown)
		}
	}
}
