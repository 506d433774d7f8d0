// Package race holds edge to what it promises of purges, in two ways.
//
// Purges overtake fetches of one edge in tests whose origin holds its answers until
// the test lets go: every interleaving is exact, not a matter of luck.
//
// A fleet is checked in the spirit of Jepsen, as a black box: TestFleet makes
// integers grow at the origin and purges them, while others read on three edges and
// nemeses do to the origin, the server and the edges what happens to such things.
// What was seen is a history, and check.go says which histories break a promise. It
// rests on the order of what one process saw, on no time limit: a slow machine makes
// it find less, never too much. It fails when edge is broken on purpose: see
// e2e/mutants.
//
//	make checker            100,000 reads, about 80 seconds
//	make soak               1,000,000, among others
package race
