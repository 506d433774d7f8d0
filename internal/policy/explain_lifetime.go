package policy

import (
	"fmt"
	"strings"

	"edge/internal/rfc9111"
)

// lifetimeText says how long answers of a route live. It only words what
// Overrides holds; package rfc9111 is where that is weighed.
func lifetimeText(r *Route) []string {
	o := &r.Overrides
	if !o.Enforced {
		return autoLifetime(o)
	}
	var first string
	switch {
	case o.Revalidate != rfc9111.Unset:
		first = formatDuration(o.Revalidate) + ", from revalidate" + jitterText(o)
	case o.Silent == rfc9111.Forever:
		first = "what the origin says, else forever"
	default:
		first = "what the origin says, else not stored"
	}
	lines := []string{first}
	lines = append(lines, graceText(o)...)
	return append(lines, "301 and 308 live 10m, 404 and 410 10s"+statusText(o)+"; other errors are not stored")
}

func autoLifetime(o *rfc9111.Overrides) []string {
	first := "what the origin says, as RFC 9111 lets a shared cache"
	if o.Revalidate != rfc9111.Unset {
		first += "; where it says nothing " + formatDuration(o.Revalidate) + ", from revalidate" + jitterText(o)
	}
	lines := []string{first}
	if o.Stale == rfc9111.Unset {
		lines = append(lines, "then stale as the origin's stale-while-revalidate allows")
	}
	lines = append(lines, graceText(o)...)
	return append(lines, "4xx and 5xx live at most "+formatDuration(o.ErrorCap))
}

// graceText is about what may be served after the lifetime.
func graceText(o *rfc9111.Overrides) []string {
	var lines []string
	if o.Stale != rfc9111.Unset {
		lines = append(lines, "then "+formatDuration(o.Stale)+" stale while it is refreshed")
	}
	switch {
	case o.StaleIfError != rfc9111.Unset:
		lines = append(lines, "and "+formatDuration(o.StaleIfError)+" where the origin fails")
	case o.Enforced:
		lines = append(lines, "and as long where the origin fails")
	default:
		lines = append(lines, "and "+formatDuration(defaultStale)+" where the origin fails, unless it forbids that")
	}
	return lines
}

func jitterText(o *rfc9111.Overrides) string {
	if o.Jitter == 0 || o.Revalidate == rfc9111.Forever {
		return ""
	}
	return fmt.Sprintf(", shortened by up to %g%%", float64(o.Jitter)/10)
}

func statusText(o *rfc9111.Overrides) string {
	var b strings.Builder
	for _, s := range o.Statuses {
		fmt.Fprintf(&b, "; %d %s", s.Status, formatDuration(s.Lifetime))
	}
	if b.Len() == 0 {
		return ""
	}
	return ", but by status" + b.String()[1:]
}
