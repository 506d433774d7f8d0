package wire

import "net"

// source is where the bytes of an inbox come from, and what is told of the client.
type source interface {
	// fill waits for bytes, puts them into the inbox, which is not full, and
	// calls conn.more; and so on until that is false or there are no more bytes,
	// for the reason it returns. It may wait with p, which is somebody else's
	// memory, and holds none of ours while it waits.
	fill(p []byte) error
	// send sends what can be sent of b without waiting, and returns how much that is: 0
	// is always right. It is for who is called by fill, and b is not empty.
	send(b []byte) (n int)
	// left reports whether the client has left, as far as that shows, which may be asked
	// at any time. If it is not known, somebody has to read to hear of it: only then
	// fill may be called while another call of it has conn.more at work.
	left() (gone, known bool)
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

func (copied) send([]byte) int { return 0 }

func (copied) left() (gone, known bool) { return false, false }

var _ net.Conn = (*conn)(nil)
