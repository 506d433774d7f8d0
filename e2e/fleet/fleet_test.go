package fleet

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"edge/e2e/harness"
)

// These tests wait more than they work: several may run at once.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// versioned is an origin whose every answer is its version.
type versioned struct {
	*harness.Origin
	version atomic.Int64
	// fields are sent with every answer.
	fields []string
}

func runVersioned(t *testing.T, fields ...string) *versioned {
	t.Helper()
	o := &versioned{fields: fields}
	o.version.Store(1)
	o.Origin = harness.RunOrigin(t, func(harness.Request) harness.Answer {
		return harness.Answer{Body: fmt.Sprintf("v%d", o.version.Load()), Header: o.fields}
	})
	return o
}

// asked is how often the origin was.
func (o *versioned) asked() int { return len(o.Requests()) }

// node is one edge of a fleet.
type node struct {
	*harness.Edge
	name   string
	client *harness.Client
}

// run starts an edge that shares the server at url. env is "NAME=value".
func run(t *testing.T, name string, origin *versioned, url string, env ...string) *node {
	t.Helper()
	env = append([]string{"ORIGIN=" + origin.URL, "REDIS=" + url, "NODE=" + name}, env...)
	return &node{harness.Run(t, harness.Options{Args: []string{"-c", "edge.yaml"}, Env: env}), name, harness.NewClient()}
}

func (n *node) get(t *testing.T, path string) harness.Response {
	t.Helper()
	res := n.client.Get(t, n.URL(path), "host: www.example.com")
	if res.Status != http.StatusOK {
		t.Errorf("%s: GET %s: status %d: %s", n.name, path, res.Status, res.Body)
	}
	return res
}

// want fails t unless n answers with body and its member of Cache-Status begins
// with status.
func (n *node) want(t *testing.T, path, body, status string) {
	t.Helper()
	res := n.get(t, path)
	if got := res.Header.Get("Cache-Status"); res.Body != body || !strings.HasPrefix(got, "edge; "+status) {
		t.Errorf("%s: GET %s: %q, %s; want %q, %s", n.name, path, res.Body, got, body, status)
	}
}

// purge asks n to purge, and returns the status and the answer.
func (n *node) purge(t *testing.T, body string) (status int, a purged) {
	t.Helper()
	res := n.client.Send(t, http.MethodPost, n.AdminURL("/v1/purge"), body, "content-type: application/json")
	if err := json.Unmarshal([]byte(res.Body), &a); err != nil {
		t.Fatalf("%s: purge %s: %d %s", n.name, body, res.Status, res.Body)
	}
	return res.Status, a
}

type purged struct {
	Objects  int
	Reached  string
	Laggards []string
}

// connected waits until the nodes follow the log and know of each other.
func connected(t *testing.T, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		harness.Await(t, n.name+" is part of the fleet", func() bool {
			m, err := n.Metrics()
			return err == nil && m.Sum("edge_fleet_connected") == 1 && m.Sum("edge_fleet_members") == float64(len(nodes)-1)
		})
	}
}

// command runs a command of the binary and returns its exit status and output.
func command(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	var o, e strings.Builder
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}
