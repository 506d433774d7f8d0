package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
	"edge/internal/cache"
	"edge/internal/rfc9111"
)

func TestAPurgeReachesEveryNode(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	nodes := []*testNode{newTestNode(t, "a", single(r), nil), newTestNode(t, "b", single(r), nil), newTestNode(t, "c", single(r), nil)}
	connected(t, nodes...)
	var old []object
	for _, n := range nodes {
		old = append(old, n.fetch("posts"), n.fetch("news"))
	}
	nodes[0].everywhere(t, nodes[0].purge("posts"))
	for _, n := range nodes {
		fresh := n.fetch("posts")
		for i, o := range old {
			if got, want := n.takes(o), o.tag != "posts"; got != want {
				t.Errorf("%s takes %q of %s from before: %v, want %v", n.log.o.Name, o.tag, nodes[i/2].log.o.Name, got, want)
			}
		}
		for _, other := range nodes {
			if !other.takes(fresh) {
				t.Errorf("%s does not take what %s fetched after the purge", other.log.o.Name, n.log.o.Name)
			}
		}
	}
	if nodes[1].holds(old[2]) || !nodes[1].holds(old[3]) {
		t.Error("what b fetched itself is not purged, or too much is")
	}
}

// A soft purge of another node makes stale, from the moment it is read.
func TestASoftPurgeReachesEveryNode(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, b := newTestNode(t, "a", single(r), nil), newTestNode(t, "b", single(r), nil)
	connected(t, a, b)
	o := b.fetch("posts")
	a.everywhere(t, a.Invalidate(cache.Selector{Tags: []string{"posts"}, Soft: true}, now()))
	if !b.holds(o) {
		t.Error("a soft purge has killed an object")
	}
	if b.Generation() == o.born {
		t.Error("the soft purge has not come")
	}
}

// A node without a server purges for itself, and what it purged is news to the
// others as soon as there is one. What they fetched meanwhile it does not take.
func TestAPurgeWithoutTheServer(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, b := newTestNode(t, "a", single(r), nil), newTestNode(t, "b", single(r), nil)
	connected(t, a, b)
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	old := b.fetch("posts")
	g := a.purge("posts")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if a.log.Logged(ctx, g) {
		t.Error("in the log of a server that is stopped")
	}
	if a.takes(old) {
		t.Error("a takes what b fetched before a purge that only a knows of")
	}
	if err := r.Continue(); err != nil {
		t.Fatal(err)
	}
	a.everywhere(t, g)
	if b.holds(old) || b.takes(old) || a.takes(old) {
		t.Error("the purge is lost")
	}
}

func TestANodeThatComesLater(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a := newTestNode(t, "a", single(r), nil)
	connected(t, a)
	old, kept := a.fetch("posts"), a.fetch("news")
	a.logged(t, a.purge("posts"))
	fresh := a.fetch("posts")
	b := newTestNode(t, "b", single(r), nil)
	connected(t, b)
	if b.takes(old) || !b.takes(kept) || !b.takes(fresh) {
		t.Errorf("takes what was purged before it came: %v, want false; what was not, and what was fetched later: %v, %v, want true",
			b.takes(old), b.takes(kept), b.takes(fresh))
	}
}

// cutOff returns two nodes, the second behind a line of its own.
func cutOff(t *testing.T, r *harness.Redis) (a, b *testNode, line *harness.Relay) {
	line = harness.RunRelay(t, r.Addr)
	a, b = newTestNode(t, "a", single(r), nil), newTestNode(t, "b", Server{Addresses: []string{line.Addr}}, nil)
	connected(t, a, b)
	return a, b, line
}

func TestANodeThatWasCutOffCatchesUp(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, b, line := cutOff(t, r)
	old, kept := b.fetch("posts"), b.fetch("news")
	line.Cut()
	// What the server has said before and the line still holds would be news of
	// before the purge: it is given up with the session.
	lost := b.log.Stats().Lost
	harness.Await(t, "b gives up the session", func() bool { return b.log.Stats().Lost > lost && !b.log.Trusted() })
	a.logged(t, a.purge("posts"))
	if !b.holds(old) {
		t.Fatal("the line is not cut")
	}
	line.Heal()
	connected(t, b)
	if b.holds(old) {
		t.Error("b trusts its memory before it has caught up")
	}
	if !b.holds(kept) {
		t.Error("b has purged more than what was purged")
	}
}

