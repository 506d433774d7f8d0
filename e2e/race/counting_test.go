//go:build checker

package race

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
)

// class is a kind of key: how the policy treats it, and how it is purged.
type class struct {
	name string
	// soft: some of its purges are. posts: some of them are POSTs through edge.
	soft, posts bool
}

// classes are the routes of fleet.yaml.
var classes = []class{
	{name: "hard"}, {name: "mixed", soft: true}, {name: "large", soft: true}, {name: "short"}, {name: "auto", posts: true},
}

const (
	// usualDelay is the most that the origin takes when nothing is done to it, and
	// hesitation what it takes at most, now and then, whatever is done.
	usualDelay = 10 * time.Millisecond
	hesitation = 500 * time.Millisecond
)

// keysOfClass is how many keys there are of each.
const keysOfClass = 4

// path returns the key with a number.
func (c class) path(id int) string { return fmt.Sprintf("/%s/%d", c.name, id) }

// counting is an origin that answers each key with an integer.
type counting struct {
	*harness.Origin
	values map[string]*atomic.Int64 // by key; the map does not change
	large  string                   // the answer for what flows: 1 MiB
	// slowest is how long it may take to answer, an answer that was decided upon
	// when the request came.
	slowest atomic.Int64
	// notModified: it takes whatever somebody has for what it would say itself.
	notModified          atomic.Bool
	answered, unmodified atomic.Int64
}

func runCounting(t *testing.T) *counting {
	o := &counting{values: map[string]*atomic.Int64{}, large: strings.Repeat(".", 1<<20)}
	for _, c := range classes {
		for id := range keysOfClass {
			o.values[c.path(id)] = new(atomic.Int64)
		}
	}
	o.Origin = harness.RunOrigin(t, o.answer)
	return o
}

func (o *counting) answer(r harness.Request) harness.Answer {
	if strings.HasPrefix(r.Target, "/flow/") {
		return harness.Answer{Body: o.large, Header: []string{"Content-Type: text/plain"}}
	}
	counter := o.values[r.Target]
	if counter == nil {
		return harness.Answer{Status: http.StatusNotFound}
	}
	if r.Method == http.MethodPost {
		return harness.Answer{Body: fmt.Sprintf("%d\n", counter.Add(1))}
	}
	value := counter.Load()
	if o.answered.Add(1)%1000 == 0 {
		o.Forget() // nobody looks at the requests
	}
	switch slowest := time.Duration(o.slowest.Load()); {
	case slowest == 0:
	case rand.IntN(4) == 0:
		time.Sleep(rand.N(slowest))
	case rand.IntN(50) == 0:
		time.Sleep(rand.N(hesitation))
	}
	a := harness.Answer{Header: []string{fmt.Sprintf(`ETag: "%d"`, value), "Content-Type: text/plain"}}
	if strings.HasPrefix(r.Target, "/auto/") {
		a.Header = append(a.Header, "Cache-Control: max-age=1, stale-while-revalidate=3", "Cache-Tag: auto, auto:"+r.Target[len("/auto/"):])
	}
	if known := r.Header.Get("If-None-Match"); known != "" && (o.lies(r.Target) || known == fmt.Sprintf(`"%d"`, value)) {
		o.unmodified.Add(1)
		a.Status = http.StatusNotModified
		return a
	}
	a.Body = fmt.Sprintf("%d\n", value)
	if strings.HasPrefix(r.Target, ownKeys) {
		a.Body += strings.Repeat(".", 8<<10)
	}
	return a
}

// lies reports whether it says 304 whatever it is asked. Of a key that is purged
// softly that would make good again what is not, and no cache could know.
func (o *counting) lies(path string) bool {
	return o.notModified.Load() && !strings.HasPrefix(path, "/mixed/") && !strings.HasPrefix(path, ownKeys)
}

// now returns what it says of each key that begins with prefix.
func (o *counting) now(prefix string) map[string]int64 {
	values := map[string]int64{}
	for key, value := range o.values {
		if strings.HasPrefix(key, prefix) {
			values[key] = value.Load()
		}
	}
	return values
}
