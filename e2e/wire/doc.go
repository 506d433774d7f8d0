// Package wire checks what reaches the origin, byte for byte: that an enforced
// fetch carries what the specification lists and nothing else, whatever the
// client sent and over whichever version of HTTP.
package wire
