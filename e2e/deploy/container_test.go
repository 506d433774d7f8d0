package deploy

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages parses a Dockerfile as docker does.
func stages(t *testing.T, text []byte) []instructions.Stage {
	t.Helper()
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range result.Warnings {
		t.Errorf("warning: %s", w.Short)
	}
	parsed, _, err := instructions.Parse(result.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestDockerfileRunsStaticAndNonRoot(t *testing.T) {
	list := stages(t, read(t, deployed("Dockerfile")))
	last := list[len(list)-1]
	if last.BaseName != "scratch" {
		t.Errorf("the last stage is from %s: a shell comes with it", last.BaseName)
	}
	var user string
	var entrypoint, command []string
	for _, c := range last.Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			entrypoint = c.CmdLine
		case *instructions.CmdCommand:
			command = c.CmdLine
		}
	}
	// Kubernetes can verify runAsNonRoot only of a number.
	if !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user) {
		t.Errorf("USER is %q, want numbers other than 0", user)
	}
	if want := []string{"/edge", "run", "-c", "/etc/edge/edge.yaml"}; !slices.Equal(append(entrypoint, command...), want) {
		t.Errorf("it runs %q %q, want %q", entrypoint, command, want)
	}
}

// What the Dockerfile builds has to run where there is no C library.
func TestBinaryIsStatic(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary asks for a dynamic loader")
		}
	}
}

// composed reads compose.yaml as docker does.
func composed(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{deployed("compose.yaml")}, cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// edges are the services of compose.yaml that are a fleet.
var edges = []string{"edge-a", "edge-b", "edge-c"}

func TestComposeFile(t *testing.T) {
	project := composed(t)
	for _, name := range append([]string{"redis", "app", "prometheus", "grafana"}, edges...) {
		service, err := project.GetService(name)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind {
				checkExists(t, volume.Source)
			}
		}
		if b := service.Build; b != nil && b.DockerfileInline != "" {
			checkCopies(t, b.Context, stages(t, []byte(b.DockerfileInline)))
		} else if b != nil {
			checkCopies(t, b.Context, stages(t, read(t, filepath.Join(b.Context, b.Dockerfile))))
		}
	}
}

// The three differ in their names and ports alone, reach the server under its name,
// and all are scraped.
func TestComposedFleet(t *testing.T) {
	project, scraped := composed(t), string(read(t, deployed("prometheus", "prometheus.yml")))
	ports := map[string]string{}
	for _, name := range edges {
		s, err := project.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Hostname != name || len(s.Ports) != 1 || ports[s.Ports[0].Published] != "" {
			t.Errorf("%s: its host is %q, its ports are %v; want its name, and one that nobody else has", name, s.Hostname, s.Ports)
		} else {
			ports[s.Ports[0].Published] = name
		}
		if url := s.Environment["REDIS"]; url == nil || *url != "redis://redis:6379" || !slices.Contains(s.GetDependencies(), "redis") {
			t.Errorf("%s does not reach the service redis: %v", name, url)
		}
		if !strings.Contains(scraped, `"`+name+`:9091"`) {
			t.Errorf("prometheus.yml does not scrape %s", name)
		}
	}
	redis, err := project.GetService("redis")
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(redis.Command, "--maxmemory-policy"); i < 0 || !strings.HasPrefix(redis.Command[i+1], "volatile-") {
		t.Errorf("redis runs %q: it may evict the log", redis.Command)
	}
}

// checkCopies checks that what a build copies from its context is there.
func checkCopies(t *testing.T, dir string, list []instructions.Stage) {
	t.Helper()
	for _, stage := range list {
		for _, c := range stage.Commands {
			if c, ok := c.(*instructions.CopyCommand); ok && c.From == "" {
				for _, source := range c.SourcePaths {
					checkExists(t, filepath.Join(dir, source))
				}
			}
		}
	}
}

func checkExists(t *testing.T, path string) {
	t.Helper()
	if found, err := filepath.Glob(path); err != nil || len(found) == 0 {
		t.Errorf("%s is not there (%v)", path, err)
	}
}

func TestComposePolicyIsValid(t *testing.T) {
	validate(t, read(t, deployed("edge.yaml")))
}

// The options that compose.yaml gives to the server are such that there are.
func TestComposedServerStarts(t *testing.T) {
	service, err := composed(t).GetService("redis")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(service.Command[0], append(service.Command[1:], "--port", "0", "--unixsocket", filepath.Join(t.TempDir(), "s"))...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "accept connections") {
			return
		}
	}
	t.Error("it does not start")
}
