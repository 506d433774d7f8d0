package race

import (
	"strings"
	"testing"
	"time"
)

// ms is an instant of a made-up history.
func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// got is a read from start to start + 1.
func got(key string, node int, value int64, m mark, start int) read {
	return read{key: key, node: node, conn: node, value: value, mark: m, hit: true, start: ms(start), end: ms(start + 1)}
}

// purged is a purge of key on node 0, acknowledged at end.
func purged(key string, value int64, soft bool, r reach, end int) purge {
	return purge{soft: soft, reached: r, floors: map[string]int64{key: value}, start: ms(end - 1), end: ms(end)}
}

func TestCheck(t *testing.T) {
	const k, own = "/hard/1", ownKeys + "1"
	for _, tt := range []struct {
		name string
		h    *history
		want string // the promises broken, in order
	}{
		{"nothing was purged", &history{reads: []read{got(k, 0, 1, fresh, 1), got(k, 0, 0, fresh, 5)}}, ""},
		{"a read on the node after the acknowledgement", &history{
			purges: []purge{purged(k, 2, false, local, 10)}, reads: []read{got(k, 0, 1, fresh, 11)}}, "a"},
		{"the same of another key", &history{
			purges: []purge{purged(k, 2, false, local, 10)}, reads: []read{got("/hard/2", 0, 1, fresh, 11)}}, ""},
		{"a read that began before the acknowledgement", &history{
			purges: []purge{purged(k, 2, false, local, 10)}, reads: []read{got(k, 0, 1, fresh, 10)}}, ""},
		{"what was purged is not to be seen as stale either", &history{
			purges: []purge{purged(k, 2, false, local, 10)}, reads: []read{got(k, 0, 1, stale, 11), got(k, 0, 1, silent, 11)}}, "aa"},
		{"what was softly purged is, if it says so", &history{
			purges: []purge{purged(k, 2, true, local, 10)}, reads: []read{got(k, 0, 1, stale, 11), got(k, 0, 1, fresh, 12)}}, "a"},
		{"a fetch from before a soft purge may be joined, one from before a hard purge may not", &history{
			purges: []purge{purged(k, 2, false, local, 10), purged(k, 5, true, local, 10)},
			reads:  []read{got(k, 0, 4, joined, 11), got(k, 0, 1, joined, 12)}}, "a"},
		{"a soft purge does not lift a hard one", &history{
			purges: []purge{purged(k, 2, false, local, 10), purged(k, 5, true, local, 20)},
			reads:  []read{got(k, 0, 2, stale, 21), got(k, 0, 1, stale, 22)}}, "a"},
		{"another node, before it has heard", &history{
			purges: []purge{purged(k, 2, false, accepted, 10)}, reads: []read{got(k, 1, 1, fresh, 90)}}, ""},
		{"another node, when the fleet has it", &history{
			purges: []purge{purged(k, 2, false, everywhere, 10)}, reads: []read{got(k, 1, 1, fresh, 11)}}, "b"},
		{"a node that left the fleet, and says so", &history{
			purges: []purge{purged(k, 2, false, everywhere, 10)}, reads: []read{got(k, 1, 1, silent, 11)}}, ""},
		{"another node, after it has heard", &history{
			purges: []purge{purged(k, 2, false, accepted, 10)}, contacts: []contact{{1, ms(11), ms(15)}},
			reads: []read{got(k, 1, 1, fresh, 14), got(k, 1, 1, fresh, 16), got(k, 2, 1, fresh, 16)}}, "c"},
		{"another node, that has heard of what came before", &history{
			purges: []purge{purged(k, 2, false, accepted, 10)}, contacts: []contact{{1, ms(10), ms(15)}}, reads: []read{got(k, 1, 1, fresh, 16)}}, ""},
		{"what the log does not have cannot be heard", &history{
			purges: []purge{purged(k, 2, false, local, 10)}, contacts: []contact{{1, ms(11), ms(15)}}, reads: []read{got(k, 1, 1, fresh, 16)}}, ""},
		{"after everything is healed", &history{
			purges: []purge{purged(k, 2, false, local, 10)}, barriers: []barrier{{ms(11), ms(20)}},
			reads: []read{got(k, 2, 1, fresh, 19), got(k, 2, 1, fresh, 21)}}, "e"},
		{"a purge that the healing need not have seen", &history{
			purges: []purge{purged(k, 2, false, local, 10)}, barriers: []barrier{{ms(9), ms(20)}}, reads: []read{got(k, 2, 1, fresh, 21)}}, ""},
		{"a connection goes back", &history{reads: []read{got(own, 1, 2, fresh, 1), got(own, 1, 1, fresh, 3)}}, "d"},
		{"it may, to what says that it is stale", &history{reads: []read{got(own, 1, 2, fresh, 1), got(own, 1, 1, stale, 3)}}, ""},
		{"it may, after what was not stored", &history{reads: []read{{key: own, value: 2, start: ms(1), end: ms(2)}, got(own, 0, 1, fresh, 3)}}, ""},
		{"it may, through the tier", &history{reads: []read{got(k, 1, 2, fresh, 1), got(k, 1, 1, fresh, 3)}}, ""},
		{"two connections have no order", &history{reads: []read{got(own, 1, 2, fresh, 1), got(own, 2, 1, fresh, 3)}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var broken strings.Builder
			for _, v := range tt.h.violations() {
				broken.WriteByte(byte(v.promise))
			}
			if got := broken.String(); got != tt.want {
				t.Errorf("broken promises %q, want %q", got, tt.want)
			}
		})
	}
}

// What one history has promised binds the next.
func TestSummary(t *testing.T) {
	const k = "/mixed/1"
	before := history{purges: []purge{purged(k, 2, false, local, 10), purged(k, 4, true, local, 20)}}
	next := history{purges: before.summary(), reads: []read{got(k, 2, 4, fresh, 1), got(k, 2, 2, stale, 3), got(k, 2, 2, fresh, 5), got(k, 2, 1, stale, 7)}}
	list := next.violations()
	if len(list) != 2 || list[0].read.start != ms(5) || list[1].read.start != ms(7) {
		t.Errorf("violations %+v, want the last two reads", list)
	}
}

func TestExplain(t *testing.T) {
	const k = "/hard/1"
	h := history{
		purges: []purge{purged(k, 2, false, accepted, 10), purged("/hard/2", 9, false, local, 10)},
		reads:  []read{got(k, 1, 1, fresh, 3), got(k, 1, 1, fresh, 4), got(k, 0, 1, stale, 11), got(k, 0, 2, fresh, 13)},
	}
	const want = `(a) a read after the acknowledgement, on the node that gave it
got 1 of /hard/1, want at least 2 since    0.0100s:
     0.0030s     0.0040s  node b  1 (connection 1)
     0.0090s     0.0100s  node a  hard purge of what is less than 2: accepted
     0.0110s     0.0120s  node a  1, stale (connection 0)
`
	if got := h.explain(h.violations()[0]); got != want {
		t.Errorf("explain:\n%s\nwant:\n%s", got, want)
	}
}
