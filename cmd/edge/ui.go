package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// Everything edge tells a person goes through this file. Results go to
// standard output, messages to standard error; messages are lower case without
// a full stop and say what to do. Nothing is coloured: output is read in logs as
// often as on terminals.

// stdio is where a command reads and writes.
type stdio struct {
	name     string // how edge was called, for commands to try
	out, err io.Writer
	env      func(string) (string, bool)
}

func systemIO() stdio { return stdio{os.Args[0], os.Stdout, os.Stderr, os.LookupEnv} }

// usageError is a mistake in the command line: exit status 2.
type usageError struct{ error }

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

// Unwrap returns the error without the hint.
func (h hinted) Unwrap() error { return h.error }

// Hint says what to do.
func (h hinted) Hint() string { return h.hint }

// withHint adds what to do to an error.
func withHint(err error, format string, args ...any) error {
	return hinted{err, fmt.Sprintf(format, args...)}
}

// errTold is a failure that has been told already.
var errTold = errors.New("told already")

// fail tells err and returns the exit status.
func (s stdio) fail(err error) int {
	var usage usageError
	status := 1
	if errors.As(err, &usage) {
		status = 2
	}
	if errors.Is(err, errTold) {
		return status
	}
	fmt.Fprintf(s.err, "edge: %v\n", err)
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		fmt.Fprintf(s.err, "hint: %s\n", h.Hint())
	}
	return status
}

// json writes v, indented.
func (s stdio) json(v any) error {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// outputFlag adds --output. Who reads it calls checkOutput first.
func outputFlag(c *cobra.Command, output *string) {
	c.Flags().StringVarP(output, "output", "o", "text", "`format`: text or json")
}

func checkOutput(output string) error {
	if output != "text" && output != "json" {
		return withHint(usageError{fmt.Errorf("unknown output format %q", output)}, "--output text, or --output json")
	}
	return nil
}
