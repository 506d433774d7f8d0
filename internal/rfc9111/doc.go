// Package rfc9111 states the rules of HTTP caching as pure functions. Stored
// responses are kept in package cache; this is only the law.
//
// Nothing here reads a clock, opens a connection, takes a lock or logs. Every
// function takes the facts it needs, including the current time, and returns a
// value that says both what was decided and why. Section numbers in comments
// are those of RFC 9111 unless another RFC is named.
//
// The package also holds the words that the rest of edge speaks: Meta (the
// facts of a stored response), Overrides (what a policy imposes), Verdict
// (may it be reused), Admission (may it be stored) and Reason (why).
//
// In the life of a response: Admit when its head arrives, AppendSelector and
// Selecting where it has a Vary, Judge at each lookup, Precondition and Range
// when it is delivered, Validators and Freshen and Readmit when the origin is
// asked again, Invalidates and AlsoInvalid when an unsafe method succeeds.
//
// Where edge does other than the RFCs say is in docs/divergences.md, and why.
package rfc9111