// The server forgets everything: what was fetched before is not taken from others
// any more, what is in memory stays, and a purge that had reached the log still
// reaches who was away.
func TestTheLogIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, *harness.Redis){
		"flushed": func(t *testing.T, r *harness.Redis) { r.Must(t, "FLUSHALL") },
		"restarted": func(t *testing.T, r *harness.Redis) {
			r.Kill()
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := harness.RunRedis(t)
			a, b, line := cutOff(t, r)
			old, kept := b.fetch("posts"), b.fetch("news")
			line.Cut()
			g := a.purge("posts")
			a.logged(t, g)
			before := a.fetch("weather")
			lose(t, r)
			harness.Await(t, "a begins a new epoch", func() bool { return a.Journal().Stamp().Epoch != before.stamp.Epoch })
			line.Lead(r.Addr)
			line.Heal()
			harness.Await(t, "the purge comes to b", func() bool { return !b.holds(old) })
			connected(t, a, b)
			if a.takes(before) || b.takes(before) {
				t.Error("what was fetched in the epoch before is taken")
			}
			if !a.holds(before) || !b.holds(kept) {
				t.Error("the memory of a node is lost with the log")
			}
			if fresh := b.fetch("posts"); !a.takes(fresh) {
				harness.Await(t, "a takes what b fetches later", func() bool { return a.takes(b.fetch("posts")) })
			}
		})
	}
}

// A replica is promoted that had not heard of the last purges. One that had seen
// them brings them back.
func TestAFailoverThatLosesTheEnd(t *testing.T) {
	t.Parallel()
	master, replica := harness.RunRedis(t), harness.RunRedis(t)
	replica.ReplicateFrom(t, master)
	toA, toB := harness.RunRelay(t, master.Addr), harness.RunRelay(t, master.Addr)
	a := newTestNode(t, "a", Server{Addresses: []string{toA.Addr}}, nil)
	b := newTestNode(t, "b", Server{Addresses: []string{toB.Addr}}, nil)
	connected(t, a, b)
	a.everywhere(t, a.purge("first"))
	harness.Await(t, "the replica has heard of it", func() bool { return replica.Must(t, "XLEN", "{edge}:log") == master.Must(t, "XLEN", "{edge}:log") })
	old, before := b.fetch("posts"), a.fetch("weather")
	if err := replica.Stop(); err != nil {
		t.Fatal(err)
	}
	toB.Cut()
	a.logged(t, a.purge("posts"))
	late := a.fetch("news") // with a position that the replica will give again
	master.Kill()
	if err := replica.Continue(); err != nil {
		t.Fatal(err)
	}
	replica.Must(t, "REPLICAOF", "NO", "ONE")
	toA.Lead(replica.Addr)
	toB.Lead(replica.Addr)
	toB.Heal()
	harness.Await(t, "the purge comes to b", func() bool { return !b.holds(old) })
	connected(t, a, b)
	for _, n := range []*testNode{a, b} {
		if n.takes(before) || n.takes(late) {
			t.Errorf("%s takes what was fetched before the failover", n.log.o.Name)
		}
	}
	if !a.holds(before) {
		t.Error("a has lost its memory")
	}
	a.everywhere(t, b.purge("weather"))
}

// What b has not read is gone from the log for good.
func TestTrimmedPast(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, b, line := cutOff(t, r)
	o := b.fetch("news")
	line.Cut()
	for range 3 {
		a.logged(t, a.purge("posts"))
	}
	r.Must(t, "XTRIM", "{edge}:log", "MAXLEN", "1")
	line.Lead(r.Addr)
	line.Heal()
	harness.Await(t, "b follows the log", func() bool { return b.log.Stats().Resumed[Trimmed] == 1 && b.log.Trusted() })
	if b.holds(o) {
		t.Error("b trusts its memory, and cannot know what was purged")
	}
	if fresh := a.fetch("news"); !b.takes(fresh) {
		t.Error("b does not take what was fetched after everything that was trimmed")
	}
	if b.takes(o) || !a.takes(o) {
		t.Error("what was fetched before the first entry of the log is taken by b, or not by a, which has read all of it")
	}
}

// The log is deleted under a node that does nothing but read it.
func TestTheLogIsDeleted(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a := newTestNode(t, "a", single(r), nil)
	connected(t, a)
	before := a.fetch("news")
	r.Must(t, "DEL", "{edge}:log")
	harness.Await(t, "a new epoch", func() bool { return a.Journal().Stamp().Epoch != before.stamp.Epoch })
	connected(t, a)
	a.logged(t, a.purge("posts"))
}

