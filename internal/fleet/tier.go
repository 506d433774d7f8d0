package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"edge/internal/cache"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// Tier is the store that a fleet shares, behind the memory of each node. It may
// have anything, lose anything and be away at any time; what it gives was checked
// to be whole, to be for the key, and to have a place in the history that this node
// knows. All methods are safe for concurrent use; none may be called after Close.
type Tier struct {
	o             TierOptions
	journal       *cache.Journal
	names         tierKeys
	reads, writes *line
	queue         queue
	counts        tierCounts

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// TierOptions configure a Tier.
type TierOptions struct {
	Server Server
	// Prefix begins every name on the server.
	Prefix string
	// Memory has the Journal that says what stamps come to.
	Memory *cache.Memory
	// Trusted reports whether this node knows of every invalidation of its fleet:
	// the tier is not read otherwise.
	Trusted func() bool
	// Now is the monotonic clock of the process.
	Now func() rfc9111.Instant
	// Timeout is how long the first byte of an answer may take; 0 for 50 ms. Large
	// values get more, by their size.
	Timeout time.Duration
	// MaxObject is the largest body that is written, in bytes.
	MaxObject int64
	// Looked is called with the outcome of every Get and what it took; may be nil.
	Looked func(Outcome, time.Duration)
}

// Outcome is how a Get ended. The list is closed.
type Outcome uint8

const (
	// Hit: there is an object.
	Hit Outcome = iota
	// Miss: there is none.
	Miss
	// Dead: there is one that was purged since, or of which that cannot be told.
	Dead
	// Broken: there is something that is no object for the key.
	Broken
	// TimedOut: there was no answer in time.
	TimedOut
	// Failed: there was none.
	Failed
	// Skipped: the server was not asked: its breaker is open, too many wait for it,
	// or this node does not know of every invalidation.
	Skipped

	NumOutcomes
)

var outcomeWords = [NumOutcomes]string{"hit", "miss", "dead", "broken", "timeout", "error", "skipped"}

// String returns the outcome's word.
func (o Outcome) String() string { return outcomeWords[o] }

// NewTier returns a Tier that connects in the background.
func NewTier(o TierOptions) *Tier {
	if o.Looked == nil {
		o.Looked = func(Outcome, time.Duration) {}
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	ctx, cancel := context.WithCancel(context.Background())
	t := &Tier{o: o, journal: o.Memory.Journal(), names: tierKeys{o.Prefix}, cancel: cancel}
	t.reads, t.writes = newLine(ctx, o.Server, o.Now), newLine(ctx, o.Server, o.Now)
	t.queue.init()
	for range writers {
		t.wg.Go(func() { t.write(ctx) }) // ends with ctx
	}
	return t
}

// Close ends all goroutines and connections. What was not written is lost.
func (t *Tier) Close() {
	t.cancel()
	t.wg.Wait()
	t.reads.wg.Wait()
	t.writes.wg.Wait()
}

// tierKeys are the names of objects on the server: a hash of the key, which a frame
// has in full. A cluster keeps what stands in braces together: a key, and all its
// variants.
type tierKeys struct{ prefix string }

// key is the name of the object for a key, or of the rule that selects one.
func (k tierKeys) key(key []byte) string {
	sum := sha256.Sum256(key)
	return k.prefix + ":{" + hex.EncodeToString(sum[:16]) + "}"
}

// variant is the name of the object under the name of its key.
func (k tierKeys) variant(name string, selector []byte) string {
	sum := sha256.Sum256(selector)
	return name + ":" + hex.EncodeToString(sum[:16])
}

// Times for one answer: the first byte, and what a slow line carries of the rest.
const (
	defaultTimeout = 50 * time.Millisecond
	bytesPerSecond = 8 << 20
	// firstPart is how much of a value is asked for at first: most are no larger, and
	// it says how large the value is.
	firstPart = 32 << 10
)

// limitOf is how long an answer of n bytes may take.
func (t *Tier) limitOf(n int) time.Duration {
	return t.o.Timeout + time.Duration(n)*time.Second/bytesPerSecond
}

// Found is an object of the tier, as Memory.Store takes it, but for the labels,
// which are those of the node that wrote it.
type Found struct {
	Object *cache.Object
	// Vary are the names that select it; nil for an object without variants.
	Vary []string
}

// Get returns what the tier has for v under key, and how it went; the object is
// Dead, and not returned, if this node knows of a purge that reaches it.
func (t *Tier) Get(ctx context.Context, key []byte, v *request.View) (Found, Outcome) {
	began := t.o.Now()
	f, outcome := t.get(ctx, key, v)
	t.counts.looked[outcome].Add(1)
	t.o.Looked(outcome, t.o.Now().Sub(began))
	return f, outcome
}

func (t *Tier) get(ctx context.Context, key []byte, v *request.View) (Found, Outcome) {
	if !t.o.Trusted() {
		return Found{}, Skipped
	}
	name := t.names.key(key)
	value, err := t.read(ctx, name)
	if err == nil && value.info.kind == ruleFrame {
		var vary []string
		if vary, err = decodeRule(value.frame, key); err == nil {
			name = t.names.variant(name, rfc9111.AppendSelector(nil, vary, v))
			value, err = t.read(ctx, name)
		}
	}
	var s *stored
	if err == nil {
		s, err = decodeObject(value.frame, key)
	}
	if errors.Is(err, errGarbage) {
		t.remove(name)
	}
	if err != nil {
		return Found{}, outcomeOf(err)
	}
	return t.judge(s, value, v)
}

// outcomeOf says how a Get ended that gave no object.
func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, errNothing):
		return Miss
	case errors.Is(err, errGarbage), errors.Is(err, errVersion), errors.Is(err, errOtherKey):
		return Broken
	case errors.Is(err, errOpen), errors.Is(err, errBusy):
		return Skipped
	case errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return Failed
}

