package h2

import "encoding/binary"

// The kinds of frames that are looked at (RFC 9113, section 6).
const (
	kindData         = 0x0
	kindHeaders      = 0x1
	kindRSTStream    = 0x3
	kindSettings     = 0x4
	kindPushPromise  = 0x5
	kindGoAway       = 0x7
	kindWindowUpdate = 0x8
	kindContinuation = 0x9
)

// Flags of frames.
const (
	flagEndStream  = 0x1
	flagAck        = 0x1 // of SETTINGS
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// The settings that are looked at (RFC 9113, section 6.5.2).
const (
	settingHeaderTableSize   = 0x1
	settingInitialWindowSize = 0x4
	settingSize              = 6 // bytes
)

const (
	// preface is what a client sends first (RFC 9113, section 3.4).
	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	// headBytes is how long the head of a frame is.
	headBytes = 9
	// payloadMost is what every peer takes in one frame (SETTINGS_MAX_FRAME_SIZE).
	payloadMost = 16 << 10
	// initialWindow is what a window is before anybody says otherwise.
	initialWindow = 1<<16 - 1
	// windowMost bounds a window.
	windowMost = 1<<31 - 1
	// tableBytes is how large HPACK's table is before anybody says otherwise.
	tableBytes = 4096
)

// frame is the head of a frame.
type frame struct {
	size        int // of the payload
	kind, flags uint8
	stream      uint32
}

// parseFrame reads the head of a frame; b is at least headBytes long.
func parseFrame(b []byte) frame {
	return frame{
		size: int(b[0])<<16 | int(b[1])<<8 | int(b[2]), kind: b[3], flags: b[4],
		stream: binary.BigEndian.Uint32(b[5:]) & windowMost,
	}
}

// append appends the head of a frame.
func (f frame) append(dst []byte) []byte {
	dst = append(dst, byte(f.size>>16), byte(f.size>>8), byte(f.size), f.kind, f.flags)
	return binary.BigEndian.AppendUint32(dst, f.stream)
}

// has reports whether a flag is set.
func (f frame) has(flag uint8) bool { return f.flags&flag != 0 }

// fragment returns the part of a header block in the payload of HEADERS or CONTINUATION,
// without padding and priority; false when those do not fit.
func (f frame) fragment(payload []byte) (_ []byte, ok bool) {
	if f.kind == kindContinuation {
		return payload, true
	}
	padding, skip := 0, 0
	if f.has(flagPadded) {
		if len(payload) == 0 {
			return nil, false
		}
		padding, skip = int(payload[0]), 1
	}
	if f.has(flagPriority) {
		skip += 5
	}
	if skip+padding > len(payload) {
		return nil, false
	}
	return payload[skip : len(payload)-padding], true
}

// appendBlock appends a header block in frames that every peer takes. flags are those of
// HEADERS but for flagEndHeaders.
func appendBlock(dst []byte, stream uint32, flags uint8, block []byte) []byte {
	for kind := uint8(kindHeaders); ; kind = kindContinuation {
		part := block[:min(len(block), payloadMost)]
		if block = block[len(part):]; len(block) == 0 {
			flags |= flagEndHeaders
		}
		dst = append(frame{len(part), kind, flags, stream}.append(dst), part...)
		if len(block) == 0 {
			return dst
		}
		flags = 0
	}
}

// appendWindowUpdate appends a frame that adds n to the window of the connection.
func appendWindowUpdate(dst []byte, n uint32) []byte {
	dst = frame{size: 4, kind: kindWindowUpdate}.append(dst)
	return binary.BigEndian.AppendUint32(dst, n)
}
