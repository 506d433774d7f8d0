package wire

import "net"

// source is where the bytes of an inbox come from, and where small answers go.
type source interface {
	// fill waits for bytes, puts them into the inbox, which is not full, and
	// calls conn.more; and so on until that is false or there are no more bytes,
	// for the reason it returns. It may wait with p, which is somebody else's
	// memory, and holds none of ours while it waits.
	fill(p []byte) error
	// write writes all of b, under the deadline for writing.
	write(b []byte) (n int, err error)
}

// copied is the source of any connection: it reads into p, because a connection
// of TLS does not tell when there is something to read.
type copied struct{ conn *conn }

func (s copied) fill(p []byte) error {
	in := &s.conn.inbox
	for {
		in.put()
		n, err := s.conn.Conn.Read(p[:min(len(p), inboxBytes-len(in.bytes()))])
		if n > 0 {
			in.came(copy(in.room(), p[:n]))
			if !s.conn.more() {
				return nil // an error comes again
			}
		}
		if err != nil {
			return err
		}
	}
}

func (s copied) write(b []byte) (n int, err error) { return s.conn.Conn.Write(b) }

var _ net.Conn = (*conn)(nil)