// judge makes an object of this node of what another has written, if it fits the
// request and no purge that this node knows of has reached it.
func (t *Tier) judge(s *stored, value *value, v *request.View) (Found, Outcome) {
	o := s.object
	if s.vary != nil && string(rfc9111.AppendSelector(nil, s.vary, v)) != string(o.Selector()) {
		return Found{}, Broken
	}
	born, ok := t.journal.Born(s.stamp)
	if !ok || t.o.Memory.Purged(&o.Labels, born) {
		return Found{}, Dead
	}
	o.Born = born
	o.Meta.Response, o.Meta.InitialAge = value.at, s.age+value.lay
	return Found{o, s.vary}, Hit
}

// value is a frame that was read, and checked.
type value struct {
	frame []byte
	info  frameInfo
	at    rfc9111.Instant // when it was here
	// lay is how long it lay on the server, and was on its way.
	lay time.Duration
}

var errNothing = errors.New("fleet: nothing has that name")

// read reads and checks the frame with a name: a first part, which says how much
// more there is, and then the rest.
func (t *Tier) read(ctx context.Context, name string) (*value, error) {
	asked := t.o.Now()
	answers, err := t.reads.exchange(ctx, t.limitOf(firstPart), func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{
			b.Getrange().Key(name).Start(0).End(firstPart - 1).Build(),
			b.Pttl().Key(name).Build(),
		}
	})
	if err != nil {
		return nil, err
	}
	text, err := answers[0].ToString()
	if err != nil {
		return nil, errGarbage // of another type
	}
	if text == "" {
		return nil, errNothing
	}
	v := &value{frame: []byte(text), at: t.o.Now()}
	if v.info, err = parseFrameHead(v.frame); err != nil {
		return nil, err
	}
	if int64(v.info.length) > t.frameMax() {
		return nil, errGarbage
	}
	left, err := answers[1].AsInt64()
	if v.lay = v.info.toLive - time.Duration(left)*time.Millisecond; err != nil || left < 0 || v.lay < 0 {
		return nil, errGarbage // nobody said when it was written
	}
	v.lay += v.at.Sub(asked)
	if v.info.length > len(v.frame) {
		if err := t.rest(ctx, name, v); err != nil {
			return nil, err
		}
	}
	t.counts.bytesRead.Add(uint64(len(v.frame)))
	return v, checkFrame(v.frame)
}

// rest reads what follows the first part. If the value was replaced meanwhile, the
// sum tells.
func (t *Tier) rest(ctx context.Context, name string, v *value) error {
	missing := v.info.length - len(v.frame)
	answers, err := t.reads.exchange(ctx, t.limitOf(missing), func(b rueidis.Builder) []rueidis.Completed {
		return []rueidis.Completed{b.Getrange().Key(name).Start(int64(len(v.frame))).End(int64(v.info.length)).Build()}
	})
	if err != nil {
		return err
	}
	text, err := answers[0].ToString()
	if err != nil {
		return errGarbage
	}
	v.frame = append(v.frame, text...)
	if len(v.frame) != v.info.length {
		return errNothing // it has gone, or was replaced, in between
	}
	return nil
}

// frameMax is the longest frame that is read: other nodes may write larger bodies
// than this one, and heads come on top.
func (t *Tier) frameMax() int64 { return max(t.o.MaxObject, 16<<20) + 1<<20 }
