package app

import (
	"errors"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"edge/internal/listen"
	"edge/internal/policy"
)

// errTruncated is why a file without its end is refused.
var errTruncated = errors.New(`the file no longer ends with "...": it is taken for truncated; ` +
	`end it with "..." again, or restart edge to run it without`)

// load reads the policy that the options name, and remembers the files it read.
func (a *App) load() (*policy.Policy, error) {
	a.files = files{}
	return a.compile()
}

// compile makes the policy of the files as they were read.
func (a *App) compile() (*policy.Policy, error) {
	if a.o.Config == "" {
		return policy.ForOrigin(a.o.Origin, a.o.Listen, a.bound)
	}
	return policy.Load(policy.Source{
		Name: a.o.Config, Read: a.files.read, Env: a.o.Env, Listen: a.o.Listen, Bound: a.bound,
	})
}

// prepare opens what p lists and what is not open yet. It returns the policy as
// it reads with the ports that the system has chosen.
func (a *App) prepare(p *policy.Policy) (*policy.Policy, *listen.Change, error) {
	change, err := a.doors.Prepare(listenersOf(&p.Settings, filepath.Dir(a.o.Config)))
	if err != nil {
		option := "listen"
		if a.o.Listen != "" {
			option = "--listen"
		}
		return nil, nil, listenError(option, err)
	}
	if ports := portsOf(change.Bound()); !maps.EqualFunc(ports, a.bound, slices.Equal) {
		a.bound = ports
		if p, err = a.compile(); err != nil {
			change.Abort()
			return nil, nil, err
		}
	}
	return p, change, nil
}

// endsWithMark reports whether the file that was read last ends with "...".
func (a *App) endsWithMark() bool {
	return policy.EndsWithDocumentEnd(a.files[a.o.Config].text)
}

// Reload reads the policy and the certificates again and puts them in force. On
// any error the running policy stays, and the error has been logged and counted. It
// is safe for concurrent use.
func (a *App) Reload() error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	defer a.doors.RefreshCertificates() // also those of a policy that stays
	return a.reload()
}

// reload is Reload, under a.reloading.
func (a *App) reload() error {
	next, change, err := a.next()
	if err != nil {
		a.counters.Reload(false, "", time.Time{})
		a.log.Error("the new policy is refused, the running one stays", problemsOf(err))
		return err
	}
	before := a.Addresses().Listeners
	a.policy.Store(next)
	a.proxy.Swap(next)
	change.Commit()
	if now := a.Addresses().Listeners; !slices.Equal(before, now) {
		a.log.Info("listening", "listen", now, "before", before)
	}
	a.swapAdmin()
	a.counters.Reload(true, next.Hash, time.Now())
	a.log.Info("policy loaded", "hash", next.Hash, "routes", routes(next))
	a.tell(next)
	return nil
}

// next loads the policy that is to follow, opens its listeners and makes its
// origins.
func (a *App) next() (*policy.Policy, *listen.Change, error) {
	next, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	ends := a.endsWithMark()
	if a.ended && !ends {
		return nil, nil, errTruncated
	}
	next, change, err := a.prepare(next)
	if err != nil {
		return nil, nil, err
	}
	if err := a.origins.Update(a.originsOf(&next.Settings)); err != nil {
		change.Abort()
		return nil, nil, err
	}
	a.ended = ends
	a.needsRestart(next)
	return next, change, nil
}

// needsRestart warns of what is not as it was at start and that a reload does
// not change.
func (a *App) needsRestart(p *policy.Policy) {
	next := &p.Settings
	for _, c := range []struct {
		option   string
		old, new any
		replaced bool // by an option of the command line
	}{
		{"admin.listen", a.started.Admin.Listen, next.Admin.Listen, a.o.Admin != ""},
		{"metrics.listen", a.started.Metrics.Listen, next.Metrics.Listen, false},
		{"access_log", a.started.AccessLog, next.AccessLog, a.o.AccessLog != nil},
		{"cache.memory", a.started.Memory, next.Memory, false},
		{"cache.variants", a.started.Variants, next.Variants, false},
		{"limits.streams", a.started.Limits.Streams, next.Limits.Streams, false},
		{"limits.head_timeout", a.started.Limits.Head, next.Limits.Head, false},
		{"limits.idle_timeout", a.started.Limits.Idle, next.Limits.Idle, false},
		{"limits.stall_timeout", a.started.Limits.Stall, next.Limits.Stall, false},
		{"limits.fields", a.startedHead, headBytes(p), false},
		{"cache.in_flight", a.started.Budget, next.Budget, false},
		{"cache.max_silence", a.started.MaxSilence, next.MaxSilence, a.started.Shared == nil},
	} {
		if c.old != c.new && !c.replaced {
			a.log.Warn(c.option+" was changed: restart edge for it to take effect", "running", c.old, "file", c.new)
		}
	}
	if !reflect.DeepEqual(a.started.Shared, next.Shared) { // it holds passwords
		a.log.Warn("cache.shared was changed: restart edge for it to take effect")
	}
}

// routes is how many routes the owner wrote; the default route is not his.
func routes(p *policy.Policy) int { return len(p.Routes) - 1 }
