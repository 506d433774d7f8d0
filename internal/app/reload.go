package app

import (
	"errors"
	"time"

	"edge/internal/policy"
)

// errTruncated is why a file without its end is refused.
var errTruncated = errors.New(`the file no longer ends with "...": it is taken for truncated; ` +
	`end it with "..." again, or restart edge to run it without`)

// load reads the policy that the options name. Hosts are compared with the
// port that is really listened on. It remembers the files it read.
func (a *App) load() (*policy.Policy, error) {
	if a.o.Config == "" {
		return policy.ForOrigin(a.o.Origin, addrOf(a.data))
	}
	a.files = files{}
	return policy.Load(a.source(addrOf(a.data)))
}

// source is the policy file, with the texts that a.files remembers.
func (a *App) source(listen string) policy.Source {
	return policy.Source{Name: a.o.Config, Read: a.files.read, Env: a.o.Env, Listen: listen}
}

// endsWithMark reports whether the file that was read last ends with "...".
func (a *App) endsWithMark() bool {
	return policy.EndsWithDocumentEnd(a.files[a.o.Config].text)
}

// Reload reads the policy again and puts it in force. On any error the running
// policy stays, and the error has been logged and counted. It is safe for
// concurrent use.
func (a *App) Reload() error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	return a.reload()
}

// reload is Reload, under a.reloading.
func (a *App) reload() error {
	next, err := a.next()
	if err != nil {
		a.counters.Reload(false, "", time.Time{})
		a.log.Error("the new policy is refused, the running one stays", problemsOf(err))
		return err
	}
	a.policy.Store(next)
	a.proxy.Swap(next)
	a.swapAdmin()
	a.counters.Reload(true, next.Hash, time.Now())
	a.log.Info("policy loaded", "hash", next.Hash, "routes", routes(next))
	a.tell(next)
	return nil
}

// next loads the policy that is to follow, and makes its origins.
func (a *App) next() (*policy.Policy, error) {
	next, err := a.load()
	if err != nil {
		return nil, err
	}
	ends := a.endsWithMark()
	if a.ended && !ends {
		return nil, errTruncated
	}
	if err := a.origins.Update(originsOf(&next.Settings)); err != nil {
		return nil, err
	}
	a.ended = ends
	a.needsRestart(&next.Settings)
	return next, nil
}

// needsRestart warns of what is not as it was at start and that a reload does
// not change.
func (a *App) needsRestart(next *policy.Settings) {
	for _, c := range []struct {
		option   string
		old, new any
		replaced bool // by an option of the command line
	}{
		{"listen", a.started.Listen, a.writtenListen(), a.o.Listen != ""},
		{"admin.listen", a.started.Admin.Listen, next.Admin.Listen, a.o.Admin != ""},
		{"metrics.listen", a.started.Metrics.Listen, next.Metrics.Listen, false},
		{"access_log", a.started.AccessLog, next.AccessLog, a.o.AccessLog != nil},
		{"cache.memory", a.started.Memory, next.Memory, false},
		{"cache.variants", a.started.Variants, next.Variants, false},
		{"cache.in_flight", a.started.Budget, next.Budget, false},
	} {
		if c.old != c.new && !c.replaced {
			a.log.Warn(c.option+" was changed: restart edge for it to take effect", "running", c.old, "file", c.new)
		}
	}
}

// writtenListen is listen as the file has it, which a load for the listener
// that is open replaces.
func (a *App) writtenListen() string {
	if a.o.Config == "" {
		return a.started.Listen
	}
	p, err := policy.Load(a.source(""))
	if err != nil {
		return "" // an address that could not be listened on
	}
	return p.Settings.Listen
}

// routes is how many routes the owner wrote; the default route is not his.
func routes(p *policy.Policy) int { return len(p.Routes) - 1 }
