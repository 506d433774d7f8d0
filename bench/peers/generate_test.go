package main

import (
	"testing"
	"time"
)

func TestParseWrk(t *testing.T) {
	const ok = `{"requests":1200,"micros":2000000,"failed":0,"p50":300,"p99":4000,"p999":9000}`
	got, err := parseWrk([]byte("Running 2s test\n  1200 requests\n" + ok + "\n"))
	want := generated{1200, 2 * time.Second, 300 * time.Microsecond, 4 * time.Millisecond, 9 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("parseWrk = %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{
		"", "unable to connect",
		`{"requests":1200,"micros":2000000,"failed":1,"p50":300,"p99":4000,"p999":9000}`,
		`{"requests":0,"micros":2000000,"failed":0,"p50":0,"p99":0,"p999":0}`,
	} {
		if got, err := parseWrk([]byte(bad)); err == nil {
			t.Errorf("parseWrk(%q) = %+v", bad, got)
		}
	}
}

func TestParseH2load(t *testing.T) {
	const said = `
finished in 2.01s, 1000.50 req/s, 1.10MB/s
requests: 2011 total, 2011 started, 2011 done, 2011 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 2011 2xx, 0 3xx, 0 4xx, 0 5xx
`
	got, err := parseH2load(said)
	if want := (generated{requests: 2011, took: 2010 * time.Millisecond}); err != nil || got != want {
		t.Errorf("parseH2load = %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{"", "finished in 2.01s, \nrequests: 5 total, 5 started, 5 done, 4 succeeded, 1 failed, 0 errored, 0 timeout"} {
		if got, err := parseH2load(bad); err == nil {
			t.Errorf("parseH2load(%q) = %+v", bad, got)
		}
	}
}
