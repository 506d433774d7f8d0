// Command scaling simulates fleets of edges in front of one trace of requests, and
// prints the tables of docs/scaling.md: what is answered from memory, from the tier
// and by the origin as nodes are added, what a shared Redis has to do for it, and
// what an invalidation costs.
//
//	go run ./bench/scaling
//
// It is arithmetic, not a measurement: the same on every machine, so that a test
// holds the document to it. What one request costs a server is measured, by
// e2e/fleet:TestWhatTheServerIsAsked.
package main

import "fmt"

func main() {
	fmt.Print(tables())
}
