package rfc9111

import "encoding/hex"

// The parts of a multipart/byteranges body (RFC 9110 section 14.6). The body
// is, for each range, AppendPartHead and the bytes; then AppendPartsEnd.

// Boundary returns a boundary made of random bytes. They must be random: a body
// that contains the boundary would be cut there by the client.
func Boundary(random [16]byte) string { return hex.EncodeToString(random[:]) }

// PartsType returns the Content-Type of the whole.
func PartsType(boundary string) string { return "multipart/byteranges; boundary=" + boundary }

// AppendPartHead appends what goes before the bytes of r: the delimiter and the
// part's fields. contentType is that of the stored response, empty for none.
func AppendPartHead(dst []byte, boundary, contentType string, r ByteRange, size int64) []byte {
	dst = append(dst, "\r\n--"...)
	dst = append(dst, boundary...)
	if contentType != "" {
		dst = append(dst, "\r\nContent-Type: "...)
		dst = append(dst, contentType...)
	}
	dst = append(dst, "\r\nContent-Range: "...)
	dst = append(dst, r.ContentRange(size)...)
	return append(dst, "\r\n\r\n"...)
}

// AppendPartsEnd appends what goes after the last part.
func AppendPartsEnd(dst []byte, boundary string) []byte {
	dst = append(dst, "\r\n--"...)
	dst = append(dst, boundary...)
	return append(dst, "--\r\n"...)
}

// PartsLength returns the length of the whole body.
func PartsLength(ranges []ByteRange, boundary, contentType string, size int64) int64 {
	var scratch []byte
	var n int64
	for _, r := range ranges {
		scratch = AppendPartHead(scratch[:0], boundary, contentType, r, size)
		n += int64(len(scratch)) + r.Length
	}
	return n + int64(len(AppendPartsEnd(scratch[:0], boundary)))
}
