package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// files remembers what a policy was read from, by name.
type files map[string]snapshot

// snapshot is a file as it was read. A file that could not be read is
// remembered too, so that the same failure is told once.
type snapshot struct {
	text []byte
	err  error
}

func takeSnapshot(name string) snapshot {
	text, err := ReadFile(name)
	return snapshot{text, err}
}

// maxFile bounds every file of a policy: far beyond what policies are, and little
// enough to hold it in memory.
const maxFile = 16 << 20

var errLargeFile = errors.New("more than 16MiB")

// ReadFile reads a file of a policy, as policy.Source wants it.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = &fs.PathError{Op: "read", Path: name, Err: errLargeFile}
	}
	return text, err
}

func (s snapshot) same(t snapshot) bool {
	return (s.err == nil) == (t.err == nil) && bytes.Equal(s.text, t.text)
}

// read reads a file once and remembers it: who asks again is told the same.
func (f files) read(name string) ([]byte, error) {
	s, known := f[name]
	if !known {
		s = takeSnapshot(name)
		f[name] = s
	}
	return s.text, s.err
}

// changed reports whether any file reads otherwise than it did.
func (f files) changed() bool {
	for name, old := range f {
		if !old.same(takeSnapshot(name)) {
			return true
		}
	}
	return false
}

// Settling and polling of the watch: an editor writes in several steps, and
// some file systems tell nobody.
const (
	settle = 100 * time.Millisecond
	poll   = 30 * time.Second
)

// watch reloads when the text of a file changes, that of a certificate included,
// until ctx ends. It watches directories: a ConfigMap swaps a link beside the file,
// and the file's own inode hears nothing of it. Names that change elsewhere, behind
// a link, are found by polling.
func (a *App) watch(ctx context.Context) {
	if a.o.Config == "" {
		return // and there are no certificates either
	}
	var events <-chan fsnotify.Event
	var lost <-chan error
	w, err := fsnotify.NewWatcher()
	if err != nil {
		a.log.Warn("the policy file is polled, not watched", "every", poll.String(), "error", err.Error())
	} else {
		defer w.Close()
		events, lost = w.Events, w.Errors
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	a.watchDirectories(w)
	// The file may have changed between New and here.
	quiet := time.After(settle)
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			quiet = time.After(settle)
		case <-lost:
			quiet = time.After(settle)
		case <-quiet:
			quiet = nil
			a.reloadIfChanged()
			if a.watchDirectories(w) { // includes may be elsewhere now
				quiet = time.After(settle) // and have changed since they were read
			}
		case <-ticker.C:
			a.reloadIfChanged()
			if a.watchDirectories(w) { // a directory may have been replaced
				quiet = time.After(settle)
			}
		}
	}
}

// reloadIfChanged reloads when a file reads otherwise than it did. The outcome
// is logged and counted by reload.
func (a *App) reloadIfChanged() {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	if a.files.changed() {
		_ = a.reload()
	}
	a.doors.RefreshCertificates()
}

// watchDirectories watches the directories of all files; those that are watched
// already stay so. One that cannot be watched is polled, and all are without w. It
// reports whether any is watched that was not: until now, nobody was told of
// changes there.
func (a *App) watchDirectories(w *fsnotify.Watcher) (more bool) {
	if w == nil {
		return false
	}
	before := w.WatchList()
	for _, name := range a.watched() {
		if err := w.Add(filepath.Dir(name)); err != nil {
			a.log.Debug("a directory is polled, not watched", "directory", filepath.Dir(name), "error", err.Error())
		}
	}
	return slices.ContainsFunc(w.WatchList(), func(dir string) bool { return !slices.Contains(before, dir) })
}

// watched are the names of all files whose text counts.
func (a *App) watched() []string {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	names := slices.Collect(maps.Keys(a.files))
	for _, c := range a.doors.Certificates() {
		names = append(names, c.Pair.Cert, c.Pair.Key)
	}
	return names
}
