package watch

import (
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// busy runs an edge with everything that it can count something of, and sees that
// there is something to count.
func busy(t *testing.T) *harness.Edge {
	t.Helper()
	origin := harness.RunOrigin(t, func(r harness.Request) harness.Answer {
		switch r.Target {
		case "/contradicts":
			return harness.Answer{Header: []string{"Cache-Control: private", "Set-Cookie: a=b"}, Body: "hi"}
		case "/fails":
			return harness.Answer{Status: http.StatusInternalServerError}
		}
		return harness.Answer{Header: []string{"Cache-Control: max-age=60", "Age: 70"}, Body: "hi"}
	})
	files := harness.NewCertificates(t)
	e := harness.Run(t, harness.Options{Args: []string{"-c", "edge.yaml"}, OwnListen: true, Env: []string{
		"CERT=" + files.Cert, "KEY=" + files.Key, "REDIS=" + harness.RunRedis(t).URL(),
		"ORIGIN=" + strings.Replace(origin.URL, "127.0.0.1", "localhost", 1), // a name, to be looked up
	}})
	client := harness.NewClient()
	t.Cleanup(client.Close)
	// A miss, and a stale answer with a refresh behind it; the others.
	for _, path := range []string{"/stale?x=1", "/stale?x=1", "/contradicts", "/fails", "/auto"} {
		client.Get(t, e.URL(path), "Host: www.example.com", "Cookie: c=d")
		harness.Await(t, "the fetch has ended", e.Idle)
	}
	if err := e.Purge(`{"all":true}`); err != nil {
		t.Fatal(err)
	}
	for _, address := range e.Listeners { // of which one is for proxies alone
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
		}
	}
	return e
}

var (
	// selector finds our series in a query, with what they are selected by.
	selector = regexp.MustCompile(`\b(edge_[a-z_]+)(\{[^}]*\})?`)
	// label finds the names of labels in a selector.
	label = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
)

// A query for a metric or a label that edge does not export is never answered, and
// nobody notices: an alert that cannot come looks like a system that is well.
func TestQueriesFindWhatEdgeExports(t *testing.T) {
	e := busy(t)
	var left []string
	harness.Eventually(func() bool {
		m, err := e.Metrics()
		if err == nil {
			left = unanswered(t, m)
		}
		return err == nil && len(left) == 0
	})
	for _, query := range left {
		t.Errorf("edge exports nothing for %s", query)
	}
}

// unanswered are the selectors of all queries that find nothing in m.
func unanswered(t *testing.T, m harness.Metrics) (left []string) {
	t.Helper()
	queries := 0
	for _, file := range []string{"../../deploy/prometheus/alerts.yml", "../../deploy/grafana/dashboards/edge.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range selector.FindAllStringSubmatch(strings.ReplaceAll(string(text), `\"`, `"`), -1) {
			queries++
			if !exports(m, found[1], label.FindAllStringSubmatch(found[2], -1)) {
				left = append(left, found[0])
			}
		}
	}
	if queries < 40 {
		t.Errorf("%d queries were found: they are not read", queries)
	}
	return left
}

// exports reports whether m has a series of this name with all of labels, but for
// the one that Prometheus adds.
func exports(m harness.Metrics, name string, labels [][]string) bool {
	return slices.ContainsFunc(m, func(s harness.Sample) bool {
		series, _, _ := strings.Cut(s.Series, "{")
		return series == name && !slices.ContainsFunc(labels, func(l []string) bool {
			return l[1] != "job" && !strings.Contains(s.Series, l[1]+`="`)
		})
	})
}
