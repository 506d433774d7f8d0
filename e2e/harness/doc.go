// Package harness drives the built binary from outside, for the tests under
// e2e: it builds cmd/edge, starts and stops processes, stands in for the origin
// and speaks to sockets byte by byte.
//
// It imports nothing of edge: what these tests see is what a user sees. All
// traffic stays on the loopback; ports are chosen by the system and passed on
// by who listens, never guessed.
package harness
