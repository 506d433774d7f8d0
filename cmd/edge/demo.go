package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/internal/app"
)

//go:embed demo.yaml
var demoPolicy []byte

func newDemo(io stdio) *cobra.Command {
	var check bool
	var listen, admin string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run an example origin with edge in front, and show what to try",
		Long: `Run an example application (posts and config, as a documentation page has them)
with edge in front, and print five requests with what each shows. With --check,
perform them, check the answers and exit.`,
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return demo(c.Context(), io, listen, admin, check)
		},
	}
	c.Flags().BoolVar(&check, "check", false, "perform the requests, check the answers and exit")
	c.Flags().StringVar(&listen, "listen", "", "`address` of the data plane (with --check a free port)")
	c.Flags().StringVar(&admin, "admin", "", "`address` of the admin API (with --check a free port)")
	return c
}

// demo runs until a signal, or, with check, until the requests are done.
func demo(ctx context.Context, io stdio, listen, admin string, check bool) (err error) {
	if check {
		listen, admin = "127.0.0.1:0", "127.0.0.1:0"
	}
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newDemoOrigin().handler(), ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(origin) //nolint:errcheck // ends with Close
	defer server.Close()

	file, err := writeDemoPolicy()
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(file))
	a, err := app.New(app.Options{
		Config: file, Listen: listen, Admin: admin, Version: version, Revision: revision(),
		Env: func(name string) (string, bool) {
			return "http://" + origin.Addr().String(), name == "DEMO_ORIGIN"
		},
		Logger: slog.New(slog.NewTextHandler(io.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return withHint(configError(err), "choose another address: edge demo --listen 127.0.0.1:8081 --admin 127.0.0.1:9091")
	}
	ctx, stop := withSignals(ctx, a)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }() // ends with ctx; waited for below
	base := "http://" + a.Addresses().Listen
	if check {
		err = checkDemo(io.out, base)
		stop()
		return errors.Join(err, <-ended)
	}
	printDemo(io.out, base, file)
	return <-ended
}

// writeDemoPolicy puts the policy where it can be edited.
func writeDemoPolicy() (string, error) {
	dir, err := os.MkdirTemp("", "edge-demo-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "edge.yaml")
	return file, os.WriteFile(file, demoPolicy, 0o644)
}

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

func printDemo(out io.Writer, base, file string) {
	fmt.Fprintf(out, "edge is at %s, in front of an example origin.\n", base)
	fmt.Fprintf(out, "Its policy is %s: edit it, it is read again.\n\nTry, and look at Cache-Status:\n\n", file)
	for i, s := range demoSteps {
		fmt.Fprintf(out, "%d. %s\n   %s\n\n", i+1, s.shows, s.curl(base))
	}
	fmt.Fprintln(out, "Why was an answer what it was?  edge explain -c", file, "'"+base+"/api/posts?q=edge'")
	fmt.Fprintln(out, "Stop with Ctrl-C.")
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
