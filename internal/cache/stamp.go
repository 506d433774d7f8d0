package cache

import (
	"cmp"
	"strconv"
	"strings"
)

// Position is a place in the log of a fleet: the id of an entry of a Redis
// stream, given by the server, growing. The zero Position is before every entry.
type Position struct{ Ms, Seq uint64 }

// Compare is below zero when p is before q, above when it is after.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Ms, q.Ms), cmp.Compare(p.Seq, q.Seq))
}

// String is the position as Redis writes it: "1700000000000-0".
func (p Position) String() string {
	return strconv.FormatUint(p.Ms, 10) + "-" + strconv.FormatUint(p.Seq, 10)
}

// Next is the least position after p.
func (p Position) Next() Position {
	if p.Seq++; p.Seq == 0 {
		p.Ms++
	}
	return p
}

// ParsePosition reads what String writes.
func ParsePosition(s string) (p Position, ok bool) {
	ms, seq, _ := strings.Cut(s, "-")
	var errMs, errSeq error
	p.Ms, errMs = strconv.ParseUint(ms, 10, 64)
	p.Seq, errSeq = strconv.ParseUint(seq, 10, 64)
	return p, errMs == nil && errSeq == nil
}

// Epoch names one history of the log, at random. Positions of different epochs
// say nothing about each other. There is no epoch 0.
type Epoch uint64

// Stamp is when something was, in the history of a fleet: after every
// invalidation up to At, in the log of Epoch. The zero Stamp is of a node that
// knows of no log.
type Stamp struct {
	Epoch Epoch
	At    Position
}

// EntryID names an invalidation for ever, wherever in the log it stands: the
// node that took it, by a number drawn when its process began, and its
// generation there.
type EntryID struct {
	Node       uint64
	Generation Generation
}

// Entry is an invalidation on its way to the log, or from it.
type Entry struct {
	ID       EntryID
	Selector Selector
}
