package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// newRoot builds the command tree.
func newRoot(std stdio) *cobra.Command {
	root := &cobra.Command{
		Use:   "edge",
		Short: "A caching reverse proxy that enforces what every route is",
		Long: `edge stands in front of HTTP handlers and enforces a YAML policy: what may be
cached, on which request data it depends, and for how long. What is not in the
cache key never reaches the handler.

Start with:  edge demo
Then:        edge run --origin http://localhost:3000`,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		Args:                       unknownCommand,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return withHint(usageError{err}, "see %s --help", c.CommandPath())
	})
	for _, build := range []func(stdio) *cobra.Command{
		newRun, newDemo, newValidate, newExplain, newPurge, newImport, newSchema, newVersion,
	} {
		root.AddCommand(build(std))
	}
	root.SetHelpCommand(newHelp(root))
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args = unknownCommand
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
			for _, shell := range c.Commands() {
				shell.Args = noArgs
			}
		}
	}
	return root
}

// unknownCommand refuses the arguments of a command that has only others below
// it.
func unknownCommand(c *cobra.Command, list []string) error {
	if len(list) == 0 {
		return nil
	}
	err := usageError{fmt.Errorf("there is no command %q", c.CommandPath()+" "+list[0])}
	if like := c.SuggestionsFor(list[0]); len(like) > 0 {
		return withHint(err, "did you mean %q?", c.CommandPath()+" "+like[0])
	}
	return withHint(err, "see %s --help", c.CommandPath())
}

// noArgs refuses any argument.
func noArgs(c *cobra.Command, list []string) error {
	if len(list) == 0 {
		return nil
	}
	return withHint(usageError{fmt.Errorf("%s takes no argument, not %q", c.CommandPath(), list[0])}, "usage: %s", c.UseLine())
}

// newHelp is cobra's help, but that an unknown command is an error.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",
		RunE: func(_ *cobra.Command, list []string) error {
			c, rest, err := root.Find(list)
			if err != nil {
				return err
			}
			if err := unknownCommand(c, rest); err != nil {
				return err
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
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

func newVersion(std stdio) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			if output == "json" {
				return std.json(struct {
					Version  string `json:"version"`
					Revision string `json:"revision,omitempty"`
					Go       string `json:"go"`
				}{version, revision(), runtime.Version()})
			}
			line := "edge " + version
			if r := revision(); r != "" {
				line += " (" + r + ")"
			}
			_, err := fmt.Fprintln(std.out, line)
			return err
		},
	}
	outputFlag(c, &output)
	return c
}
