package app

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"edge/internal/policy"
)

// files remembers what a policy was read from, by name.
type files map[string]snapshot

// snapshot is a file as it was read. A file that could not be read is
// remembered too, so that the same failure is told once.
type snapshot struct {
	text     []byte
	readable bool
}

func (s snapshot) same(t snapshot) bool {
	return s.readable == t.readable && bytes.Equal(s.text, t.text)
}

// read reads a file and remembers it.
func (f files) read(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	f[name] = snapshot{text, err == nil}
	return text, err
}

// changed reports whether any file reads otherwise than it did.
func (f files) changed() bool {
	for name, old := range f {
		text, err := os.ReadFile(name)
		if !old.same(snapshot{text, err == nil}) {
			return true
		}
	}
	return false
}

// errTruncated is why a file without its end is refused.
var errTruncated = errors.New(`the file no longer ends with "...": it is taken for truncated; ` +
	`end it with "..." again, or restart edge to run it without`)

// Reload reads the policy again and puts it in force. On any error the running
// policy stays, and the error has been logged and counted. It is safe for
// concurrent use.
func (a *App) Reload() error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	next, err := a.reload()
	if err != nil {
		a.counters.Reload(false, a.policy.Load().Hash, time.Now())
		a.log.Error("the new configuration is refused, the running one stays", "problems", err.Error())
		return err
	}
	a.counters.Reload(true, next.Hash, time.Now())
	a.log.Info("configuration loaded", "hash", next.Hash, "routes", len(next.Routes))
	a.tell(next)
	return nil
}

func (a *App) reload() (*policy.Policy, error) {
	next, err := a.load()
	if err != nil {
		return nil, err
	}
	ends := policy.EndsWithDocumentEnd(a.files[a.o.Config].text)
	if a.ended.Load() && !ends {
		return nil, errTruncated
	}
	if err := a.origins.Update(origins(&next.Settings)); err != nil {
		return nil, err
	}
	a.needsRestart(&a.policy.Load().Settings, &next.Settings)
	a.ended.Store(ends)
	a.policy.Store(next)
	a.proxy.Swap(next)
	return next, nil
}

// needsRestart warns of changes that a reload does not make.
func (a *App) needsRestart(old, next *policy.Settings) {
	for _, c := range []struct {
		option    string
		old, next any
	}{
		{"listen", old.Listen, next.Listen},
		{"admin.listen", old.Admin.Listen, next.Admin.Listen},
		{"metrics.listen", old.Metrics.Listen, next.Metrics.Listen},
		{"cache.memory", old.Memory, next.Memory},
		{"access_log", old.AccessLog, next.AccessLog},
	} {
		if c.old != c.next {
			a.log.Warn(c.option + " changed: restart edge for it to take effect")
		}
	}
}

// Settling and polling of the watch: an editor writes in several steps, and
// some file systems tell nobody.
const (
	settle = 100 * time.Millisecond
	poll   = 30 * time.Second
)

// watch reloads when the text of a file changes, until ctx ends. It watches
// directories: a ConfigMap swaps a link beside the file, and the file's own
// inode hears nothing of it.
func (a *App) watch(ctx context.Context) {
	if a.o.Config == "" {
		return
	}
	var events <-chan fsnotify.Event
	w, err := fsnotify.NewWatcher()
	if err != nil {
		a.log.Warn("the configuration is polled, not watched", "every", poll.String(), "error", err.Error())
	} else {
		defer w.Close()
		events = w.Events
		a.watchDirectories(w)
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var quiet <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			quiet = time.After(settle)
			continue
		case <-quiet:
			quiet = nil
		case <-ticker.C:
		}
		if a.reloadIfChanged() && w != nil {
			a.watchDirectories(w) // includes may be elsewhere now
		}
	}
}

// reloadIfChanged reports whether there was anything to reload.
func (a *App) reloadIfChanged() bool {
	a.reloading.Lock()
	changed := a.files.changed()
	a.reloading.Unlock()
	if changed {
		_ = a.Reload() // logged and counted there
	}
	return changed
}

// watchDirectories adds the directories of all files; adding one twice does
// nothing.
func (a *App) watchDirectories(w *fsnotify.Watcher) {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	for name := range a.files {
		if err := w.Add(filepath.Dir(name)); err != nil {
			a.log.Warn("a directory is polled, not watched", "directory", filepath.Dir(name), "error", err.Error())
		}
	}
}
