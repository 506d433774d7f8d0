// Package badinput sends what nobody should send, byte by byte, and checks that
// edge answers with a clear error, forwards nothing and stores nothing.
package badinput
