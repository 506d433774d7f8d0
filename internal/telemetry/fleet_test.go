package telemetry

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestFleet(t *testing.T) {
	c := New("", "")
	if n := testutil.CollectAndCount(c, "edge_fleet_connected", "edge_fleet_settle_seconds"); n != 0 {
		t.Errorf("%d series about a fleet, and there is none", n)
	}
	c.SetFleet(func() Fleet {
		return Fleet{
			Connected: true, Silence: 1500 * time.Millisecond, Position: 1700000000500, Waiting: 2, Members: 3,
			Read: 4, Appended: 5, Ignored: 6, Lost: 7, Connections: 8, Resumed: map[string]uint64{"began": 1, "trimmed": 9},
		}
	})
	c.LogSettled(time.Millisecond)
	want := `# TYPE edge_fleet_connected gauge
edge_fleet_connected 1
# TYPE edge_fleet_connections_total counter
edge_fleet_connections_total 8
# TYPE edge_fleet_entries_total counter
edge_fleet_entries_total{done="appended"} 5
edge_fleet_entries_total{done="ignored"} 6
edge_fleet_entries_total{done="read"} 4
# TYPE edge_fleet_losses_total counter
edge_fleet_losses_total 7
# TYPE edge_fleet_members gauge
edge_fleet_members 3
# TYPE edge_fleet_position_timestamp_seconds gauge
edge_fleet_position_timestamp_seconds 1.7000000005e+09
# TYPE edge_fleet_resumptions_total counter
edge_fleet_resumptions_total{how="began"} 1
edge_fleet_resumptions_total{how="trimmed"} 9
# TYPE edge_fleet_silence_seconds gauge
edge_fleet_silence_seconds 1.5
# TYPE edge_fleet_waiting_invalidations gauge
edge_fleet_waiting_invalidations 2
`
	var names []string
	var help strings.Builder
	for line := range strings.Lines(want) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ = strings.Cut(name, " ")
			names = append(names, name)
			for _, d := range definitions {
				if d.name == name {
					help.WriteString("# HELP " + name + " " + d.help + "\n")
				}
			}
		}
		help.WriteString(line)
	}
	if err := testutil.CollectAndCompare(c, strings.NewReader(help.String()), names...); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(c, "edge_fleet_settle_seconds"); n != 1 {
		t.Errorf("%d series of the time to settle, want 1", n)
	}
}
