//go:build checker

package race

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"edge/e2e/harness"
)

// fleet is three edges that share a redis-server, each over a line of its own, in
// front of an origin that counts.
type fleet struct {
	t      *testing.T // ends last: what is started later ends with it
	origin *counting
	redis  *harness.Redis
	lines  [nodes]*harness.Relay
	edges  [nodes]*harness.Edge
	source string // the policy as it stands here
	policy string // the file that all run
	began  time.Time
}

// runFleet runs three nodes with the policy in a file of this directory.
func runFleet(t *testing.T, policy string) *fleet {
	f := &fleet{t: t, origin: runCounting(t), redis: harness.RunRedis(t), source: policy, policy: filepath.Join(t.TempDir(), "edge.yaml"), began: time.Now()}
	f.write(t, "1s")
	for i := range f.edges {
		f.lines[i] = harness.RunRelay(t, f.redis.Addr)
		f.edges[i] = harness.Run(t, harness.Options{
			Args: []string{"-c", f.policy},
			Env:  []string{"ORIGIN=" + f.origin.URL, "REDIS=redis://" + f.lines[i].Addr, fmt.Sprintf("NODE=%c", 'a'+rune(i))},
		})
	}
	return f
}

// write writes the policy, with a lifetime for what has a short one.
func (f *fleet) write(t *testing.T, short string) {
	text, err := os.ReadFile(f.source)
	if err == nil {
		text = bytes.ReplaceAll(text, []byte("revalidate: 1s"), []byte("revalidate: "+short))
		err = os.WriteFile(f.policy+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(f.policy+".new", f.policy)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// clock is the time of the history.
func (f *fleet) clock() time.Duration { return time.Since(f.began) }

// post purges on a node; selector is the inside of a JSON object.
func (f *fleet) post(c *harness.Client, node int, selector string, wait reach) (reached reach, err error) {
	body := fmt.Sprintf(`{%s,"wait":"%s"}`, selector, wait)
	req, err := harness.NewRequest(http.MethodPost, f.edges[node].AdminURL("/v1/purge"), body, "content-type: application/json")
	if err != nil {
		return 0, err
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	var a struct{ Reached string }
	if res.Status != http.StatusOK && res.Status != http.StatusAccepted {
		err = fmt.Errorf("purge %s: %d %s", body, res.Status, res.Body)
	} else {
		err = json.Unmarshal([]byte(res.Body), &a)
	}
	switch a.Reached {
	case "accepted":
		reached = accepted
	case "fleet":
		reached = everywhere
	}
	return reached, err
}

// state is what a node says of its place in the fleet.
type state struct {
	Connected      bool
	SilenceSeconds float64 `json:"silence_seconds"`
	Epoch          string
	Members        []string
}

func (f *fleet) state(c *harness.Client, node int) (state, error) {
	var status struct{ Fleet state }
	req, err := harness.NewRequest(http.MethodGet, f.edges[node].AdminURL("/v1/status"), "")
	if err != nil {
		return state{}, err
	}
	res, err := c.Do(req)
	if err == nil {
		err = json.Unmarshal([]byte(res.Body), &status)
	}
	return status.Fleet, err
}

// await waits until every node follows the log and knows of the others.
func (f *fleet) await(t *testing.T) {
	t.Helper()
	c := harness.NewClient()
	defer c.Close()
	for i := range f.edges {
		harness.Await(t, fmt.Sprintf("node %c is part of the fleet", 'a'+rune(i)), func() bool {
			s, err := f.state(c, i)
			return err == nil && s.Connected && s.SilenceSeconds < 1 && len(s.Members) == nodes-1
		})
	}
}

// heal waits until every node has everything in force that any has acknowledged.
func (f *fleet) heal(t *testing.T, h *history) {
	t.Helper()
	f.await(t)
	c := harness.NewClient()
	defer c.Close()
	start := f.clock()
	for i := range f.edges {
		harness.Await(t, fmt.Sprintf("what node %c has purged is everywhere", 'a'+rune(i)), func() bool {
			reached, err := f.post(c, i, `"tags":["barrier"]`, everywhere)
			return err == nil && reached == everywhere
		})
	}
	h.barrier(barrier{start, f.clock()})
}
