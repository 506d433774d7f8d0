package main

import (
	"bytes"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"edge/internal/policy"
)

// Tests that run as root may read everything: the error is made here.
func TestUnreadablePoliciesSayWhatToDo(t *testing.T) {
	for want, why := range map[string]error{
		"hint: name the policy file with -c FILE":   syscall.ENOENT,
		"hint: let the user that runs edge read":    syscall.EACCES,
		"hint: name a file with -c FILE":            syscall.EISDIR,
		"cannot read edge.yaml: input/output error": syscall.EIO,
	} {
		var told bytes.Buffer
		p, err := policy.Load(policy.Source{
			Name: "edge.yaml",
			Read: func(name string) ([]byte, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: why} },
			Env:  func(string) (string, bool) { return "", false },
		})
		if err == nil {
			t.Fatalf("%v: loaded %+v", why, p)
		}
		if status := (stdio{err: &told}).fail(configError(err)); status != 1 || !strings.Contains(told.String(), want) {
			t.Errorf("%v: status %d, told\n%s\nwant %q in it", why, status, told.String(), want)
		}
	}
}
