package fill

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// Each flight ends at its own deadline, to the instant, though all have one timer:
// also where others end before it, have none any more, or come when it has gone off.
func TestEveryFlightHasItsOwnDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{Deadline: time.Minute}, cache.Options{})
		begin := time.Now()
		ended := make(map[string]time.Duration)
		start := func(key string, a answer) {
			go func() {
				b.get(b.job(key, a))
				b.note(func() { ended[key] = time.Since(begin) })
			}()
			synctest.Wait()
		}
		slow := answer{latency: time.Hour}
		start("in time", answer{latency: 30 * time.Second, body: text("x")})
		start("first", slow)
		start("endless", answer{admission: private(), body: text("x"), rest: 5 * time.Minute})
		time.Sleep(10 * time.Second)
		start("second", slow)
		time.Sleep(49 * time.Second)
		start("third", slow)
		time.Sleep(10 * time.Minute)
		start("late", slow)
		b.settled()
		synctest.Wait()
		for key, want := range map[string]time.Duration{
			"in time": 30 * time.Second, "first": time.Minute, "endless": 5 * time.Minute,
			"second": 70 * time.Second, "third": 119 * time.Second, "late": 11*time.Minute + 59*time.Second,
		} {
			if ended[key] != want {
				t.Errorf("%q ended after %v, want %v", key, ended[key], want)
			}
		}
		timeouts := 0
		for _, o := range b.outcomes {
			if o.Reason == rfc9111.OriginTimeout {
				timeouts++
			}
		}
		want(t, "flights that took too long", timeouts, 4)
		want(t, "flights that are still known", fmt.Sprint(b.under.first, b.under.last), fmt.Sprint((*Flight)(nil), (*Flight)(nil)))
	})
}
