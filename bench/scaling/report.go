package main

import (
	"fmt"
	"strings"
)

// What edge asks of the server, as e2e/fleet:TestWhatTheServerIsAsked counts it.
const (
	commandsOfLookup = 2 // GETRANGE and PTTL; one more GETRANGE beyond 32 KiB
	commandsOfWrite  = 1 // SET
	// commandsOfPurge are those of the node that purges, commandsOfHearing those of
	// every node that reads it: XREAD, XRANGE and the announcement.
	commandsOfPurge, commandsOfHearing = 1, 3
	// commandsAtRest are those of a node each second when nothing happens: XREAD and
	// XRANGE every half second, four to announce itself and see the others.
	commandsAtRest = 8
	// entrySize is about what an entry of the log takes on the wire.
	entrySize = 250
)

// fleets are the numbers of nodes in the tables.
var fleets = []int{1, 3, 10, 30, 100}

// tables are the tables of docs/scaling.md.
func tables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.0f requests/s on the whole, for %d objects in proportion to 1/rank, of which %d fit into the memory of a node and all into the tier; lifetime %.0f s, %.0f purge/s of one object, requests to any node. Shares are of %.0f s after %.0f s.\n\n",
		rate, objects, perNode, lifetime, purges, measured, warmUp)
	b.WriteString("| nodes | memory answers, % | origin, requests/s, without a tier | by key, without a tier | with a tier | tier answers, % |\n|--:|--:|--:|--:|--:|--:|\n")
	var shared []outcome
	for _, n := range fleets {
		alone, byKey, tier := simulate(fleet{nodes: n}), simulate(fleet{nodes: n, byKey: true}), simulate(fleet{nodes: n, tier: true})
		shared = append(shared, tier)
		fmt.Fprintf(&b, "| %d | %.1f | %.0f | %.0f | %.0f | %.1f |\n",
			n, tier.share(tier.memory), alone.perThousand(alone.origin), byKey.perThousand(byKey.origin), tier.perThousand(tier.origin), tier.share(tier.tier))
	}
	fmt.Fprintf(&b, "\nThe server's part for each 1,000 requests/s, with objects of %d KiB:\n\n", objectSize>>10)
	b.WriteString("| nodes | looked up/s | commands/s | read, MiB/s | written, MiB/s | at rest, commands/s |\n|--:|--:|--:|--:|--:|--:|\n")
	for i, n := range fleets {
		o := shared[i]
		looked, written, read := o.perThousand(o.tier+o.origin), o.perThousand(o.origin), o.perThousand(o.tier)
		fmt.Fprintf(&b, "| %d | %.0f | %.0f | %.1f | %.1f | %d |\n", n, looked, looked*commandsOfLookup+written*commandsOfWrite,
			read*objectSize/(1<<20), written*objectSize/(1<<20), n*commandsAtRest)
	}
	b.WriteString("\nAn invalidation, whatever it selects and however many objects that are:\n\n")
	b.WriteString("| nodes | commands for one | sent by the server, KiB | commands/s at 100 a second, at most |\n|--:|--:|--:|--:|\n")
	for _, n := range fleets {
		commands := commandsOfPurge + n*commandsOfHearing
		fmt.Fprintf(&b, "| %d | %d | %.1f | %d |\n", n, commands, float64(n*entrySize)/1024, 100*commands)
	}
	return b.String()
}
