package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"edge/internal/app"
	"edge/internal/policy"
)

func newRun(io stdio) *cobra.Command {
	var o app.Options
	var announce bool
	c := &cobra.Command{
		Use:   "run (-c FILE | --origin URL)",
		Short: "Serve",
		Long: `Serve what the policy file says, or, without a file, stand in front of one
origin with every route auto.

The file is read again when it changes and on SIGHUP; a bad one is refused and
the running policy stays. SIGTERM and SIGINT drain; a second one exits at once.`,
		Example: "  edge run -c edge.yaml\n  edge run --origin http://localhost:3000",
		Args:    args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if (o.Config == "") == (o.Origin == "") {
				return withHint(usageError{errors.New("give either -c FILE or --origin URL")},
					"edge run -c edge.yaml, or edge run --origin http://localhost:3000")
			}
			o.Env, o.Version, o.Revision = io.env, version, revision()
			o.Logger = slog.New(slog.NewJSONHandler(io.err, nil))
			return run(c.Context(), io, o, announce)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.Config, "config", "c", "", "policy `file`")
	f.StringVar(&o.Origin, "origin", "", "`URL` of the origin, without a policy file")
	f.StringVar(&o.Listen, "listen", "", "`address` of the data plane, instead of the file's")
	f.StringVar(&o.Admin, "admin", "", "`address` of the admin API, instead of the file's")
	f.BoolVar(&announce, "print-addresses", false, "print one line of JSON with the addresses once they accept connections")
	return c
}

// run serves until a signal ends it.
func run(ctx context.Context, io stdio, o app.Options, announce bool) error {
	a, err := app.New(o)
	if err != nil {
		return configError(err)
	}
	ctx, stop := withSignals(ctx, a)
	defer stop()
	if at := a.Addresses(); announce {
		line, err := json.Marshal(at)
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "%s\n", line)
	} else {
		o.Logger.Info("listening", "address", at.Listen, "admin", at.Admin, "metrics", at.Metrics)
	}
	return a.Run(ctx)
}

// configError tells all problems of a file, without the name of the program
// before each.
func configError(err error) error {
	var problems policy.Problems
	if !errors.As(err, &problems) {
		return err
	}
	n := "1 problem"
	if len(problems) > 1 {
		n = fmt.Sprintf("%d problems", len(problems))
	}
	return fmt.Errorf("the configuration has %s\n%w", n, err)
}

// withSignals returns a context that the first SIGTERM or SIGINT ends; the
// second exits at once. SIGHUP reloads.
func withSignals(ctx context.Context, a *app.App) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() { // ends with the process, or when stop closes the channel
		for s := range signals {
			switch {
			case s == syscall.SIGHUP:
				_ = a.Reload() // logged there
			case ctx.Err() != nil:
				os.Exit(1)
			default:
				cancel()
			}
		}
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	})
}
