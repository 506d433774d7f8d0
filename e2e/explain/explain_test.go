package explain

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"edge/e2e/harness"
)

var rounds = flag.Int("rounds", 1000, "how many requests to generate")

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// explanation is what this test reads of edge's.
type explanation struct {
	Course, Reason, Location, Allow string
	Status                          int
	Route                           struct{ Mode string }
	Key                             *struct {
		Fingerprint, URL string
		Fields           []field
	}
	Origin *struct {
		Target string
		Fields []field
	}
	// refused is the status of a request that is refused before any policy is
	// asked; 0 for others.
	refused int
}

type field struct{ Name, Value string }

// object names what requests with this explanation share.
func (e *explanation) object() string {
	return fmt.Sprint(e.Key.Fingerprint, e.Key.URL, e.Key.Fields)
}

// world is edge with an origin, and what the test knows to be stored.
type world struct {
	edge     *harness.Edge
	origin   *harness.Origin
	client   *harness.Client
	stored   map[string]bool // by object
	coverage map[string]int
}

func TestExplainAgreesWithTheProxy(t *testing.T) {
	origin := harness.RunOrigin(t, func(harness.Request) harness.Answer {
		return harness.Answer{Header: []string{"Cache-Control: max-age=3600"}, Body: "answer"}
	})
	w := &world{
		edge:     harness.Run(t, harness.Options{Args: []string{"-c", "edge.yaml"}, Env: []string{"ORIGIN=" + origin.URL}}),
		origin:   origin,
		client:   harness.NewClient(),
		stored:   make(map[string]bool),
		coverage: make(map[string]int),
	}
	random := rand.New(rand.NewPCG(3, 4))
	var s sample
	for range *rounds {
		if random.IntN(3) > 0 { // else the same again: it may be a hit now
			s = generate(random)
		}
		if err := w.check(t, s); err != nil {
			t.Errorf("%q %s %s %q: %v", s.method, s.host, s.target, s.header, err)
		}
		if t.Failed() {
			return // what is stored is no longer known
		}
	}
	w.report(t)
}

// check explains s, sends it, and compares.
func (w *world) check(t *testing.T, s sample) error {
	e, err := w.explain(s)
	if err != nil {
		return err
	}
	w.origin.Forget()
	res, err := harness.Raw(w.edge.Listen, s.raw())
	if err != nil {
		return err
	}
	harness.Await(t, "no fetch is under way", w.edge.Idle)
	asked := w.origin.Requests()
	class, err := w.compare(s, e, res, asked)
	w.coverage[class]++
	if err != nil {
		return fmt.Errorf("%w\nexplained: %+v\nanswered: %d %v\nthe origin saw: %+v", err, e, res.Status, res.Header, asked)
	}
	return nil
}

var refusal = regexp.MustCompile(`edge refuses this request with (\d{3})`)

func (w *world) explain(s sample) (*explanation, error) {
	body, err := json.Marshal(map[string]any{"method": s.method, "url": "http://" + s.host + s.target, "headers": append([]string{}, s.header...)})
	if err != nil {
		return nil, err
	}
	req, err := harness.NewRequest(http.MethodPost, w.edge.AdminURL("/v1/explain"), string(body), "content-type: application/json")
	if err != nil {
		return nil, err
	}
	res, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	if m := refusal.FindStringSubmatch(res.Body); m != nil && res.Status == http.StatusBadRequest {
		status, err := strconv.Atoi(m[1])
		return &explanation{refused: status}, err
	}
	if res.Status != http.StatusOK {
		return nil, fmt.Errorf("explain: status %d: %s", res.Status, res.Body)
	}
	var answer struct{ Decision explanation }
	err = json.Unmarshal([]byte(res.Body), &answer)
	return &answer.Decision, err
}

// compare returns the class of a request for the coverage, and how edge did
// something else than it said.
func (w *world) compare(s sample, e *explanation, res harness.Response, asked []harness.Request) (string, error) {
	cacheStatus := res.Header.Get("Cache-Status")
	hit := strings.Contains(cacheStatus, "; hit")
	switch {
	case e.refused != 0:
		return "fault", differ(res.Status == e.refused && len(asked) == 0, "status %d, nothing forwarded", e.refused)
	case e.Course == "refuse":
		return "refuse", differ(res.Status == e.Status && len(asked) == 0 && strings.Contains(cacheStatus, "detail="+e.Reason),
			"status %d with detail=%s, nothing forwarded", e.Status, e.Reason)
	case e.Course == "answer":
		return "answer", differ(res.Status == e.Status && len(asked) == 0 && res.Header.Get("Location") == e.Location &&
			(e.Allow == "" || res.Header.Get("Allow") == e.Allow), "status %d by edge, with its fields", e.Status)
	case e.Course == "pass":
		if s.method != http.MethodGet && s.method != http.MethodHead {
			clear(w.stored) // it may have invalidated something
			if err := w.edge.Purge(`{"all":true}`); err != nil {
				return "pass", err
			}
		}
		return "pass", differ(!hit && !strings.Contains(cacheStatus, "; stored") && len(asked) == 1 && sent(asked[0], e), "a pass of %s", e.Origin.Target)
	case e.Course == "lookup" && w.stored[e.object()]:
		return "hit", differ(hit && len(asked) == 0, "a hit: another request with this key was stored")
	case e.Course == "lookup":
		w.stored[e.object()] = strings.Contains(cacheStatus, "; stored")
		return "miss", differ(!hit && len(asked) == 1 && sent(asked[0], e), "a fetch of %s: nothing is stored under the key", e.Origin.Target)
	}
	return "unknown", fmt.Errorf("unknown course %q", e.Course)
}

func differ(agree bool, format string, args ...any) error {
	if agree {
		return nil
	}
	return fmt.Errorf("explained as "+format, args...)
}

// sent reports whether a request that the origin saw is the one that e
// announced.
func sent(r harness.Request, e *explanation) bool {
	if r.Method+" "+r.Target != e.Origin.Target {
		return false
	}
	for _, f := range e.Origin.Fields {
		if r.Header.Get(f.Name) != f.Value {
			return false
		}
	}
	return true
}

// classes are what generated requests must cover, each by at least one in
// twenty.
var classes = []string{"fault", "refuse", "answer", "pass", "hit", "miss"}

func (w *world) report(t *testing.T) {
	for _, class := range classes {
		share := float64(w.coverage[class]) / float64(*rounds)
		t.Logf("%-7s %5d (%.1f %%)", class, w.coverage[class], 100*share)
		if share < 0.05 {
			t.Errorf("%s is covered by %.1f %% of the requests, want at least 5 %%", class, 100*share)
		}
	}
}
