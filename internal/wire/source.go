package wire

import "net"

// source is where the bytes of an inbox come from.
type source interface {
	// fill waits for bytes and puts them into the inbox, which is not full. It
	// may wait with p, which is somebody else's memory, and holds none of ours
	// while it waits. It returns an error if none came.
	fill(p []byte) error
}

// copied is the source of any connection: it reads into p, because a connection
// of TLS does not tell when there is something to read.
type copied struct {
	conn  net.Conn
	inbox *inbox
}

func (s copied) fill(p []byte) error {
	s.inbox.put()
	p = p[:min(len(p), inboxBytes-len(s.inbox.bytes()))]
	for {
		n, err := s.conn.Read(p)
		if n > 0 {
			s.inbox.came(copy(s.inbox.room(), p[:n]))
			return nil // an error comes again
		}
		if err != nil {
			return err
		}
	}
}
