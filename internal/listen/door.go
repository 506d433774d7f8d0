package listen

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

// door is one socket. Its rules and certificates hold for connections that come
// from now on.
type door struct {
	socket net.Listener
	rules  atomic.Pointer[Config]
	certs  atomic.Pointer[[]*certificate]
	shut   chan struct{} // closed before the socket is

	tls12, tls13 *tls.Config // from these versions on
}

func newDoor(socket net.Listener) *door {
	d := &door{socket: socket, shut: make(chan struct{})}
	certificate := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return choose(*d.certs.Load(), hello), nil
	}
	d.tls12, d.tls13 = newConfig(tls.VersionTLS12, certificate), newConfig(tls.VersionTLS13, certificate)
	return d
}

// config is what a handshake at the door goes by.
func (d *door) config(t *TLS) *tls.Config {
	if t.Only13 {
		return d.tls13
	}
	return d.tls12
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
func (d *door) accept(s *Set) {
	patience := patienceMin
	for {
		s.awaitRoom(d)
		conn, err := d.socket.Accept()
		if err == nil {
			patience = patienceMin
			s.take(conn, d)
			continue
		}
		select {
		case <-d.shut:
			return
		default:
		}
		s.o.AcceptFailed(d.socket.Addr(), err)
		select {
		case <-d.shut:
			return
		case <-time.After(patience):
			patience = min(2*patience, patienceMax)
		}
	}
}
