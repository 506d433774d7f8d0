// Package passes holds what a recorder cannot show of answers that are not
// stored: upgraded connections, streams of events, early hints and trailers,
// over real connections through the built binary.
package passes
