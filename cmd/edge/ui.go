package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Everything edge tells a person goes through this file. Results go to
// standard output, messages to standard error; messages are lower case without
// a full stop and say what to do. Nothing is coloured: output is read in logs as
// often as on terminals.

// stdio is where a command reads and writes.
type stdio struct {
	out, err io.Writer
	env      func(string) (string, bool)
}

func systemIO() stdio { return stdio{os.Stdout, os.Stderr, os.LookupEnv} }

// usageError is a mistake in the command line: exit status 2.
type usageError struct{ error }

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// withHint adds what to do to an error.
func withHint(err error, format string, args ...any) error {
	return hinted{err, fmt.Sprintf(format, args...)}
}

// silent is a failure that has been told already.
var silent = errors.New("told already")

// fail tells err and returns the exit status.
func (s stdio) fail(err error) int {
	var usage usageError
	status := 1
	if errors.As(err, &usage) {
		status = 2
	}
	if errors.Is(err, silent) {
		return status
	}
	fmt.Fprintf(s.err, "edge: %v\n", err)
	var h hinted
	if errors.As(err, &h) {
		fmt.Fprintf(s.err, "hint: %s\n", h.hint)
	}
	return status
}

// json writes v, indented.
func (s stdio) json(v any) error {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
