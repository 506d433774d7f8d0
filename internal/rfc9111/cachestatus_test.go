package rfc9111

import (
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
)

func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status Status
		want   string
	}{
		{"nothing", Status{}, "edge"},
		{"a fresh hit", Status{Hit: true, TTL: 41*s + 1, HasTTL: true, Detail: Fresh}, "edge; hit; ttl=41"},
		{"a stale hit is negative from the first nanosecond", Status{Hit: true, TTL: -1, HasTTL: true, Detail: StaleWhileRevalidate}, "edge; hit; ttl=-1; detail=stale-while-revalidate"},
		{"forever has no number", Status{Hit: true, TTL: Forever, HasTTL: true}, "edge; hit"},
		{"a miss", Status{Fwd: FwdURIMiss, FwdStatus: 200, Stored: true, Detail: Stored}, "edge; fwd=uri-miss; fwd-status=200; stored"},
		{"a shared miss", Status{Fwd: FwdStale, FwdStatus: 304, Stored: true, Collapsed: true, TTL: 60 * s, HasTTL: true, Detail: Validated}, "edge; fwd=stale; fwd-status=304; stored; collapsed; ttl=60; detail=validated"},
		{"a failure", Status{Fwd: FwdStale, FwdStatus: 503, Detail: StaleIfErr}, "edge; fwd=stale; fwd-status=503; detail=stale-if-error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tt.status.Append([]byte(nil))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever is in it, the member is one of RFC 9211: a list of structured fields
// with the parameters and types that it defines.
func TestStatusIsAStructuredField(t *testing.T) {
	for r := NoReason; r < NumReasons; r++ {
		fwd := Fwd("") // each word, and none
		if i := int(r) % (len(forwards) + 1); i < len(forwards) {
			fwd = forwards[i].word
		}
		status := Status{Fwd: fwd, FwdStatus: 502, Stored: true, Collapsed: true, TTL: -5 * time.Hour, HasTTL: true, Detail: r}
		status.Hit = status.Fwd == ""
		list, err := httpsfv.UnmarshalList([]string{"other; hit", string(status.Append(nil))})
		if err != nil || len(list) != 2 {
			t.Fatalf("%s: %v, %v", status.Append(nil), list, err)
		}
		item := list[1].(httpsfv.Item)
		if item.Value != httpsfv.Token("edge") {
			t.Errorf("the name is %v", item.Value)
		}
		for name, want := range map[string]any{
			"hit": true, "stored": true, "collapsed": true, "ttl": int64(-18000), "fwd-status": int64(502),
			"fwd": httpsfv.Token(fwd), "detail": httpsfv.Token(r.String()),
		} {
			got, ok := item.Params.Get(name)
			absent := name == "hit" && !status.Hit || name == "fwd" && status.Hit ||
				name == "detail" && (r == NoReason || r == Fresh || r == Stored)
			if ok == absent || ok && got != want {
				t.Errorf("%s: %s = %v, want %v", status.Append(nil), name, got, want)
			}
		}
	}
}

func TestStatusDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 128)
	status := Status{Hit: true, TTL: 41 * s, HasTTL: true, Detail: StaleWhileRevalidate}
	if n := testing.AllocsPerRun(100, func() { buf = status.Append(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
