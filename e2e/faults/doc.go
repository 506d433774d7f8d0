// Package faults lets origins fail in every way they can, over real sockets, and
// looks at what clients of the running binary get: what is stored if it may stand
// in, or an honest error in bounded time; never half an answer that looks whole,
// and never more requests to an origin that is in trouble already.
//
// What origins say that they should not is in e2e/attacks, with answers that
// break off; this package is about origins that are dead, slow, overloaded, or
// come and go.
package faults
