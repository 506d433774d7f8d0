//go:build race

package wire

// broken is called where the boundary does not hold.
func broken(what string) { panic("wire: internal error: " + what) }
