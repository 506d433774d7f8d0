package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"edge/internal/app"
)

func newRun(std stdio) *cobra.Command {
	var o app.Options
	var announce bool
	c := &cobra.Command{
		Use:   "run (-c FILE | --origin URL)",
		Short: "Run the proxy",
		Long: `Serve what the policy file says, or, without a file, stand in front of one
origin with every route auto.

The file is read again when it changes and on SIGHUP; a bad one is refused and
the running policy stays. SIGTERM and SIGINT drain; a second one exits at once.`,
		Example: "  edge run -c edge.yaml\n  edge run --origin http://localhost:3000",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if (o.Config == "") == (o.Origin == "") {
				return withHint(usageError{errors.New("give either -c FILE or --origin URL")},
					"edge run -c edge.yaml, or edge run --origin http://localhost:3000")
			}
			o.Env, o.Version, o.Revision = std.env, version, revision()
			var flush func()
			o.Logger, flush = newLogger(std.err)
			// Some of net/http logs by itself, and quotes what peers sent.
			log.SetFlags(0)
			log.SetOutput(slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug).Writer())
			defer flush()
			return run(c.Context(), std, o, announce)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.Config, "config", "c", "", "policy `file`")
	f.StringVar(&o.Origin, "origin", "", "`URL` of the origin, without a policy file")
	f.StringVar(&o.Listen, "listen", "", "`address` of the data plane, instead of the file's; port 0 takes a free one")
	f.StringVar(&o.Admin, "admin", "", "`address` of the admin API, instead of the file's")
	f.BoolVar(&announce, "print-addresses", false, "print one line of JSON with the addresses once they accept connections")
	return c
}

// run serves until a signal ends it.
func run(ctx context.Context, std stdio, o app.Options, announce bool) error {
	signals := notify()
	defer signal.Stop(signals)
	a, err := app.New(o)
	if err != nil {
		return configError(err)
	}
	if _, set := std.env("GOMEMLIMIT"); !set {
		a.LimitMemory()
	}
	if _, set := std.env("GOGC"); !set {
		a.TuneCollector()
	}
	if announce {
		if err := json.NewEncoder(std.out).Encode(a.Addresses()); err != nil {
			a.Close()
			return fmt.Errorf("printing the addresses: %w", err)
		}
	}
	return serve(ctx, a.Run, a.Reload, signals)
}

// notify catches the signals that serve understands. Call it before anybody can
// know that there is somebody to send them to.
func notify() chan os.Signal {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	return signals
}

var errSecondSignal = errors.New("a second signal ended the drain")

// oneSignal is how long after the first signal to end another one is taken for the
// same: a terminal sends Ctrl-C to all processes, and npm, foreman and timeout(1)
// pass on to their own what these have got already. Nobody has second thoughts as
// fast as that.
const oneSignal = 100 * time.Millisecond

// serve calls run, and ends its context, for it to drain, when ctx ends or at the
// first SIGTERM or SIGINT. At the second it returns at once, and the process is to
// end. SIGHUP calls reload.
func serve(ctx context.Context, run func(context.Context) error, reload func() error, signals <-chan os.Signal) error {
	ctx, drain := context.WithCancel(ctx)
	defer drain()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }() // waited for below, or ends with the process
	var first time.Time
	for {
		select {
		case err := <-ended:
			return err
		case s := <-signals:
			switch {
			case s == syscall.SIGHUP:
				_ = reload() // logged there
			case first.IsZero():
				first = time.Now()
				drain()
			case time.Since(first) >= oneSignal:
				return errSecondSignal
			}
		}
	}
}
