package fleet

import (
	"time"

	"github.com/redis/rueidis"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// passage is an entry that was read from the log.
type passage struct {
	at    cache.Position
	name  string
	when  rfc9111.Instant
	entry cache.Entry      // of an invalidation; the zero Entry of anything else
	here  cache.Generation // on this node
}

const (
	// maxRecent bounds the passages that are kept.
	maxRecent = 4096
	// restorable is for how long what a log has lost is appended again: who did not
	// hear of it for longer trusts nothing from before any more.
	restorable = 10 * time.Minute
)

// recent are the entries read last, oldest first: enough to find out where a log
// that has lost its end, or its beginning, still agrees with what was read.
type recent struct{ list []passage }

func (r *recent) add(p passage) {
	if len(r.list) >= maxRecent {
		r.list = append(r.list[:0], r.list[maxRecent/4:]...)
	}
	r.list = append(r.list, p)
}

// isLast reports whether x is what was read last.
func (r *recent) isLast(x rueidis.XRangeSlice) bool {
	e := parseEntry(x)
	return len(r.list) > 0 && r.list[len(r.list)-1].is(&e)
}

func (p *passage) is(e *entry) bool { return p.at == e.at && p.name == e.name() }

// cut forgets what was read after the entry at index i, and returns the
// invalidations among it that are young enough to be restored.
func (r *recent) cut(i int, now rfc9111.Instant) (lost []passage) {
	for _, p := range r.list[i+1:] {
		if p.entry.ID != (cache.EntryID{}) && now.Sub(p.when) <= restorable {
			lost = append(lost, p)
		}
	}
	r.list = r.list[:i+1]
	return lost
}
