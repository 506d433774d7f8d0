package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
stale from now on and may be served while they are refreshed.

In a fleet the other nodes follow at once. With --wait fleet the command returns
when every node has, or ends with status 1 and the names of those that have not
after 5 seconds.`,
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
	f.StringVar(&r.Wait, "wait", "", "how `far` the purge is to get first: local (this node), accepted (the fleet's log has it) or fleet (every node)")
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
	for _, w := range answer.Warnings {
		fmt.Fprintf(std.err, "warning: %s\n", w)
	}
	if output == "json" {
		err = std.json(answer)
	} else {
		_, err = fmt.Fprintf(std.out, "%s %s (generation %d)\n", count(answer.Objects, "object"), done(r), answer.Generation)
	}
	if err == nil && !r.DryRun && answer.Reached != r.Wait {
		return late(answer)
	}
	return err
}

// late says how far an invalidation has got that was not as far as was asked in
// time. It goes on by itself.
func late(a admin.PurgeAnswer) error {
	nodes := strings.Join(a.Laggards, ", ")
	if a.Reached == admin.WaitAccepted {
		return withHint(fmt.Errorf("not in force yet on %s: %s", count(len(a.Laggards), "node"), nodes),
			"they get it as soon as they read the log of the fleet; until then they go on answering with what was purged")
	}
	if nodes != "" {
		nodes = "; without it are " + nodes
	}
	return withHint(fmt.Errorf("in force on the node that was asked, and not in the log of the fleet yet%s", nodes),
		"that node appends it as soon as it can: see fleet in GET /v1/status, and its log")
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
