package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"edge/internal/admin"
)

func newPurge(std stdio) *cobra.Command {
	var r admin.PurgeRequest
	var flags adminFlags
	var output string
	c := &cobra.Command{
		Use:   "purge",
		Short: "Invalidate what a running edge has stored",
		Long: `Invalidate stored objects by tag, path (all queries and variants), path prefix,
route pattern or host, or everything. Selectors are alternatives; --host beside
others narrows them. Purged objects are never served again; with --soft they are
stale from now on and may be served while they are refreshed.`,
		Example: `  edge purge --tag posts
  edge purge --path /api/posts --host www.example.com --soft
  edge purge --all --dry-run`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			if len(r.Tags)+len(r.Paths)+len(r.Prefixes)+len(r.Routes)+len(r.Hosts) == 0 && !r.All {
				return withHint(usageError{errors.New("nothing to purge was named")},
					"give --tag, --path, --prefix, --route, --host or --all")
			}
			return purge(c.Context(), std, &flags, r, output)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&r.Tags, "tag", nil, "`tag`; may be repeated")
	f.StringArrayVar(&r.Paths, "path", nil, "`path`, with all its queries and variants; may be repeated")
	f.StringArrayVar(&r.Prefixes, "prefix", nil, "path `prefix`; may be repeated")
	f.StringArrayVar(&r.Routes, "route", nil, "route `pattern`, as in the policy; may be repeated")
	f.StringArrayVar(&r.Hosts, "host", nil, "`host`; may be repeated; narrows other selectors")
	f.BoolVar(&r.All, "all", false, "everything")
	f.BoolVar(&r.Soft, "soft", false, "make stale instead of purging")
	f.BoolVar(&r.DryRun, "dry-run", false, "only count")
	f.StringVar(&r.Wait, "wait", "", "how `far` to wait: local, accepted or fleet")
	outputFlag(c, &output)
	flags.add(c, std)
	return c
}

// purge asks a running edge, and tells what it did.
func purge(ctx context.Context, std stdio, flags *adminFlags, r admin.PurgeRequest, output string) error {
	client, err := flags.client(std)
	if err != nil {
		return err
	}
	answer, err := client.Purge(ctx, r)
	if err != nil {
		return err
	}
	if output == "json" {
		return std.json(answer)
	}
	_, err = fmt.Fprintf(std.out, "%s %s (generation %d)\n", count(answer.Objects, "object"), done(r), answer.Generation)
	return err
}

// done is what became of the objects.
func done(r admin.PurgeRequest) string {
	switch {
	case r.DryRun && r.Soft:
		return "would be made stale"
	case r.DryRun:
		return "would be purged"
	case r.Soft:
		return "made stale"
	}
	return "purged"
}
