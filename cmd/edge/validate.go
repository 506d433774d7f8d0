package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/spf13/cobra"

	"edge/internal/app"
	"edge/internal/policy"
)

// source is a policy file on disk.
func source(std stdio, file string) policy.Source {
	return policy.Source{Name: file, Read: app.ReadFile, Env: std.env}
}

// configError tells all problems of a file; other errors stay as they are.
func configError(err error) error {
	var problems policy.Problems
	if !errors.As(err, &problems) {
		return err
	}
	err = fmt.Errorf("the policy has %s\n%w", count(len(problems), "problem"), err)
	first := problems[0]
	switch {
	case first.Line > 0: // the file was read
	case errors.Is(first.Err, fs.ErrNotExist):
		return withHint(err, "name the policy file with -c FILE; edge demo shows one")
	case errors.Is(first.Err, fs.ErrPermission):
		return withHint(err, "let the user that runs edge read the file, and enter the directories it is in")
	case errors.Is(first.Err, syscall.EISDIR):
		return withHint(err, "name a file with -c FILE")
	}
	return err
}

// validateFlags are the flags of validate.
type validateFlags struct {
	file, output string
	print        bool
}

func newValidate(std stdio) *cobra.Command {
	var f validateFlags
	c := &cobra.Command{
		Use:   "validate [-c FILE]",
		Short: "Check a policy file and tell all its problems",
		Long: `Check a policy file with everything it includes, and tell all problems at once.
The exit status is 1 when there is any. With --print, write the policy as edge
understood it: layers resolved, variables expanded; the output loads again.`,
		Example: "  edge validate -c edge.yaml\n  edge validate -c edge.yaml --print\n  edge validate -c edge.yaml --output json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := checkOutput(f.output); err != nil {
				return err
			}
			if f.print && f.output == "json" {
				return withHint(usageError{errors.New("--print writes YAML")}, "leave out --print or --output json")
			}
			return validate(std, &f)
		},
	}
	c.Flags().StringVarP(&f.file, "config", "c", "edge.yaml", "policy `file`")
	c.Flags().BoolVar(&f.print, "print", false, "write the policy as edge understood it")
	outputFlag(c, &f.output)
	return c
}

// validate checks a file and tells what it found.
func validate(std stdio, f *validateFlags) error {
	p, err := policy.Load(source(std, f.file))
	if f.output == "json" {
		return validateJSON(std, f.file, p, err)
	}
	if err != nil {
		return configError(err)
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(std.err, "warning: %s\n", w)
	}
	if f.print {
		config, err := policy.Read(source(std, f.file))
		if err != nil {
			return configError(err)
		}
		_, err = std.out.Write(policy.Print(config))
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: ok, %s\n", f.file, count(len(p.Routes)-1, "route"))
	return err
}

// count is n things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// validation is the outcome of a check, for programs.
type validation struct {
	File     string    `json:"file"`
	OK       bool      `json:"ok"`
	Routes   int       `json:"routes"`
	Hash     string    `json:"hash,omitempty"`
	Problems []problem `json:"problems"`
	Warnings []problem `json:"warnings"`
}

// problem is one problem or warning. Line and Column are 0 when it has no place.
type problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func problemsOf(list []policy.Problem) []problem {
	out := make([]problem, len(list)) // never nil: programs get a list
	for i, p := range list {
		out[i] = problem{p.File, p.Line, p.Column, p.Message, p.Hint}
	}
	return out
}

func validateJSON(std stdio, file string, p *policy.Policy, err error) error {
	v := validation{File: file, OK: err == nil}
	var problems policy.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	v.Problems = problemsOf(problems)
	v.Warnings = problemsOf(nil)
	if p != nil {
		v.Routes, v.Hash, v.Warnings = len(p.Routes)-1, p.Hash, problemsOf(p.Warnings)
	}
	if failed := std.json(v); failed != nil {
		return failed
	}
	if err != nil {
		return errTold
	}
	return nil
}

func newSchema(std stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the policy file",
		Long: `Print the JSON Schema of the policy file, for editors. In the file:

  # yaml-language-server: $schema=edge.schema.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := std.out.Write(policy.Schema())
			return err
		},
	}
}
