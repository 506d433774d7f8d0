package wire

import "sync"

// inboxBytes bounds what is read ahead: a head that Parse takes fits, with room
// for white space that it does not count.
const inboxBytes = 16 << 10

// desk is what working on a request takes. There are about as many as there are
// processors: a connection has one only while there is something to do.
type desk struct {
	clerk Clerk
	in    [inboxBytes]byte
	out   []byte
	parts parts
	receiver
}

// inbox holds what the client has sent and nobody has taken. It lies on a desk
// while there is work, and takes no more memory than it needs otherwise.
type inbox struct {
	desks *sync.Pool
	desk  *desk
	kept  []byte // while there is no desk
	// While there is a desk, it is desk.in[begin:end].
	begin, end int
}

// open returns the desk, with everything on it.
func (b *inbox) open() *desk {
	if b.desk == nil {
		b.desk = b.desks.Get().(*desk)
		b.begin, b.end = 0, copy(b.desk.in[:], b.kept)
		b.kept = b.kept[:0]
	}
	return b.desk
}

// put gives the desk back, before anything that may take long.
func (b *inbox) put() {
	if b.desk == nil {
		return
	}
	if b.begin == b.end {
		b.kept = nil
	} else {
		b.kept = append(b.kept[:0], b.desk.in[b.begin:b.end]...)
	}
	b.desks.Put(b.desk)
	b.desk, b.begin, b.end = nil, 0, 0
}

// bytes is what there is.
func (b *inbox) bytes() []byte {
	if b.desk == nil {
		return b.kept
	}
	return b.desk.in[b.begin:b.end]
}

func (b *inbox) empty() bool { return len(b.bytes()) == 0 }
func (b *inbox) full() bool  { return len(b.bytes()) == inboxBytes }

// room returns where the next bytes go; it is not empty unless the inbox is
// full. It opens the desk.
func (b *inbox) room() []byte {
	d := b.open()
	if b.begin > 0 {
		b.end = copy(d.in[:], d.in[b.begin:b.end])
		b.begin = 0
	}
	return d.in[b.end:]
}

// came notes that n bytes were put into room.
func (b *inbox) came(n int) { b.end += n }

// skip drops n bytes from the desk.
func (b *inbox) skip(n int) { b.begin += n }

// replace drops everything, and puts text in its place. It gives the desk back.
func (b *inbox) replace(text string) {
	b.begin = b.end
	b.put()
	b.kept = []byte(text)
}

// take moves bytes to p, and gives the desk back.
func (b *inbox) take(p []byte) int {
	n := copy(p, b.bytes())
	if b.desk != nil {
		b.skip(n)
		b.put()
		return n
	}
	if b.kept = b.kept[n:]; len(b.kept) == 0 {
		b.kept = nil
	}
	return n
}
