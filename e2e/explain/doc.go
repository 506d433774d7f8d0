// Package explain holds what edge says it would do against what it does: it
// generates requests, asks the running edge to explain each, sends it over a raw
// socket and compares course, status, reason, what the origin was sent, and
// which requests share an object.
package explain
