package fleet

import (
	"math/rand/v2"
	"time"
)

// backoff gives pauses between attempts: each up to twice as long as the one
// before, at random.
type backoff struct {
	least, most time.Duration
	failures    int
}

// next returns the next pause, between half of what is due and all of it.
func (b *backoff) next() time.Duration {
	due := b.most
	if b.failures < 32 && b.least<<b.failures < b.most {
		due = b.least << b.failures
		b.failures++
	}
	return due/2 + rand.N(due/2+1)
}

func (b *backoff) reset() { b.failures = 0 }
