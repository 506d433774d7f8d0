// Package deploy has what is in deploy/ read by the programs, or their parsers,
// that it is meant for. It is a module of its own because those are large.
package deploy
