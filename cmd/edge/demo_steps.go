package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// demoStep is a request to try.
type demoStep struct {
	shows        string
	method, path string
	cookie, body string
	// What the check expects: a status, a part of Cache-Status, and a part of
	// the body.
	status                 int
	wantStatus, wantInBody string
}

var demoSteps = []demoStep{
	{
		shows:  "force-static: the handler runs once; ask again and it is a hit",
		method: "GET", path: "/api/config",
		status: 200, wantStatus: "edge; fwd=uri-miss; fwd-status=200; stored", wantInBody: `"handler_runs":1`,
	},
	{
		shows:  "the same answer for somebody with a cookie: the handler never saw it",
		method: "GET", path: "/api/config", cookie: "session=alice",
		status: 200, wantStatus: "edge; hit; ttl=", wantInBody: `"cookie_the_handler_saw":""`,
	},
	{
		shows:  "q is in the key, utm_source is withheld: look at query_the_handler_saw",
		method: "GET", path: "/api/posts?utm_source=mail&q=edge",
		status: 200, wantStatus: "stored", wantInBody: `"query_the_handler_saw":"q=edge"`,
	},
	{
		shows:  "a session makes this route dynamic: the handler sees all, nothing is stored",
		method: "GET", path: "/api/posts", cookie: "session=alice",
		status: 200, wantStatus: "edge; fwd=bypass; fwd-status=200; detail=dynamic-cookie", wantInBody: `"cookie_the_handler_saw":"session=alice"`,
	},
	{
		shows:  "a POST purges the tag posts before its 201 leaves: the next list has the new post",
		method: "POST", path: "/api/posts", body: `{"title":"Edge, live"}`,
		status: 201, wantStatus: "edge; fwd=method; fwd-status=201", wantInBody: `"Edge, live"`,
	},
}

// curl is the step as a command line.
func (s demoStep) curl(base string) string {
	line := []string{"curl -i"}
	if s.cookie != "" {
		line = append(line, "-H 'Cookie: "+s.cookie+"'")
	}
	if s.body != "" {
		line = append(line, "-d '"+s.body+"'")
	}
	return strings.Join(append(line, "'"+base+s.path+"'"), " ")
}

// checkDemo performs the steps, and at the end the list that the POST purged.
func checkDemo(out io.Writer, base string) error {
	after := demoStep{
		shows:  "the list after the POST",
		method: "GET", path: "/api/posts?q=edge",
		status: 200, wantStatus: "fwd=uri-miss", wantInBody: `"Edge, live"`,
	}
	client := &http.Client{Timeout: 10 * time.Second}
	for i, s := range append(demoSteps[:len(demoSteps):len(demoSteps)], after) {
		if err := s.check(client, base); err != nil {
			return fmt.Errorf("demo: %d. %s: %w", i+1, s.shows, err)
		}
		fmt.Fprintf(out, "ok  %d. %s\n", i+1, s.shows)
	}
	return nil
}

// check performs one step.
func (s demoStep) check(client *http.Client, base string) error {
	r, err := http.NewRequest(s.method, base+s.path, strings.NewReader(s.body))
	if err != nil {
		return err
	}
	if s.cookie != "" {
		r.Header.Set("Cookie", s.cookie)
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	switch cs := res.Header.Get("Cache-Status"); {
	case res.StatusCode != s.status:
		return fmt.Errorf("status %d, want %d: %s", res.StatusCode, s.status, body)
	case !strings.Contains(cs, s.wantStatus):
		return fmt.Errorf("Cache-Status %q, want %q in it", cs, s.wantStatus)
	case !strings.Contains(string(body), s.wantInBody):
		return fmt.Errorf("body %s, want %s in it", body, s.wantInBody)
	}
	return nil
}
