package request

// Peer returns the address of the other end of the connection, without its
// port; empty when it is unknown.
func (v *View) Peer() string { return v.peer }
