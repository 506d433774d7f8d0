//go:build !linux

package listen

import (
	"net"
	"time"
)

// setUserTimeout does nothing here: the system keeps its own times.
func setUserTimeout(*net.TCPConn, time.Duration) {}
