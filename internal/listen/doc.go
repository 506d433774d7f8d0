// Package listen turns addresses into connections that are ready for HTTP.
//
// A Set has one door for each socket, with a goroutine that accepts. What comes
// through a door is prepared by the door's rules and goes into a lane, which is
// the net.Listener of one http.Server: net/http itself never accepts, so that
// everything that happens to a connection before HTTP happens here, at one
// place. The rules of a door can be replaced while it is open, and doors can be
// opened and closed, which is how a reload changes listeners.
//
// Nothing of HTTP is here, and nothing of the policy: a Config is what is needed
// of both.
package listen
