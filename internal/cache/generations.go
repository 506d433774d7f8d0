package cache

// Generation counts the invalidations of a node. It only grows. Two
// generations are compared, never added.
type Generation uint64

// Generation returns the present generation. A fetch takes it before its first
// byte goes out: that is when its object is born.
func (m *Memory) Generation() Generation { panic("contract") }

// Selector says what an invalidation reaches: everything that any of its lists
// names (they are alternatives), narrowed to Hosts where those stand beside
// other lists.
type Selector struct {
	Tags, Paths, Prefixes, Routes, Hosts []string
	All                                  bool
	// Soft makes objects stale instead of dead.
	Soft bool
}

// Invalidation is the record of one.
type Invalidation struct {
	Generation Generation
	// Objects is how many stored objects it reached. It is counted after the
	// invalidation is in force.
	Objects int
}

// Invalidate puts s in force before it returns: no lookup that begins later
// returns an object that it reached and that was born before. It costs the same
// however many objects are stored. Paths are canonical paths: they reach all
// queries and variants, as do prefixes ("/a/" reaches "/a/b"; "/a" reaches "/a",
// "/a/b" and not "/ab").
func (m *Memory) Invalidate(s Selector) Generation { panic("contract") }

// Count walks over what is stored and counts what s reaches; with reclaim, it
// frees the memory of what is dead. It takes time in the number of objects and
// holds no lock that a lookup needs.
func (m *Memory) Count(s Selector, reclaim bool) int { panic("contract") }

// Purged reports whether a hard invalidation that reaches l happened after
// born. A flight asks it for those who joined later than it began.
func (m *Memory) Purged(l *Labels, born Generation) bool { panic("contract") }

// cell is one interned label: the generations of its last hard and soft
// invalidation.
type cell struct{}
