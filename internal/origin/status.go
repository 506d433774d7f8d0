package origin

import (
	"slices"
	"strings"
	"time"
)

// Status is a picture of one origin.
type Status struct {
	Name string
	Gate GateStatus
	// Retries are requests that were sent again, Unpaid those that were not
	// because the budget was used up.
	Retries [NumRetries]uint64
	Unpaid  uint64
	// Sites are its URLs in the order of the configuration, Addresses those that
	// they stand for now.
	Sites     []SiteStatus
	Addresses []AddressStatus
}

// SiteStatus is what was counted for one URL since it was configured.
type SiteStatus struct {
	URL       string
	States    [NumStates]int // how many of its addresses are in each
	InFlight  int64
	Ejections uint64
	Attempts  [NumResults]uint64
	// Well and Unwell are the health checks that succeeded and failed.
	Well, Unwell uint64
	// Resolved and Unresolved are the look-ups of its name that succeeded and
	// failed, LookupError why the last one did; empty if it did not.
	Resolved, Unresolved uint64
	LookupError          string
}

// AddressStatus is a picture of one address.
type AddressStatus struct {
	URL, Address string
	State        State
	// Until is how long an Ejected or Open address is left alone yet.
	Until    time.Duration
	InFlight int64
	// Failures are those in a row; LastError is the last one ever, empty if there
	// was none.
	Failures  int
	LastError string
}

// Status returns a picture of every origin, by name.
func (s *Set) Status() []Status {
	var list []Status
	now := time.Now()
	for _, p := range *s.pools.Load() {
		list = append(list, p.status(now))
	}
	slices.SortFunc(list, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (p *pool) status(now time.Time) Status {
	s := Status{Name: p.config.Name, Gate: p.gate.status(), Unpaid: p.unpaid.Load()}
	for why := range NumRetries {
		s.Retries[why] = p.retries[why].Load()
	}
	index := make(map[*site]int, len(p.sites))
	for i, site := range p.sites {
		index[site] = i
		s.Sites = append(s.Sites, site.status())
		s.Sites[i].LookupError = p.lookupError(site)
	}
	for _, a := range *p.addresses.Load() {
		picture := a.status(now)
		of := &s.Sites[index[a.site]]
		of.States[picture.State]++
		of.InFlight += picture.InFlight
		s.Addresses = append(s.Addresses, picture)
	}
	return s
}

func (s *site) status() SiteStatus {
	status := SiteStatus{
		URL: s.url, Ejections: s.ejections.Load(),
		Well: s.checks[1].Load(), Unwell: s.checks[0].Load(),
		Resolved: s.resolved[1].Load(), Unresolved: s.resolved[0].Load(),
	}
	for r := range NumResults {
		status.Attempts[r] = s.attempts[r].Load()
	}
	return status
}

func (a *address) status(now time.Time) AddressStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.health
	s := AddressStatus{
		URL: a.site.url, Address: a.name, State: h.state(a.config, now),
		InFlight: a.inFlight.Load(), Failures: h.failures,
	}
	switch s.State {
	case Ejected:
		s.Until = h.ejectedUntil.Sub(now)
	case Open:
		s.Until = h.openUntil.Sub(now)
	}
	if a.last != nil {
		s.LastError = a.last.Error()
	}
	return s
}
