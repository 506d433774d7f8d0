package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// newRoot builds the command tree.
func newRoot(io stdio) *cobra.Command {
	root := &cobra.Command{
		Use:   "edge",
		Short: "A caching reverse proxy that enforces what every route is",
		Long: `edge stands in front of HTTP handlers and enforces a YAML policy: what may be
cached, on which request data it depends, and for how long. What is not in the
cache key never reaches the handler.

Start with:  edge demo
Then:        edge run --origin http://localhost:3000`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return c.Help()
		},
	}
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return withHint(usageError{err}, "see %q", c.CommandPath()+" --help")
	})
	for _, build := range []func(stdio) *cobra.Command{
		newRun, newDemo, newValidate, newExplain, newPurge, newSchema, newVersion,
	} {
		root.AddCommand(build(io))
	}
	return root
}

// args turns a wrong number of arguments into a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, list []string) error {
		if err := check(c, list); err != nil {
			return withHint(usageError{err}, "usage: %s", c.UseLine())
		}
		return nil
	}
}

// version is set by the linker in releases.
var version = "dev"

// revision is the commit the binary was built from, if the toolchain knew it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

func newVersion(io stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			line := "edge " + version
			if r := revision(); r != "" {
				line += " (" + r + ")"
			}
			_, err := fmt.Fprintln(io.out, line)
			return err
		},
	}
}
