// Package wire checks what reaches the origin, byte for byte: that an enforced
// fetch carries what docs/policy-reference.md lists (What the origin gets) and
// nothing else, whatever the client sent and over whichever version of HTTP.
package wire
