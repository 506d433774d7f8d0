package stories

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   ".",
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"origin": command((*story).originCmd),
			"edge":   command((*story).edgeCmd),
			"reload": command((*story).reloadCmd),
			"get":    command((*story).getCmd),
			"saw":    command((*story).sawCmd),
			"forget": command((*story).forgetCmd),
			"purge":  command((*story).purgeCmd),
			"idle":   command((*story).idleCmd),
			"metric": command((*story).metricCmd),
		},
		RequireUniqueNames: true,
	})
}

// command adapts a method to testscript. None of them can be negated: what must
// not be is said by a pattern.
func command(do func(*story, *testscript.TestScript, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("the command cannot be negated")
		}
		if err := do(ts.Value(key{}).(*story), ts, args); err != nil {
			ts.Fatalf("%v", err)
		}
	}
}

// key finds the story among the values of a testscript.
type key struct{}

func setup(env *testscript.Env) error {
	s := &story{
		answers: make(map[string]scripted),
		h1:      harness.NewClient(),
		h2:      harness.NewH2Client(),
	}
	origin, err := harness.NewOrigin(s.answer)
	if err != nil {
		return err
	}
	s.origin = origin
	env.Values[key{}] = s
	env.Defer(s.end)
	return nil
}
