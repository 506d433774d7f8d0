// Package attacks attacks the running binary as somebody would who wants one
// user's data given to another, a poisoned answer stored, a purge lost, half a
// body taken for a whole one, or the process down.
//
// Every attack is a black box: raw sockets or HTTP/2 on one side, an origin
// that does as it likes with its connection on the other. What edge refuses
// before any policy is asked is in e2e/badinput; purges that overtake fetches
// whose head has not come are in e2e/race.
package attacks
