package rfc9111

import (
	"fmt"
	"testing"
)

// Why what is stored did not answer: the most specific word of RFC 9211 section
// 2.2 that is true.
func TestFwd(t *testing.T) {
	for _, tt := range []struct {
		name    string
		o       *Overrides
		head    []string
		age     Instant
		soft    SoftPurge
		request string
		want    Fwd
	}{
		{"expired", auto(), []string{"Cache-Control: max-age=60"}, Instant(60 * s), SoftPurge{}, "", FwdStale},
		{"expired, and to be validated", auto(), []string{"Cache-Control: max-age=60", `ETag: "x"`}, Instant(60 * s), SoftPurge{}, "", FwdStale},
		{"softly purged", auto(), []string{"Cache-Control: max-age=60"}, Instant(s), SoftPurge{Hit: true}, "", FwdStale},
		{"no-cache of the response", auto(), []string{"Cache-Control: max-age=60, no-cache", `ETag: "x"`}, Instant(s), SoftPurge{}, "", FwdStale},
		{"no-cache of the request", auto(), []string{"Cache-Control: max-age=60"}, Instant(s), SoftPurge{}, "no-cache", FwdRequest},
		{"no-store of the request", auto(), []string{"Cache-Control: max-age=60"}, Instant(s), SoftPurge{}, "no-store", FwdRequest},
		{"max-age of the request", auto(), []string{"Cache-Control: max-age=60"}, Instant(9 * s), SoftPurge{}, "max-age=5", FwdRequest},
		{"min-fresh of the request", auto(), []string{"Cache-Control: max-age=60"}, Instant(9 * s), SoftPurge{}, "min-fresh=55", FwdRequest},
		{"no-cache of the request for what is stale", auto(), []string{"Cache-Control: max-age=60"}, Instant(61 * s), SoftPurge{}, "no-cache", FwdStale},
		{"no-store of the request for what is stale", auto(), []string{"Cache-Control: max-age=60"}, Instant(61 * s), SoftPurge{}, "no-store", FwdStale},
		{"max-age of the request for what is stale", auto(), []string{"Cache-Control: max-age=60"}, Instant(61 * s), SoftPurge{}, "max-age=5", FwdStale},
		{"max-stale that is not enough", auto(), []string{"Cache-Control: max-age=60"}, Instant(99 * s), SoftPurge{}, "max-stale=5", FwdStale},
		{"what the policy does not override any more", dynamic(revalidate(60 * s)), []string{"Cache-Control: private"}, Instant(s), SoftPurge{}, "", FwdMiss},
		{"what may not be stored any more", auto(), []string{"Cache-Control: max-age=60", "Set-Cookie: a=b"}, Instant(s), SoftPurge{}, "", FwdMiss},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := readHead(Response{Status: 200, Header: header(tt.head...)}, false, tt.o, arrival)
			var lines []string
			if tt.request != "" {
				lines = []string{"Cache-Control: " + tt.request}
			}
			v := Judge(&h.meta, view(t, lines...), tt.o, tt.age, tt.soft)
			if v.Action == Serve || v.Action == ServeStale {
				t.Fatalf("it answers: %+v", v)
			}
			if got := v.Fwd(HeldIt); got != tt.want {
				t.Errorf("fwd=%s, want %s (%s)", got, tt.want, v.Reason)
			}
		})
	}
}

// Without a response to judge it is what else is held that counts, whatever the
// request demands.
func TestFwdOfNothing(t *testing.T) {
	for _, request := range []string{"", "no-cache", "no-store", "max-age=0"} {
		v := Judge(nil, view(t, fmt.Sprintf("Cache-Control: %s", request)), auto(), 0, SoftPurge{})
		for held, want := range map[Held]Fwd{HeldNothing: FwdURIMiss, HeldUnknown: FwdMiss, HeldOthers: FwdVaryMiss} {
			if got := v.Fwd(held); got != want {
				t.Errorf("%q: fwd=%s, want %s", request, got, want)
			}
		}
	}
}

// Every reason that a verdict about a stored response may have has a word, and
// every word is in the documentation.
func TestEveryFwdIsDocumented(t *testing.T) {
	words := map[Fwd]bool{}
	for _, f := range forwards {
		if words[f.word] || f.text == "" {
			t.Errorf("%s: said twice, or not explained", f.word)
		}
		words[f.word] = true
	}
	for held := HeldNothing; held <= HeldIt; held++ {
		for r := NoReason; r < NumReasons; r++ {
			if got := (Verdict{Reason: r}).Fwd(held); !words[got] {
				t.Errorf("%s, holding %d: fwd=%q", r, held, got)
			}
		}
	}
}
