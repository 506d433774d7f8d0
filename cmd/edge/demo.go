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
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/internal/app"
)

// demoPolicy has words in capitals for the addresses that the demo fills in. The
// file it writes needs nothing else, so validate and explain take it as well.
//
//go:embed demo.yaml
var demoPolicy string

// demoFlags are the flags of demo.
type demoFlags struct {
	listen, admin string
	check         bool
}

func newDemo(std stdio) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run an example origin with edge in front, and show what to try",
		Long: `Run an example application (posts and config, as a documentation page has them)
with edge in front, and print five requests with what each shows. With --check,
perform them on free ports, check the answers and exit.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return demo(c.Context(), std, f) },
	}
	c.Flags().BoolVar(&f.check, "check", false, "perform the requests, check the answers and exit")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "`address` of the data plane")
	c.Flags().StringVar(&f.admin, "admin", "127.0.0.1:9090", "`address` of the admin API")
	return c
}

// demo runs until a signal, or, with check, until the requests are done.
func demo(ctx context.Context, std stdio, f demoFlags) error {
	level := slog.LevelWarn
	if f.check {
		f.listen, f.admin = "127.0.0.1:0", "127.0.0.1:0"
		level = slog.LevelError
	}
	signals := notify()
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newDemoOrigin().handler(), ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(origin) // ends with Close
	defer server.Close()

	file, err := writeDemoPolicy(f, "http://"+origin.Addr().String())
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(file))
	a, err := app.New(app.Options{
		Config: file, Admin: f.admin, Env: std.env, Version: version, Revision: revision(),
		Logger: slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return demoError(err)
	}
	at := a.Addresses()
	if f.check {
		return runDemoCheck(ctx, std.out, a, "http://"+local(at.Listen))
	}
	printDemo(std, at, file)
	return serve(ctx, a.Run, a.Reload, signals)
}

// demoError says which flag helps when an address is taken.
func demoError(err error) error {
	var taken *app.ListenError
	if errors.As(err, &taken) {
		return withHint(err, "choose other addresses: --listen 127.0.0.1:8081 --admin 127.0.0.1:9091")
	}
	return configError(err)
}

// writeDemoPolicy puts the policy where it can be edited.
func writeDemoPolicy(f demoFlags, origin string) (string, error) {
	dir, err := os.MkdirTemp("", "edge-demo-")
	if err != nil {
		return "", err
	}
	text := strings.NewReplacer("ORIGIN", origin, "LISTEN", f.listen).Replace(demoPolicy)
	file := filepath.Join(dir, "edge.yaml")
	return file, os.WriteFile(file, []byte(text), 0o644)
}

// local is an address to reach a listener at from this machine.
func local(addr string) string {
	at, err := netip.ParseAddrPort(addr)
	if err != nil || !at.Addr().IsUnspecified() {
		return addr
	}
	return fmt.Sprintf("127.0.0.1:%d", at.Port())
}

func printDemo(std stdio, at app.Addresses, file string) {
	base, out := "http://"+local(at.Listen), std.out
	fmt.Fprintf(out, "edge is at %s, in front of an example origin.\n", base)
	fmt.Fprintf(out, "Its policy is %s: edit it, it is read again.\n\nTry, and look at Cache-Status:\n\n", file)
	for i, s := range demoSteps {
		fmt.Fprintf(out, "%d. %s\n   %s\n\n", i+1, s.shows, s.curl(base))
	}
	admin := "http://" + local(at.Admin)
	fmt.Fprintf(out, "Why was an answer what it was, and what is stored?\n   %s explain --live --admin %s '%s/api/posts?q=edge'\n", std.name, admin, base)
	fmt.Fprintf(out, "Purge it:\n   %s purge --admin %s --tag posts\n", std.name, admin)
	fmt.Fprintf(out, "Metrics:\n   curl %s/metrics\n\nStop with Ctrl-C.\n", admin)
}

// runDemoCheck performs the steps against a running edge.
func runDemoCheck(ctx context.Context, out io.Writer, a *app.App, base string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }() // ends with ctx; waited for below
	err := checkDemo(out, base)
	stop()
	return errors.Join(err, <-ended)
}
