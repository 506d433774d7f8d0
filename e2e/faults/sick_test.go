package faults

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"edge/e2e/harness"
)

// states are the addresses of the origin by state, as the status tells them.
func states(t testing.TB, e *harness.Edge) map[string]int {
	t.Helper()
	res, err := harness.NewClient().Do(request(t, e.AdminURL("/v1/status")))
	if err != nil {
		t.Fatal(err)
	}
	var status struct {
		Origins []struct {
			Addresses []struct{ State string }
		}
	}
	if err := json.Unmarshal([]byte(res.Body), &status); err != nil {
		t.Fatalf("%v in %s", err, res.Body)
	}
	counts := map[string]int{}
	for _, o := range status.Origins {
		for _, a := range o.Addresses {
			counts[a.State]++
		}
	}
	return counts
}

func request(t testing.TB, url string) *http.Request {
	t.Helper()
	req, err := harness.NewRequest(http.MethodGet, url, "")
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// healthy answers /healthz by what well says, and everything else with 200. It
// counts what is no health check.
func healthy(well *atomic.Bool, asked *atomic.Int64) action {
	return func(c net.Conn, r *http.Request) bool {
		if r.URL.Path == "/healthz" {
			if !well.Load() {
				return says(reply(503, ""))(c, r)
			}
			return says(reply(200, ""))(c, r)
		}
		asked.Add(1)
		return says(reply(200, "good"))(c, r)
	}
}

// One of three addresses fails its health check: no request reaches it until it is
// well. When all fail, all are used.
func TestHealthChecks(t *testing.T) {
	var well [3]atomic.Bool
	var asked [3]atomic.Int64
	var servers []*server
	for i := range well {
		well[i].Store(i != 1)
		servers = append(servers, serve(t, healthy(&well[i], &asked[i])))
	}
	e := run(t, "origin: {urls: "+urls(servers...)+", health: {path: /healthz, interval: 50ms, unhealthy: 2}, slow_start: 0}"+routes)
	harness.Await(t, "the sick one is found", func() bool { return states(t, e)["down"] == 1 })
	for i := range asked {
		asked[i].Store(0)
	}
	for i := range 60 {
		if r := get(t, e, fmt.Sprint("/dynamic/", i)); r.Status != 200 {
			t.Errorf("request %d: %s", i, what(r))
		}
	}
	if asked[1].Load() != 0 || asked[0].Load() < 20 || asked[2].Load() < 20 {
		t.Errorf("requests by address: %d %d %d", asked[0].Load(), asked[1].Load(), asked[2].Load())
	}
	well[1].Store(true)
	harness.Await(t, "it is found to be well", func() bool { return states(t, e)["up"] == 3 })
	get(t, e, "/dynamic/a")
	get(t, e, "/dynamic/b")
	get(t, e, "/dynamic/c")
	if asked[1].Load() == 0 {
		t.Error("it is not used again")
	}
	for i := range well {
		well[i].Store(false)
	}
	harness.Await(t, "all are down", func() bool { return states(t, e)["down"] == 3 })
	if r := get(t, e, "/dynamic/d"); r.Status != 200 {
		t.Errorf("with all down: %s, want what they answer", what(r))
	}
	if got := metric(t, e, "edge_origin_health_checks_total", `ok="false"`); got == 0 {
		t.Error("bad checks are not counted")
	}
}

// What clients do wrong, over and over: leaving in the middle, bad chunks, half a
// body. No address suffers for it, nothing is tried again.
func TestClientsDoNotHurtTheOrigin(t *testing.T) {
	act := func(c net.Conn, r *http.Request) bool {
		_, err := io.Copy(io.Discard, r.Body)
		if err == nil && r.URL.Path == "/dynamic/slow" {
			_, err = io.Copy(io.Discard, c) // until edge leaves
		}
		if err == nil {
			_, err = io.WriteString(c, reply(200, "good"))
		}
		return err == nil
	}
	a, b := serve(t, act), serve(t, act)
	e := run(t, "origin: {urls: "+urls(a, b)+", eject: {failures: 1}}"+routes)
	asked := func() int64 { return a.asked.Load() + b.asked.Load() }
	for _, request := range []string{
		"POST /dynamic/1 HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
		"POST /dynamic/1 HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 100\r\n\r\nabc",
		"POST /dynamic/1 HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"GET /dynamic/slow HTTP/1.1\r\nHost: www.example.com\r\n\r\n",
	} {
		for range 10 {
			c, err := net.Dial("tcp", e.Listen)
			if err != nil {
				t.Fatal(err)
			}
			before := asked()
			io.WriteString(c, request)
			harness.Await(t, "the request is at the origin", func() bool { return asked() > before })
			c.Close()
		}
	}
	harness.Await(t, "edge has seen all of them leave", func() bool {
		return metric(t, e, "edge_origin_in_flight_requests") == 0
	})
	if got := states(t, e); got["up"] != 2 {
		t.Errorf("states %v, want both up", got)
	}
	for _, result := range []string{"dial", "timeout", "broken", "unwell", "cut-off"} {
		if got := metric(t, e, "edge_origin_attempts_total", `result="`+result+`"`); got != 0 {
			t.Errorf("%v attempts count as %s", got, result)
		}
	}
	if got := metric(t, e, "edge_origin_retries_total"); got != 0 {
		t.Errorf("%v retries", got)
	}
}
