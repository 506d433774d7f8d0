// Package policy turns the configuration file into an immutable *Policy that
// answers, for a request.View, what the owner wants done: a Plan.
//
// The way is text → Config (the shape of the file) → Problems (all of them,
// with their places) → *Policy. Requests only ever see *Policy. The package is
// pure: files and environment come in as functions, the clock not at all.
//
// It does not know what is stored (package cache) nor when a stored response
// may be used (package rfc9111); it supplies the numbers that rfc9111 weighs.
package policy
