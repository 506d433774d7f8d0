package race

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// around is how many lines of a key's history are printed before what is wrong.
const around = 40

// explain says what v is, and what happened to its key before.
func (h *history) explain(v violation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", promiseTexts[v.promise])
	fmt.Fprintf(&b, "got %d of %s, want at least %d since %s:\n", v.read.value, v.read.key, v.floor, instant(v.since))
	for _, line := range h.of(v.read) {
		b.WriteString("  " + line + "\n")
	}
	return b.String()
}

// of returns the last lines of the history of r's key up to r, in the order in
// which they began. Reads that saw what the one before on that node saw are left
// out.
func (h *history) of(r read) []string {
	type line struct {
		start time.Duration
		text  string
	}
	var lines []line
	for _, p := range h.purges {
		if value, ok := p.floors[r.key]; ok && p.start <= r.end {
			lines = append(lines, line{p.start, p.text(value)})
		}
	}
	last := map[int]int64{}
	for _, other := range h.byStart(r) {
		if last[other.node] != other.value || other == r {
			lines = append(lines, line{other.start, other.text()})
		}
		last[other.node] = other.value
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.start, b.start) })
	var list []string
	for _, l := range lines[max(0, len(lines)-around):] {
		list = append(list, l.text)
	}
	return list
}

// byStart returns the reads of r's key up to r.
func (h *history) byStart(r read) (list []read) {
	for _, other := range h.reads {
		if other.key == r.key && other.start <= r.start {
			list = append(list, other)
		}
	}
	slices.SortStableFunc(list, func(a, b read) int { return cmp.Compare(a.start, b.start) })
	return list
}

func (r *read) text() string {
	return fmt.Sprintf("%s  %s  node %c  %d%s (connection %d)", instant(r.start), instant(r.end), 'a'+rune(r.node), r.value, r.mark, r.conn)
}

func (p *purge) text(value int64) string {
	kind := "hard"
	if p.soft {
		kind = "soft"
	}
	return fmt.Sprintf("%s  %s  node %c  %s purge of what is less than %d: %s", instant(p.start), instant(p.end), 'a'+rune(p.node), kind, value, p.reached)
}

func instant(d time.Duration) string { return fmt.Sprintf("%9.4fs", d.Seconds()) }
