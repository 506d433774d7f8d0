package rfc9111

import (
	"testing"
	"time"
)

func TestUsefulFor(t *testing.T) {
	minute := Meta{Status: 200, Lifetime: time.Minute, Heuristic: Unset, StaleWhileRevalidate: Unset, StaleIfError: Unset}
	swr := minute
	swr.StaleWhileRevalidate = 10 * time.Second
	silent := minute
	silent.Lifetime = Unset
	auto := Overrides{Revalidate: Unset, Stale: Unset, StaleIfError: Unset, ErrorCap: Unset}
	strict, static := auto, auto
	strict.StaleIfError = 0
	static.Enforced, static.Silent, static.Stale = true, Forever, time.Hour
	endless := static
	endless.Silent, endless.Stale = 0, Forever
	for _, tt := range []struct {
		name string
		meta Meta
		o    Overrides
		now  Instant
		want time.Duration
	}{
		{"what may stand in for a failed origin", minute, auto, 0, time.Minute + 24*time.Hour},
		{"its lifetime alone", minute, strict, 0, time.Minute},
		{"stale-while-revalidate", swr, strict, 0, 70 * time.Second},
		{"later", swr, strict, Instant(100 * time.Second), -30 * time.Second},
		{"the lifetime and grace of a policy", minute, static, 0, time.Minute + time.Hour},
		{"a lifetime without end", silent, static, Instant(time.Hour), Forever},
		{"a grace without end", minute, endless, 0, Forever},
	} {
		if got := UsefulFor(&tt.meta, &tt.o, tt.now); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
