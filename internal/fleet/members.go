package fleet

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// members are the nodes of the fleet as this one knows them: what they announced
// on the server, and who was there lately though the server has forgotten it.
type members struct {
	own uint64

	mu   sync.Mutex // protects byID
	byID map[uint64]member
}

// member is what a node said of itself.
type member struct {
	name  string
	stamp cache.Stamp // up to where it has read the log
	gone  bool        // it left
	// until is when it will have trusted nothing from before for long, if it says
	// nothing more.
	until rfc9111.Instant
}

func (m *members) init(own uint64) { m.own, m.byID = own, map[uint64]member{} }

// saw takes in what node id said.
func (m *members) saw(id uint64, now member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byID[id] = now
}

// behind returns the names of the nodes that may answer with what an invalidation
// up to want has reached, sorted.
func (m *members) behind(want cache.Stamp, now rfc9111.Instant) (names []string) {
	return m.names(now, func(n member) bool {
		return n.stamp.Epoch != want.Epoch || n.stamp.At.Compare(want.At) < 0
	})
}

// names returns the names of the other nodes that are there and that which says,
// sorted.
func (m *members) names(now rfc9111.Instant, which func(member) bool) (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, n := range m.byID {
		switch {
		case now > n.until:
			delete(m.byID, id)
		case id != m.own && !n.gone && which(n):
			names = append(names, n.name)
		}
	}
	slices.Sort(names)
	return names
}

// graceAfterSilence is how much longer than its max_silence a node is taken for
// one that may answer: clocks and stops of either side fit in there.
const graceAfterSilence = 5 * time.Second

// announcement is what a node says of itself: "EPOCH POSITION MILLISECONDS NAME".
// One that leaves says it without its name.
func (l *Log) announcement(name string) (text string, ttl time.Duration) {
	at := l.journal.Stamp()
	ttl = l.o.MaxSilence + graceAfterSilence
	return fmt.Sprintf("%x %s %d %s", uint64(at.Epoch), at.At, ttl.Milliseconds(), name), ttl
}

// parseMember reads an announcement, as of now.
func parseMember(text string, now rfc9111.Instant) (n member, ok bool) {
	parts := strings.SplitN(text, " ", 4)
	if len(parts) != 4 {
		return n, false
	}
	epoch, err := strconv.ParseUint(parts[0], 16, 64)
	at, parsed := cache.ParsePosition(parts[1])
	ms, msErr := strconv.ParseUint(parts[2], 10, 32)
	if err != nil || !parsed || msErr != nil {
		return n, false
	}
	n.stamp = cache.Stamp{Epoch: cache.Epoch(epoch), At: at}
	n.until = now.Add(time.Duration(ms) * time.Millisecond)
	n.name, n.gone = parts[3], parts[3] == ""
	return n, true
}

// announce says how far this node has read. A server that lets nobody write is
// none that the fleet has in common: an error ends the session.
func (s *session) announce(ctx context.Context, name string) error {
	text, ttl := s.l.announcement(name)
	key := s.l.keys.node(s.l.journal.Node())
	return do(ctx, s.writer, s.writer.B().Set().Key(key).Value(text).PxMilliseconds(ttl.Milliseconds()).Build()).Error()
}

// meet announces this node and looks at the others.
func (s *session) meet(ctx context.Context) error {
	id := nodeID(s.l.journal.Node())
	if err := do(ctx, s.writer, s.writer.B().Sadd().Key(s.l.keys.nodes()).Member(id).Build()).Error(); err != nil {
		return err
	}
	if err := s.announce(ctx, s.l.o.Name); err != nil {
		return err
	}
	return s.look(ctx)
}

// look takes in what the nodes have announced. Those whose announcement has ended
// are struck off the server's list. It may be called by anybody at any time.
func (s *session) look(ctx context.Context) error {
	ids, err := do(ctx, s.client, s.client.B().Smembers().Key(s.l.keys.nodes()).Build()).AsStrSlice()
	if err != nil {
		return err
	}
	var nodes []uint64
	var names []string
	for _, id := range ids {
		if node, err := strconv.ParseUint(id, 16, 64); err == nil {
			nodes, names = append(nodes, node), append(names, s.l.keys.node(node))
		}
	}
	if len(names) == 0 {
		return nil
	}
	values, err := do(ctx, s.client, s.client.B().Mget().Key(names...).Build()).ToArray()
	if err != nil {
		return err
	}
	now := s.l.o.Now()
	for i, v := range values {
		text, err := v.ToString()
		if err != nil { // there is none
			if err := do(ctx, s.client, s.client.B().Srem().Key(s.l.keys.nodes()).Member(nodeID(nodes[i])).Build()).Error(); err != nil {
				return err
			}
			continue
		}
		if n, ok := parseMember(text, now); ok {
			s.l.members.saw(nodes[i], n)
		}
	}
	return nil
}
