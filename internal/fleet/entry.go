package fleet

import (
	"math/rand/v2"
	"strconv"

	"github.com/redis/rueidis"

	"edge/internal/cache"
)

// kind is what an entry of the stream is.
type kind uint8

const (
	// invalidation is put in force.
	invalidation kind = iota
	// beginning begins an epoch and does nothing else.
	beginning
	// unreadable is of a kind that this version does not know. Whatever it says, it
	// invalidates everything.
	unreadable
	// foreign is what somebody else has put there.
	foreign
)

// entry is an entry of the log, as a stream has it: pairs of field and value, in
// an order that counts, where fields may be repeated and values are any bytes.
//
//	v 1  e EPOCH  r PROCESS  n NODE  g GENERATION  [soft 1]  tag posts  tag news  host www.example.com
//	v 1  e EPOCH  r PROCESS  k epoch
//
// An entry of the second kind begins an epoch.
type entry struct {
	kind  kind
	at    cache.Position
	epoch cache.Epoch
	// process is which process of the server it was appended to.
	process string
	cache.Entry
}

const entryVersion = "1"

// name is the same for what is the same entry, and for no other at its position.
func (e *entry) name() string {
	switch e.kind {
	case invalidation:
		return strconv.FormatUint(e.ID.Node, 16) + "." + strconv.FormatUint(uint64(e.ID.Generation), 16)
	case beginning:
		return "epoch " + strconv.FormatUint(uint64(e.epoch), 16)
	}
	return ""
}

// pairs are the fields and values of e.
func (e *entry) pairs() []string {
	list := []string{"v", entryVersion, "e", strconv.FormatUint(uint64(e.epoch), 16), "r", e.process}
	if e.kind == beginning {
		return append(list, "k", "epoch")
	}
	list = append(list, "n", strconv.FormatUint(e.ID.Node, 16), "g", strconv.FormatUint(uint64(e.ID.Generation), 16))
	s := &e.Selector
	if s.Soft {
		list = append(list, "soft", "1")
	}
	if s.All {
		return append(list, "all", "1")
	}
	for _, names := range []struct {
		field string
		list  []string
	}{{"tag", s.Tags}, {"path", s.Paths}, {"prefix", s.Prefixes}, {"route", s.Routes}, {"host", s.Hosts}} {
		for _, name := range names.list {
			list = append(list, names.field, name)
		}
	}
	return list
}

// parseEntry reads an entry of the stream.
func parseEntry(x rueidis.XRangeSlice) (e entry) {
	at, ok := cache.ParsePosition(x.ID)
	if e.at = at; !ok || len(x.FieldValues) == 0 || x.FieldValues[0].Field != "v" {
		e.kind = foreign
		return e
	}
	ok = x.FieldValues[0].Value == entryVersion
	for _, pair := range x.FieldValues[1:] {
		ok = e.read(pair.Field, pair.Value) && ok
	}
	ok = ok && e.epoch != 0 && e.process != ""
	if e.kind == invalidation {
		ok = ok && e.ID.Node != 0 && e.ID.Generation != 0 && !e.Selector.Empty()
	}
	if !ok {
		return entry{kind: unreadable, at: e.at, Entry: cache.Entry{Selector: cache.Selector{All: true}}}
	}
	return e
}

// read takes one pair in. It reports whether it was understood.
func (e *entry) read(field, value string) (ok bool) {
	number := func() uint64 {
		n, err := strconv.ParseUint(value, 16, 64)
		ok = err == nil
		return n
	}
	s := &e.Selector
	ok = true
	switch field {
	case "e":
		e.epoch = cache.Epoch(number())
	case "r":
		e.process = value
	case "n":
		e.ID.Node = number()
	case "g":
		e.ID.Generation = cache.Generation(number())
	case "k":
		e.kind = beginning
		ok = value == "epoch"
	case "soft":
		s.Soft = true
	case "all":
		s.All = true
	case "tag":
		s.Tags = append(s.Tags, value)
	case "path":
		s.Paths = append(s.Paths, value)
	case "prefix":
		s.Prefixes = append(s.Prefixes, value)
	case "route":
		s.Routes = append(s.Routes, value)
	case "host":
		s.Hosts = append(s.Hosts, value)
	default:
		ok = false
	}
	return ok
}

// nextEpoch returns an epoch after the one that is given; 0 for the first.
// Epochs are numbered, so that of two in one log it is clear which came later,
// and random, so that no two are the same by chance.
func nextEpoch(last cache.Epoch) cache.Epoch {
	return cache.Epoch(ordinal(last)+1)<<48 | cache.Epoch(rand.Uint64()>>16)
}

// ordinal is the number of an epoch. It wraps around after 65,535 breaks of the
// log's history; a tier is then dead once more than it would need to be.
func ordinal(e cache.Epoch) uint16 { return uint16(e >> 48) }
