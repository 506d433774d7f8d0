// Package soak keeps edge busy for as long as it is told – readers, purges,
// reloads and an origin that fails now and then, all at once – and holds it to
// the promise that matters: after a purge was acknowledged, nobody gets what was
// there before. Memory must not grow either: not by that, and not by an answer a
// thousand times as large as may be stored, streamed to many readers of whom one
// stands still.
//
//	make soak SOAK=10m
package soak
