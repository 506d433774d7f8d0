package fill

import (
	"context"
	"net/http"
	"testing"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// landing lets a leader and a follower join for job, purge what the test wants
// between them, and returns where both land.
type landing struct {
	answer answer
	run    func(b *bed, ctx context.Context, f *Flight) // instead of answer
	purge  cache.Selector                               // after the leader has joined
	vary   []string
	wait   time.Duration // of the follower
	gone   bool          // the follower's client leaves

	leader, follower Kind
	reason           rfc9111.Reason // of the follower
}

// Every kind of landing, and what brings a follower there. A kind without a row
// fails the test.
var landings = map[string]landing{
	"a body that may be shared": {
		answer: answer{body: text("x")},
		leader: Streaming, follower: Streaming, reason: rfc9111.Stored,
	},
	"a status that is not stored is shared with those who wait": {
		answer: answer{admission: unstoredStatus(), status: 404, body: text("x")},
		leader: Streaming, follower: Streaming, reason: rfc9111.StatusNotStored,
	},
	"a private body is the leader's alone": {
		answer: answer{admission: private(), body: text("x")},
		leader: Streaming, follower: NotStorable, reason: rfc9111.OriginPrivate,
	},
	"a length beyond max_object": {
		answer: answer{body: [][]byte{make([]byte, 1<<20+1)}, sized: true},
		leader: Streaming, follower: TooLarge, reason: rfc9111.TooLarge,
	},
	"a private body of a length beyond max_object": {
		answer: answer{admission: private(), body: [][]byte{make([]byte, 1<<20+1)}, sized: true},
		leader: Streaming, follower: NotStorable, reason: rfc9111.OriginPrivate,
	},
	"a tag that was purged before the follower came": {
		answer: answer{tags: []string{"t"}, body: text("x")}, purge: cache.Selector{Tags: []string{"t"}},
		leader: Streaming, follower: Superseded, reason: rfc9111.Superseded,
	},
	"a tag that was purged softly": {
		answer: answer{tags: []string{"t"}, body: text("x")}, purge: cache.Selector{Tags: []string{"t"}, Soft: true},
		leader: Streaming, follower: Streaming, reason: rfc9111.Stored,
	},
	"an answer that varies, for the same fields": {
		answer: answer{admission: varying("accept"), selector: "html", body: text("x")}, vary: []string{"accept"},
		leader: Streaming, follower: Streaming, reason: rfc9111.Stored,
	},
	"an answer that varies, for others": {
		answer: answer{admission: varying("accept"), selector: "json", body: text("x")}, vary: []string{"accept"},
		leader: Streaming, follower: OtherVariant, reason: rfc9111.OtherVariant,
	},
	"an object that a second look-up found": {
		run:    func(b *bed, _ context.Context, f *Flight) { f.Serve(b.object("", 0)) },
		leader: Object, follower: Object, reason: rfc9111.Fresh,
	},
	"an object of the follower's variant": {
		run: func(b *bed, _ context.Context, f *Flight) { f.Serve(b.object("html", 0)) }, vary: []string{"accept"},
		leader: Object, follower: Object, reason: rfc9111.Fresh,
	},
	"an object of another variant": {
		run: func(b *bed, _ context.Context, f *Flight) { f.Serve(b.object("json", 0)) }, vary: []string{"accept"},
		leader: Object, follower: OtherVariant, reason: rfc9111.OtherVariant,
	},
	"an object that was purged before the follower came": {
		run:    func(b *bed, _ context.Context, f *Flight) { f.Serve(b.object("", 0)) },
		purge:  cache.Selector{Tags: []string{"object"}},
		leader: Object, follower: Superseded, reason: rfc9111.Superseded,
	},
	"an answer that the policy fails": {
		answer: answer{admission: &rfc9111.Admission{Store: rfc9111.StoreFail, Reason: rfc9111.ViolationFailed}},
		leader: Failed, follower: Failed, reason: rfc9111.ViolationFailed,
	},
	"an origin that fails": {
		run:    func(_ *bed, _ context.Context, f *Flight) { f.Fail(rfc9111.OriginDial, errOrigin) },
		leader: Failed, follower: Failed, reason: rfc9111.OriginDial,
	},
	"a fetch that says nothing": {
		run:    func(*bed, context.Context, *Flight) {},
		leader: Failed, follower: Failed, reason: rfc9111.OriginBroken,
	},
	"a response nobody has decided about": {
		run: func(_ *bed, _ context.Context, f *Flight) {
			f.Respond(http.StatusBadGateway, http.Header{})
			f.End(nil)
		},
		leader: Streaming, follower: NotStorable,
	},
	"a wait that is too long": {
		answer: answer{latency: time.Minute}, wait: 5 * time.Second,
		leader: Streaming, follower: TimedOut, reason: rfc9111.WaitedTooLong,
	},
	"a client that goes away": {
		answer: answer{latency: time.Minute}, gone: true,
		leader: Streaming, follower: Failed, reason: rfc9111.ClientGone,
	},
}

func varying(names ...string) *rfc9111.Admission {
	a := storable()
	a.Vary = names
	return a
}

// object returns one that varies by Accept when there is a selector.
func (b *bed) object(selector string, born cache.Generation) *cache.Object {
	labels := testLabels
	labels.Tags = []string{"object"}
	o := &cache.Object{Body: cache.NewBody(nil), Labels: labels, Born: born}
	if selector != "" {
		o.Head = cache.MakeHead(http.Header{"Vary": {" Accept ,, ACCEPT"}})
		o.Selection = cache.NewSelection([]byte(selector), nil)
	}
	return o
}

func TestLandings(t *testing.T) {
	seen := make(map[Kind]bool)
	for name, l := range landings {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) { l.check(t) })
		})
		seen[l.leader], seen[l.follower] = true, true
	}
	for k := range NumKinds {
		if !seen[k] {
			t.Errorf("no case lands %v", k)
		}
	}
}