// Everything is trimmed out of the log, or its last entry, while the server remembers
// what positions it has given: the log goes on after those.
func TestTheLogIsEmptied(t *testing.T) {
	for _, kept := range []string{"0", "1"} {
		t.Run("to "+kept, func(t *testing.T) {
			t.Parallel()
			r := harness.RunRedis(t)
			a, b := newTestNode(t, "a", single(r), nil), newTestNode(t, "b", single(r), nil)
			connected(t, a, b)
			a.everywhere(t, a.purge("news"))
			before := a.fetch("weather")
			lost := a.log.Stats().Lost
			r.Must(t, "XTRIM", "{edge}:log", "MAXLEN", kept)
			if kept == "0" {
				harness.Await(t, "a has noticed", func() bool { return a.log.Stats().Lost > lost })
			}
			connected(t, a, b)
			o := b.fetch("posts")
			a.everywhere(t, a.purge("posts"))
			if b.holds(o) {
				t.Error("b holds what was purged on a")
			}
			if kept == "0" && b.takes(before) {
				t.Error("b takes what was fetched before, and cannot know what was purged")
			}
			c := newTestNode(t, "c", single(r), nil)
			connected(t, a, b, c)
			c.everywhere(t, c.purge("posts"))
		})
	}
}

func TestEntriesThatAreNoneOfOurs(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	var unreadable atomic.Int64
	a := newTestNode(t, "a", single(r), func(o *LogOptions) {
		o.Hooks.Unreadable = func(cache.Position) { unreadable.Add(1) }
	})
	connected(t, a)
	o := a.fetch("news")
	r.Must(t, "XADD", "{edge}:log", "*", "hello", "world")
	harness.Await(t, "it is read", func() bool { return a.log.Stats().Foreign == 1 })
	if !a.holds(o) {
		t.Error("somebody's entry has purged something")
	}
	r.Must(t, "XADD", "{edge}:log", "*", "v", "2", "e", "1", "tags", "posts")
	harness.Await(t, "that of another version is read", func() bool { return unreadable.Load() == 1 })
	if a.holds(o) {
		t.Error("an entry that cannot be read may have purged anything, and has not")
	}
	a.logged(t, a.purge("posts"))
	connected(t, a)
}

// A replica that lets nobody write is no log, however well it can be read.
func TestAReplicaIsNoLog(t *testing.T) {
	t.Parallel()
	master, replica := harness.RunRedis(t), harness.RunRedis(t)
	replica.ReplicateFrom(t, master)
	a := newTestNode(t, "a", single(replica), nil)
	harness.Await(t, "the node gives up", func() bool { return a.log.Stats().Lost > 2 })
	g := a.purge("posts")
	if a.log.Stats().Connected {
		t.Error("connected to a replica")
	}
	replica.Must(t, "REPLICAOF", "NO", "ONE")
	a.logged(t, g)
}

// A master becomes a replica while nodes follow it.
func TestAMasterIsDemoted(t *testing.T) {
	t.Parallel()
	r, other := harness.RunRedis(t), harness.RunRedis(t)
	a := newTestNode(t, "a", single(r), nil)
	connected(t, a)
	before := a.fetch("news")
	r.ReplicateFrom(t, other)
	harness.Await(t, "the node notices", func() bool { return !a.log.Trusted() })
	r.Must(t, "REPLICAOF", "NO", "ONE")
	connected(t, a)
	if a.takes(before) {
		t.Error("what was fetched before is taken, and the server has had another's data since")
	}
}

// A node that begins is waited for before it can have read anything: what it read
// before the others knew of it might be what they purge meanwhile.
func TestANodeIsKnownBeforeItReads(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	r.Must(t, "SET", "{edge}:log", "not a log")
	a := newTestNode(t, "a", single(r), nil)
	harness.Await(t, "the node cannot read", func() bool { return a.log.Stats().Lost > 0 })
	if r.Must(t, "EXISTS", a.log.keys.node(a.Journal().Node())) != "1" {
		t.Error("nobody knows of it")
	}
	r.Must(t, "DEL", "{edge}:log")
	connected(t, a)
}

func TestEverywhereNamesWhoLags(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, _, line := cutOff(t, r)
	c := newTestNode(t, "c", single(r), nil)
	connected(t, c)
	a.everywhere(t, a.purge("posts"))
	if got, want := a.log.Members(), []string{"b", "c"}; !slices.Equal(got, want) {
		t.Fatalf("a knows %q, want %q", got, want)
	}
	line.Cut()
	g := a.purge("posts")
	harness.Await(t, "b is the only one that lags", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		laggards, done := a.log.Everywhere(ctx, g)
		if done || !slices.Contains(laggards, "b") {
			t.Fatalf("laggards %q, done %v; want b", laggards, done)
		}
		return len(laggards) == 1
	})
	line.Heal()
	a.everywhere(t, g)
}

func TestWhoLeavesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a := newTestNode(t, "a", single(r), nil)
	connected(t, a)
	tries := 0
	harness.Await(t, "a node says in time that it leaves", func() bool {
		tries++
		name := fmt.Sprint("b", tries)
		// One that could not say it is waited for as long as it would be heard.
		b := newTestNode(t, name, single(r), func(o *LogOptions) { o.MaxSilence = time.Second })
		connected(t, b)
		a.everywhere(t, a.purge("posts"))
		if !slices.Contains(a.log.Members(), name) {
			t.Fatalf("a knows %q, want %s", a.log.Members(), name)
		}
		b.log.Close()
		if said := r.Must(t, "GET", a.log.keys.node(b.Journal().Node())); !strings.HasSuffix(said, " ") {
			return false // the machine is busy
		}
		a.everywhere(t, a.purge("posts"))
		if slices.Contains(a.log.Members(), name) {
			t.Errorf("a still counts on %s", name)
		}
		return true
	})
}

// What was purged in the last moments of a node is in the log when it has left: a
// purge that waits to be appended goes before the farewell, whichever is seen first.
func TestAPurgeIsLoggedBeforeANodeLeaves(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	n := &testNode{Memory: cache.NewMemory(cache.Options{Bytes: 1 << 20, Node: 1})}
	t.Cleanup(n.Close)
	l := &Log{o: LogOptions{Server: single(r), Memory: n.Memory, Now: now}.withDefaults(), journal: n.Journal(), keys: keys{"edge"}, leave: make(chan chan struct{})}
	l.members.init(1)
	l.journal.Follow(nextEpoch(0), beginningOfLog, beginningOfLog)
	r.Must(t, "XADD", l.keys.log(), beginningOfLog.String(), "somebody", "else")
	leave := func(tag string) error {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		s, err := l.open(ctx, cancel)
		if err != nil {
			return err
		}
		defer s.close()
		go func() { // ends with ctx
			select {
			case l.leave <- make(chan struct{}):
			case <-ctx.Done():
			}
		}()
		n.purge(tag)
		return s.write(ctx)
	}
	for i, left := 0, 0; left < 20; i++ {
		tag := fmt.Sprintf("tag-%d.", i)
		if err := leave(tag); err != nil {
			if i == 200 {
				t.Fatal(err)
			}
			l.journal.Unsent() // the machine is busy
			continue
		}
		left++
		if log := r.Must(t, "XRANGE", l.keys.log(), "-", "+"); !strings.Contains(log, tag) {
			t.Fatalf("%s is not in the log: %s", tag, log)
		}
	}
}

// A node whose announcement the server has lost is still waited for.
func TestEverywhereRemembersWhoWasThere(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, _, line := cutOff(t, r)
	harness.Await(t, "a knows b", func() bool { return len(a.log.Members()) == 1 })
	line.Cut()
	r.Must(t, "FLUSHALL")
	g := a.purge("posts")
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	if laggards, done := a.log.Everywhere(ctx, g); done || !slices.Equal(laggards, []string{"b"}) {
		t.Errorf("laggards %q, done %v; want b", laggards, done)
	}
}

func TestSilenceOfTheLog(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a := newTestNode(t, "a", single(r), func(o *LogOptions) { o.MaxSilence = time.Second })
	connected(t, a)
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	harness.Await(t, "the silence is noticed", func() bool { return a.log.Stats().Silent })
	if !a.Silent(now()) {
		t.Error("the memory does not know")
	}
	if err := r.Continue(); err != nil {
		t.Fatal(err)
	}
	harness.Await(t, "the log is heard again", func() bool { return !a.log.Stats().Silent && !a.Silent(now()) })
}

// The tier is not asked once the silence is too long, however short that is: what
// came from it would count as fetched after the silence.
func TestTheTierIsNotAskedInSilence(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	var ahead atomic.Int64
	a := newTestNode(t, "a", single(r), func(o *LogOptions) {
		o.MaxSilence = time.Second
		o.Now = func() rfc9111.Instant { return now().Add(time.Duration(ahead.Load())) }
	})
	connected(t, a)
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(1500 * time.Millisecond))
	if a.log.Trusted() && a.log.Silence() > time.Second {
		t.Error("a silence of 1.5 s is trusted, though only 1 s may be")
	}
	if err := r.Continue(); err != nil {
		t.Fatal(err)
	}
	connected(t, a)
}
