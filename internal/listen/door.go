package listen

import (
	"net"
	"sync/atomic"
	"time"
)

// door is one socket. Its rules hold for connections that come from now on.
type door struct {
	socket net.Listener
	rules  atomic.Pointer[Config]
	shut   chan struct{} // closed before the socket is
}

func newDoor(socket net.Listener, c Config) *door {
	d := &door{socket: socket, shut: make(chan struct{})}
	d.rules.Store(&c)
	return d
}

// close ends the accepting. Connections that came through stay.
func (d *door) close() {
	close(d.shut)
	_ = d.socket.Close() // the socket is ours, and closed once
}

// After a failure to accept, for want of file descriptors for example, a door
// waits: first for patienceMin, then each time twice as long.
const (
	patienceMin = 5 * time.Millisecond
	patienceMax = time.Second
)

// accept takes connections until the door is closed. Failures are told and
// waited out: what is missing may come back, and a loop that tries all the time
// would take the processor from those who could give it back.
func (d *door) accept(take func(net.Conn, *Config), failed func(net.Addr, error)) {
	patience := patienceMin
	for {
		conn, err := d.socket.Accept()
		if err == nil {
			patience = patienceMin
			take(conn, d.rules.Load())
			continue
		}
		select {
		case <-d.shut:
			return
		default:
		}
		failed(d.socket.Addr(), err)
		select {
		case <-d.shut:
			return
		case <-time.After(patience):
			patience = min(2*patience, patienceMax)
		}
	}
}
