package h2

import (
	"encoding/binary"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// block is a header block of the client's.
type block struct {
	coming bool // until its last frame is there
	stream uint32
	end    bool // of the stream
	bytes  int  // of its frames
	fields []hpack.HeaderField
	// size is that of fields, as SETTINGS_MAX_HEADER_LIST_SIZE counts. Of what is larger
	// than that allows, the rest is left out: net/http would not look at it, either.
	size int
}

// fieldsKept is for how many fields a connection keeps room.
const fieldsKept = 32

// forget lets go of the fields.
func (b *block) forget() {
	clear(b.fields)
	if b.fields = b.fields[:0]; cap(b.fields) > fieldsKept {
		b.fields = nil
	}
}

// listBytes is SETTINGS_MAX_HEADER_LIST_SIZE of net/http's server: with what it adds for
// fields, as HTTP/2 counts them.
func (a *Answerer) listBytes() int { return a.o.HeaderBytes + 32*10 }

// blockBytes bounds a header block. net/http ends connections with larger ones sooner.
func (a *Answerer) blockBytes() int { return 2*a.listBytes() + payloadMost }

// frame works on the next frame, and reports false if it is not there, or is behind what
// net/http is to read first.
func (c *conn) frame(d *desk) bool {
	if c.through > 0 || len(c.forward) >= forwardMost {
		return false
	}
	b := c.in.bytes()
	if !c.started {
		return c.start(b)
	}
	if len(b) < headBytes {
		return false
	}
	f := parseFrame(b)
	if !c.looksAt(f) {
		c.pass(f)
		return true
	}
	if whole := headBytes + f.size; len(b) < whole {
		c.in.want(whole)
		return false
	}
	c.handle(d, f, b[headBytes:headBytes+f.size])
	return true
}

// start hands the preface on; what is none, too. Nothing else goes with it: net/http reads
// it in a way of its own.
func (c *conn) start(b []byte) bool {
	n := min(len(b), len(preface))
	if string(b[:n]) != preface[:n] {
		c.leave()
		return false
	}
	if n < len(preface) {
		return false
	}
	c.started, c.through = true, n
	return false
}

// looksAt reports whether the payload of a frame is looked at, and net/http does not just
// get it. Those are not long.
func (c *conn) looksAt(f frame) bool {
	switch {
	case c.block.coming:
		return f.kind == kindContinuation && f.stream == c.block.stream && f.size <= c.by.blockBytes()-c.block.bytes
	case f.kind == kindHeaders:
		return f.size <= c.by.blockBytes()
	case f.kind == kindSettings:
		return f.size <= payloadMost
	case f.kind == kindWindowUpdate || f.kind == kindRSTStream:
		return f.size == 4
	}
	return false
}

// pass hands a frame on that is not looked at.
func (c *conn) pass(f frame) {
	switch {
	case c.block.coming || f.kind == kindHeaders: // a frame between those of a block, or too large a block
		c.refuse()
	case f.kind == kindContinuation || f.kind == kindSettings:
		c.leave() // out of place, or too large
	default:
		c.through = headBytes + f.size
	}
}

// refuse has net/http end the connection for an error of protocol: it gets a frame between
// those of a header block.
func (c *conn) refuse() {
	c.forward = frame{kind: kindHeaders, stream: 1}.append(c.forward)
	c.forward = frame{kind: kindData, stream: 1}.append(c.forward)
	c.leave()
}

// handle works on a frame that is there.
func (c *conn) handle(d *desk, f frame, payload []byte) {
	switch f.kind {
	case kindHeaders, kindContinuation:
		c.blockFrame(d, f, payload)
		return
	case kindSettings:
		c.settings(f, payload)
	case kindWindowUpdate:
		if f.stream == 0 {
			c.credit(binary.BigEndian.Uint32(payload) & windowMost)
			c.in.skip(headBytes + f.size)
			return
		}
	}
	if !c.answered(f.stream) {
		c.forward = append(f.append(c.forward), payload...)
	}
	c.in.skip(headBytes + f.size)
}

// answered reports whether a stream was answered here and net/http would take it for one
// that nobody has opened.
func (c *conn) answered(stream uint32) bool { return c.lent.Load() < stream && stream <= c.seen.Load() }

// settings notes what the client wants. net/http acknowledges it.
func (c *conn) settings(f frame, payload []byte) {
	if f.has(flagAck) {
		return
	}
	c.greeted = true
	for ; len(payload) >= settingSize; payload = payload[settingSize:] {
		value := binary.BigEndian.Uint32(payload[2:])
		switch binary.BigEndian.Uint16(payload) {
		case settingInitialWindowSize:
			c.streamWindow = int64(value)
		case settingHeaderTableSize:
			// The next block has to say that the table is smaller (RFC 7541, section 4.2).
			c.barred = c.barred || value < c.tableSize
			c.tableSize = value
		}
	}
}

// credit adds to the window of the connection.
func (c *conn) credit(n uint32) {
	switch {
	case n == 0: // an error
		c.forward = appendWindowUpdate(c.forward, 0)
	case c.window.full(n): // another, also for net/http when it hears it twice
		c.forward = appendWindowUpdate(appendWindowUpdate(c.forward, windowMost), windowMost)
	default:
		if n = c.window.credit(n); n > 0 {
			c.forward = appendWindowUpdate(c.forward, n)
		}
	}
}

// blockFrame takes a part of a header block.
func (c *conn) blockFrame(d *desk, f frame, payload []byte) {
	part, ok := f.fragment(payload)
	switch {
	case !ok:
		c.leave() // net/http finds as much before it looks at the block
		return
	case f.stream%2 == 0 || f.kind == kindHeaders && c.answered(f.stream):
		c.refuse()
		return
	}
	if f.kind == kindHeaders {
		c.block = block{coming: true, stream: f.stream, end: f.has(flagEndStream), fields: c.block.fields[:0]}
		c.decoder.SetEmitEnabled(true)
	}
	c.block.bytes += f.size
	_, err := c.decoder.Write(part)
	if err == nil && f.has(flagEndHeaders) {
		err = c.decoder.Close()
	}
	c.in.skip(headBytes + f.size)
	switch {
	case err != nil:
		// A block that begins with the field of number 0, which there is not.
		c.forward = appendBlock(c.forward, f.stream, flagEndStream, []byte{0x80})
		c.leave()
	case f.has(flagEndHeaders):
		c.block.coming = false
		c.blockEnds(d)
		c.block.forget()
	}
}

// field takes a field of a header block; it is called by the decoder.
func (c *conn) field(f hpack.HeaderField) {
	b := &c.block
	b.fields = append(b.fields, f)
	if b.size += int(f.Size()); b.size > c.by.listBytes() {
		c.decoder.SetEmitEnabled(false)
	}
}

// blockEnds answers the request that a block is, or hands the block on.
func (c *conn) blockEnds(d *desk) {
	b := &c.block
	if b.stream > c.seen.Load() {
		if c.answer(d) {
			c.seen.Store(b.stream)
			return
		}
		// In this order: GOAWAY must not promise a stream that net/http will drop.
		c.lent.Store(b.stream)
		c.seen.Store(b.stream)
		c.forwardedAt = c.by.o.Now()
		if !wellFormed(b.fields) {
			// net/http would refuse the stream, and not note its number: what the client says
			// next of an earlier one would be an error. A block without fields it refuses, too.
			b.fields = b.fields[:0]
		}
	}
	if b.size > c.by.listBytes() {
		d.request = c.appendTooLarge(d.request[:0], b.fields)
	} else {
		d.request = appendFields(d.request[:0], b.fields)
	}
	flags := uint8(0)
	if b.end {
		flags = flagEndStream
	}
	c.forward = appendBlock(c.forward, b.stream, flags, d.request)
}

// appendTooLarge appends a block in the place of one with a larger list than is allowed:
// net/http answers 431 if the list is too large by the last frame of the block, and ends
// the connection if it is before. So it gets what the request is for, and then, until that
// is too much and not once more, a field that takes one byte: accept-encoding, of the table
// that never changes (RFC 7541, appendix A).
func (c *conn) appendTooLarge(dst []byte, fields []hpack.HeaderField) []byte {
	const number, size = 16, len("accept-encoding") + len("gzip, deflate") + 32
	n, sum := 0, 0
	for n < len(fields) && strings.HasPrefix(fields[n].Name, ":") {
		sum += int(fields[n].Size())
		n++
	}
	dst = appendFields(dst, fields[:n])
	for ; sum <= c.by.listBytes(); sum += size {
		dst = append(dst, 0x80|number)
	}
	return dst
}
