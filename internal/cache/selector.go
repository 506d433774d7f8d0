package cache

import (
	"encoding/binary"

	"edge/internal/request"
)

// appendSelector appends the request fields called names, length-prefixed.
func appendSelector(dst []byte, names []string, v *request.View) []byte {
	for _, name := range names {
		for line := range v.LinesOf(name) {
			dst = binary.AppendUvarint(dst, uint64(len(line))+1)
			dst = append(dst, line...)
		}
		dst = append(dst, 0)
	}
	return dst
}
