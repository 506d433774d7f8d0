package fleet

import "strconv"

// keys are the names of what a fleet has on its server. Braces make a cluster
// keep together what stands in them in the same way.
type keys struct{ prefix string }

// log is the stream of invalidations.
func (k keys) log() string { return "{" + k.prefix + "}:log" }

// nodes is the set of the nodes that have announced themselves.
func (k keys) nodes() string { return "{" + k.prefix + "}:nodes" }

// node is where one of them announces how far it has read.
func (k keys) node(id uint64) string { return "{" + k.prefix + "}:node:" + nodeID(id) }

// nodeID is a node's number as it is written.
func nodeID(id uint64) string { return strconv.FormatUint(id, 16) }