func (l landing) check(t *testing.T) {
	b := newBed(t, Options{}, cache.Options{})
	job := b.job("k", l.answer)
	head := make(chan struct{})
	run := job.Run
	job.Run = func(ctx context.Context, f *Flight) {
		<-head
		if l.run != nil {
			l.run(b, ctx, f)
			return
		}
		run(ctx, f)
	}
	first, lead := b.Join(job, b.memory.Generation())
	defer first.Close()
	if !lead {
		t.Fatal("the first to join does not lead")
	}
	b.memory.Invalidate(l.purge, 0)
	second, lead := b.Join(job, b.memory.Generation())
	defer second.Close()
	if lead {
		t.Fatal("the second to join leads")
	}
	close(head)

	asked := 0
	match := func(vary []string, selector []byte) bool {
		asked++
		if len(vary) != 1 || vary[0] != "accept" {
			t.Errorf("match is asked for %q", vary)
		}
		return string(selector) == "html"
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if l.gone {
		cancel()
	}
	got := second.Land(ctx, l.wait, match)
	want(t, "follower", got.Kind, l.follower)
	want(t, "follower's reason", got.Reason, l.reason)
	want(t, "follower's part collapsed", got.Collapsed, true)
	want(t, "questions for the variant", asked, len(l.vary))
	led := first.Land(t.Context(), 0, match)
	want(t, "leader", led.Kind, l.leader)
	want(t, "leader's part collapsed", led.Collapsed, false)
	want(t, "leader is asked for a variant", asked, len(l.vary))
}

func TestKindsHaveNames(t *testing.T) {
	seen := make(map[string]bool)
	for k := range NumKinds {
		if s := k.String(); s == "" || s == "unknown" || seen[s] {
			t.Errorf("Kind(%d) is called %q", k, s)
		}
		seen[k.String()] = true
	}
	want(t, "beyond the list", NumKinds.String(), "unknown")
}
