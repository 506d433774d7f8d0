package deploy

import (
	"bytes"
	"context"
	"debug/elf"
	"path/filepath"
	"regexp"
	"slices"
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

func TestComposeFile(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{deployed("compose.yaml")}, cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"edge", "app", "prometheus", "grafana"} {
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
