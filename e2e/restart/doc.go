// Package restart replaces edge by edge while clients ask, with the sockets
// passed on as systemd does it, and counts what they notice: nothing.
package restart
