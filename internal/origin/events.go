package origin

import "time"

// Change is something that an owner should know of an address.
type Change struct {
	Origin, Address string
	// To is Ejected, Down or Open when requests are kept from the address, and Up
	// when its health check succeeds again, or it takes connections again.
	To State
	// For is how long an Ejected or Open address is left alone.
	For time.Duration
	// Err is what was wrong; nil for Up.
	Err error
}

// changed tells what is worth telling of two healths that follow each other. An
// address that stays open is told once; that an ejection ended shows in the
// metrics.
func changed(before, after health) (to State, lasting time.Duration, ok bool) {
	switch {
	case after.open && !before.open:
		return Open, after.openFor, true
	case before.open && !after.open:
		return Up, 0, true
	case after.down != before.down && after.down:
		return Down, 0, true
	case after.down != before.down:
		return Up, 0, true
	case after.ejectedUntil.After(before.ejectedUntil):
		return Ejected, after.ejectedFor, true
	}
	return 0, 0, false
}

// update changes the health of a, and tells of it.
func (p *pool) update(a *address, next func(health) health, err error) {
	before, after := a.update(next, err)
	if after.ejectedUntil.After(before.ejectedUntil) {
		a.site.ejections.Add(1)
	}
	to, lasting, ok := changed(before, after)
	if !ok || p.tell == nil {
		return
	}
	if to == Up {
		err = nil
	}
	p.tell(Change{p.config.Name, a.name, to, lasting, err})
}

// connected notes a connection to a that was made.
func (p *pool) connected(a *address) {
	if !a.calm.Load() {
		now := time.Now()
		p.update(a, func(h health) health { return h.connected(now) }, nil)
	}
}

// head notes the head of an answer.
func (p *pool) head(a *address, probe bool) {
	if !a.calm.Load() {
		now := time.Now()
		p.update(a, func(h health) health { return h.head(probe, now) }, nil)
	}
}

// whole notes an answer that came to its end.
func (p *pool) whole(a *address) {
	if !a.calm.Load() {
		now := time.Now()
		p.update(a, func(h health) health { return h.whole(&p.config, now) }, nil)
	}
}

// undecided notes an attempt that says nothing of a.
func (p *pool) undecided(a *address, probe bool) {
	if probe {
		p.update(a, func(h health) health { return h.undecided(true) }, nil)
	}
}

// fault notes a failed attempt at a. It ejects a only if enough others are left.
func (p *pool) fault(a *address, f fault, err error) {
	p.ejecting.Lock()
	defer p.ejecting.Unlock()
	now := time.Now()
	f.ejectable = p.mayEject(now)
	p.update(a, func(h health) health { return h.failed(&p.config, f, now) }, err)
}

// mayEject reports whether one more address may be ejected.
func (p *pool) mayEject(now time.Time) bool {
	addresses := *p.addresses.Load()
	ejected := 0
	for _, a := range addresses {
		if now.Before(a.now().ejectedUntil) {
			ejected++
		}
	}
	return float64(ejected+1) <= p.config.Eject.Most*float64(len(addresses))
}
