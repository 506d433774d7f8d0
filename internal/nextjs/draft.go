package nextjs

import (
	"fmt"
	"time"

	"edge/internal/policy"
)

// draft is a route of the policy while it is written: each option with the
// comment that says where it comes from.
type draft struct {
	conf  policy.RouteConf
	notes policy.Notes
}

func newDraft(path, where string) *draft {
	return &draft{policy.RouteConf{Path: path, Layer: "file"}, policy.Notes{"path": where}}
}

func (d *draft) mode(m policy.Mode, note string) {
	d.conf.Mode, d.notes["mode"] = m.String(), note
}

func (d *draft) methods(note string, list ...string) {
	d.conf.Methods, d.notes["methods"] = list, note
}

func (d *draft) revalidate(lifetime time.Duration, note string) {
	d.conf.Revalidate, d.notes["revalidate"] = &lifetime, note
}

// staleWhen marks the answers that Next.js regenerates behind: they claim the
// whole lifetime again.
func (d *draft) staleWhen() {
	d.conf.StaleWhen = []policy.ConstField{{Name: "x-nextjs-cache", Value: "STALE"}}
	d.notes["stale_when"] = "Next.js regenerates behind such an answer"
}

// above adds a line above the route.
func (d *draft) above(format string, args ...any) {
	if d.notes[""] != "" {
		d.notes[""] += "\n"
	}
	d.notes[""] += fmt.Sprintf(format, args...)
}
