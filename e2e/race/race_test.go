package race

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// heldOrigin answers v1, v2, … – the version at the moment the request came –
// and holds an answer while it is told to.
type heldOrigin struct {
	*harness.Origin

	mu      sync.Mutex // guards what follows
	version int
	gate    chan struct{} // closed to let answers go; nil: they are not held
	asked   int
}

func (o *heldOrigin) answer(r harness.Request) harness.Answer {
	o.mu.Lock()
	o.asked++
	version, gate := o.version, o.gate
	o.mu.Unlock()
	if gate != nil {
		<-gate
	}
	a := harness.Answer{Body: fmt.Sprintf("v%d", version)}
	if strings.HasPrefix(r.Target, "/stale/") {
		a.Header = []string{"Cache-Control: max-age=60", "Age: 70"}
	}
	return a
}

// hold keeps answers back from now on, and returns what lets them go.
func (o *heldOrigin) hold() (release func()) {
	gate := make(chan struct{})
	o.mu.Lock()
	o.gate = gate
	o.mu.Unlock()
	return func() {
		o.mu.Lock()
		o.gate = nil
		o.mu.Unlock()
		close(gate)
	}
}

// change makes what the origin said before out of date.
func (o *heldOrigin) change() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.version++
}

func (o *heldOrigin) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// world is edge in front of a heldOrigin.
type world struct {
	origin *heldOrigin
	edge   *harness.Edge
	client *harness.Client
}

func start(t *testing.T) *world {
	t.Helper()
	origin := &heldOrigin{version: 1}
	origin.Origin = harness.RunOrigin(t, origin.answer)
	edge := harness.Run(t, harness.Options{Args: []string{"-c", "edge.yaml"}, Env: []string{"ORIGIN=" + origin.URL}})
	return &world{origin, edge, harness.NewClient()}
}

func (w *world) get(t *testing.T, path string) string {
	t.Helper()
	res := w.client.Get(t, w.edge.URL(path), "host: www.example.com")
	if res.Status != http.StatusOK {
		t.Errorf("GET %s: status %d, want 200: %s", path, res.Status, res.Body)
	}
	return res.Body
}

// ask is get in the background. The channel has the body once there is one.
func (w *world) ask(t *testing.T, path string) <-chan string {
	body := make(chan string, 1)
	go func() { // ends with the answer
		req, err := harness.NewRequest(http.MethodGet, w.edge.URL(path), "", "host: www.example.com")
		if err != nil {
			t.Error(err)
		}
		res, err := w.client.Do(req)
		if err != nil {
			t.Errorf("GET %s: %v", path, err)
		}
		body <- res.Body
	}()
	return body
}

// selectors reach /posts/1 and /stale/1, each in its own way.
var selectors = []string{
	`{"tags":["posts"]}`,
	`{"tags":["post:1"]}`,
	`{"paths":["/posts/1","/stale/1"]}`,
	`{"prefixes":["/posts","/stale"]}`,
	`{"routes":["/posts/[id]","/stale/[id]"]}`,
	`{"hosts":["www.example.com"]}`,
	`{"all":true}`,
}

// The fetch began before the purge: what it brings is older than the purge,
// though it is stored after it.
func TestPurgeOvertakesFetch(t *testing.T) {
	for _, selector := range selectors {
		t.Run(selector, func(t *testing.T) {
			w := start(t)
			release := w.origin.hold()
			first := w.ask(t, "/posts/1")
			harness.Await(t, "the origin is asked", func() bool { return w.origin.count() == 1 })
			w.origin.change()
			if err := w.edge.Purge(selector); err != nil {
				t.Error(err)
			}
			release()
			<-first // v1 or v2: it was asked for before the purge
			harness.Await(t, "the fetch has ended", w.edge.Idle)
			if got := w.get(t, "/posts/1"); got != "v2" {
				t.Errorf("after the purge: %s, want v2", got)
			}
		})
	}
}

// Who asks after the purge does not get the answer of a fetch from before it.
func TestNobodyJoinsAFetchFromBeforeAPurge(t *testing.T) {
	for _, selector := range selectors {
		t.Run(selector, func(t *testing.T) {
			w := start(t)
			release := w.origin.hold()
			first := w.ask(t, "/posts/1")
			harness.Await(t, "the origin is asked", func() bool { return w.origin.count() == 1 })
			w.origin.change()
			if err := w.edge.Purge(selector); err != nil {
				t.Error(err)
			}
			second := w.ask(t, "/posts/1")
			harness.Await(t, "the origin is asked anew", func() bool { return w.origin.count() == 2 })
			release()
			<-first
			if got := <-second; got != "v2" {
				t.Errorf("asked after the purge: %s, want v2", got)
			}
		})
	}
}

// A refresh that began before a purge does not bring back what was purged.
func TestPurgeOvertakesRefresh(t *testing.T) {
	for _, selector := range selectors {
		t.Run(selector, func(t *testing.T) {
			w := start(t)
			w.get(t, "/stale/1")
			harness.Await(t, "the fetch has ended", w.edge.Idle)
			release := w.origin.hold()
			if got := w.get(t, "/stale/1"); got != "v1" {
				t.Errorf("stale: %s, want v1", got)
			}
			harness.Await(t, "the refresh is under way", func() bool { return w.origin.count() == 2 })
			w.origin.change()
			if err := w.edge.Purge(selector); err != nil {
				t.Error(err)
			}
			release()
			harness.Await(t, "the refresh has ended", w.edge.Idle)
			if got := w.get(t, "/stale/1"); got != "v2" {
				t.Errorf("after the purge: %s, want v2", got)
			}
		})
	}
}

// A herd on a cold key is one request to the origin.
func TestHerd(t *testing.T) {
	const herd = 200
	w := start(t)
	release := w.origin.hold()
	var bodies []<-chan string
	for range herd {
		bodies = append(bodies, w.ask(t, "/posts/1"))
	}
	harness.Await(t, "all have joined", func() bool {
		m, err := w.edge.Metrics()
		return err == nil && m.Sum("edge_collapsed_requests_total") == herd-1
	})
	release()
	for _, body := range bodies {
		if got := <-body; got != "v1" {
			t.Errorf("body %q, want v1", got)
		}
	}
	if got := w.origin.count(); got != 1 {
		t.Errorf("the origin was asked %d times, want once", got)
	}
}
