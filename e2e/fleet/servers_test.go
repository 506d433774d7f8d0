package fleet

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// rights are what docs/operations.md says that edge needs.
var rights = strings.Fields("~{edge}:* ~edge:* +@read +@write +info +hello +ping +client|setname")

// fleetWorks purges through two nodes that share the server at url.
func fleetWorks(t *testing.T, url string) {
	t.Helper()
	origin := runVersioned(t)
	a, b := run(t, "a", origin, url), run(t, "b", origin, url)
	connected(t, a, b)
	purgesReachAll(t, origin, a, b)
	for _, n := range []*node{a, b} {
		if out := n.Output(); strings.Contains(out, "s3cret") {
			t.Errorf("%s tells a password:\n%s", n.name, out)
		}
		if res := n.client.Get(t, n.AdminURL("/v1/status")); strings.Contains(res.Body, "s3cret") {
			t.Errorf("the status of %s tells a password:\n%s", n.name, res.Body)
		}
	}
}

// purgesReachAll purges on each node, and looks on each.
func purgesReachAll(t *testing.T, origin *versioned, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		for _, other := range nodes {
			other.get(t, "/posts/1")
		}
		want := fmt.Sprintf("v%d", origin.version.Add(1))
		if status, a := n.purge(t, `{"tags":["posts"],"wait":"fleet"}`); status != http.StatusOK {
			t.Fatalf("purge on %s: %d %+v", n.name, status, a)
		}
		for _, other := range nodes {
			if got := other.get(t, "/posts/1").Body; got != want {
				t.Errorf("purged on %s: %s says %s, want %s", n.name, other.name, got, want)
			}
		}
	}
}

func TestUserAndPassword(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	r.Must(t, append([]string{"ACL", "SETUSER", "edge", "on", ">s3cret/%"}, rights...)...)
	r.Must(t, "ACL", "SETUSER", "default", "off")
	fleetWorks(t, "redis://edge:s3cret%2F%25@"+r.Addr)
}

func TestTLSWithCertificatesOfBothSides(t *testing.T) {
	t.Parallel()
	r, c := harness.RunRedis(t), harness.NewCertificates(t)
	_, port, _ := net.SplitHostPort(harness.HoldPort(t)) // the server takes no listener, only a port
	for _, s := range [][2]string{{"tls-ca-cert-file", c.CA}, {"tls-key-file", c.Key}, {"tls-cert-file", c.Cert}} {
		r.Must(t, "CONFIG", "SET", s[0], s[1])
	}
	r.Must(t, "CONFIG", "SET", "tls-port", port)
	dir := t.TempDir()
	policy := fmt.Sprintf(`version: 1
hosts: [www.example.com]
origin: {url: "${ORIGIN}"}
drain_delay: 0
cache: {shared: {redis: "rediss://127.0.0.1:%s/0", node: "${NODE}", tls: {ca: %s, cert: %s, key: %s}}}
routes:
  - {path: "/posts/[id]", mode: force-static, tags: [posts]}
`, port, relative(t, dir, c.CA), relative(t, dir, c.Cert), relative(t, dir, c.Key))
	file := filepath.Join(dir, "edge.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	origin := runVersioned(t)
	var nodes []*node
	for _, name := range []string{"a", "b"} {
		env := []string{"ORIGIN=" + origin.URL, "NODE=" + name}
		nodes = append(nodes, &node{harness.Run(t, harness.Options{Args: []string{"-c", file}, Env: env}), name, harness.NewClient()})
	}
	connected(t, nodes...)
	purgesReachAll(t, origin, nodes...)
}

func relative(t *testing.T, dir, file string) string {
	t.Helper()
	name, err := filepath.Rel(dir, file)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestCluster(t *testing.T) {
	t.Parallel()
	servers := harness.RunCluster(t, 3)
	for _, s := range servers {
		s.Must(t, append([]string{"ACL", "SETUSER", "edge", "on", ">s3cret", "+cluster|slots", "+cluster|shards"}, rights...)...)
	}
	fleetWorks(t, "redis+cluster://edge:s3cret@"+servers[1].Addr+","+servers[2].Addr)
}

// A master dies, and the sentinels make its replica the master.
func TestSentinels(t *testing.T) {
	t.Parallel()
	master, replica := harness.RunRedis(t), harness.RunRedis(t)
	replica.ReplicateFrom(t, master)
	sentinel := harness.RunSentinel(t, "main", master)
	harness.Await(t, "the sentinel knows the replica", func() bool {
		text, err := sentinel.Do("SENTINEL", "MASTER", "main")
		return err == nil && strings.Contains(text, "num-slaves\n1\n")
	})
	origin := runVersioned(t)
	url := "redis+sentinel://" + sentinel.Addr + "/main/0"
	a, b := run(t, "a", origin, url), run(t, "b", origin, url)
	connected(t, a, b)
	purgesReachAll(t, origin, a, b)
	master.Kill()
	replica.Await(t, "replication", "role:master")
	harness.Await(t, "the nodes have found the new master", func() bool {
		for _, n := range []*node{a, b} {
			m, err := n.Metrics()
			if err != nil || m.Sum("edge_fleet_connected") != 1 || m.Sum("edge_fleet_silence_seconds") > 1 {
				return false
			}
		}
		return true
	})
	purgesReachAll(t, origin, a, b)
}
