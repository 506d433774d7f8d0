//go:build !race

package wire

// broken is called where the boundary does not hold. Under the race detector it
// panics; otherwise the connection is closed by who finds it.
func broken(string) {}
