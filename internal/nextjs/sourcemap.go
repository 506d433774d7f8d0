package nextjs

import (
	"encoding/json"
	"errors"
	"sort"
	"strings"
)

// sourceMap leads from places of generated code to those of its source
// (ECMA-426). Lines and columns are from 0, columns in UTF-16 units.
type sourceMap struct {
	// lines are the mappings of each generated line, by column.
	lines [][]mapping
}

type mapping struct{ column, toLine, toColumn int }

// parseSourceMap reads the map of one source.
func parseSourceMap(text []byte) (*sourceMap, error) {
	var raw struct{ Mappings string }
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	m := &sourceMap{}
	var source, line, column int
	for encoded := range strings.SplitSeq(raw.Mappings, ";") {
		var list []mapping
		at := 0
		for segment := range strings.SplitSeq(encoded, ",") {
			if segment == "" {
				continue
			}
			fields, err := vlq(segment)
			if err != nil {
				return nil, err
			}
			at += fields[0]
			if len(fields) < 4 {
				continue // generated code without a source
			}
			source, line, column = source+fields[1], line+fields[2], column+fields[3]
			list = append(list, mapping{at, line, column})
		}
		m.lines = append(m.lines, list)
	}
	return m, nil
}

var errVLQ = errors.New("a source map with bad mappings")

// vlq decodes one segment: one, four or five numbers.
func vlq(s string) ([]int, error) {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var fields []int
	n, shift := 0, 0
	for i := range len(s) {
		d := strings.IndexByte(digits, s[i])
		if d < 0 || shift > 30 {
			return nil, errVLQ
		}
		n |= d & 31 << shift
		shift += 5
		if d&32 != 0 {
			continue
		}
		if n&1 != 0 {
			fields = append(fields, -(n >> 1))
		} else {
			fields = append(fields, n>>1)
		}
		n, shift = 0, 0
	}
	if shift != 0 || len(fields) == 0 {
		return nil, errVLQ
	}
	return fields, nil
}

// source returns the place in the source of a place in the generated code: that
// of the nearest mapping at or before it on its line.
func (m *sourceMap) source(line, column int) (toLine, toColumn int, ok bool) {
	if line >= len(m.lines) {
		return 0, 0, false
	}
	list := m.lines[line]
	i := sort.Search(len(list), func(i int) bool { return list[i].column > column }) - 1
	if i < 0 {
		return 0, 0, false
	}
	return list[i].toLine, list[i].toColumn, true
}
