package fill

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

// Flights one after another have one goroutine, and as many at a time as there may be
// leave no more behind than mostIdle.
func TestWorkersAreUsedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		for i := range 10 {
			b.get(b.job(fmt.Sprint(i), answer{body: text("x")}))
			synctest.Wait()
			want(t, "workers that wait", b.waiting(), 1)
		}
		for i := range 3 * mostIdle {
			r, _ := b.Join(b.job(fmt.Sprint("at a time ", i), answer{latency: time.Second, body: text("x")}), 0)
			defer r.Close()
		}
		want(t, "workers that wait", b.waiting(), 0)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want(t, "workers that wait", b.waiting(), mostIdle)
	})
}
