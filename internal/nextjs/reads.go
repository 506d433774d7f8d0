package nextjs

import (
	"cmp"
	"slices"
	"strings"
)

// ReadKind is a kind of request data that a handler reads.
type ReadKind string

const (
	ReadQuery  ReadKind = "query"
	ReadHeader ReadKind = "header"
	ReadCookie ReadKind = "cookie"
	ReadBody   ReadKind = "body"
	// ReadDraft is whether draft mode is on, which a cookie says.
	ReadDraft ReadKind = "draft"
	// ReadClient is who the client is: its address and where that is.
	ReadClient ReadKind = "client"
)

// AnyName is the name of a read that may be of every name.
const AnyName = "*"

// Read is one place where a handler reads data of the request.
type Read struct {
	Kind ReadKind
	// Name is that of the parameter, of the header field in lower case or of
	// the cookie; AnyName when it may be any. It is empty for other kinds.
	Name string
	At   Position
	// Why says what makes the read one of any name; empty for a plain one.
	Why string
}

// EffectKind is something a handler does that makes its answer one for one
// request, without reading data of it.
type EffectKind string

const (
	// EffectDynamic is connection() and the like: run me for every request.
	EffectDynamic EffectKind = "dynamic"
	// EffectUncached is a fetch that Next.js must not cache.
	EffectUncached EffectKind = "uncached"
	// EffectInvalidates is revalidateTag and the like.
	EffectInvalidates EffectKind = "invalidates"
	// EffectCookies is setting a cookie.
	EffectCookies EffectKind = "cookies"
	// EffectLifetime is a Cache-Control of the handler's own that lets a shared
	// cache keep the answer.
	EffectLifetime EffectKind = "lifetime"
)

// Effect is one place where a handler does such a thing.
type Effect struct {
	Kind EffectKind
	At   Position
}

// recordings are what one run of a method has read and done.
type recordings struct {
	reads    map[Read]bool
	effects  map[Effect]bool
	warnings map[Warning]bool
}

func newRecordings() *recordings {
	return &recordings{map[Read]bool{}, map[Effect]bool{}, map[Warning]bool{}}
}

// sortedReads are the reads by kind, name and place. Of reads at one place the
// first in this order stays.
func (r *recordings) sortedReads() []Read {
	list := make([]Read, 0, len(r.reads))
	for read := range r.reads {
		list = append(list, read)
	}
	slices.SortFunc(list, func(a, b Read) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), comparePositions(a.At, b.At), cmp.Compare(a.Why, b.Why))
	})
	return slices.CompactFunc(list, func(a, b Read) bool { return a.Kind == b.Kind && a.Name == b.Name && a.At == b.At })
}

func (r *recordings) sortedEffects() []Effect {
	list := make([]Effect, 0, len(r.effects))
	for e := range r.effects {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Effect) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), comparePositions(a.At, b.At))
	})
	return list
}

func comparePositions(a, b Position) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// headerRead is the read of one header field: some fields are other kinds of
// data, and some are always in the key.
func headerRead(name string) (Read, bool) {
	name = strings.ToLower(name)
	switch name {
	case "cookie":
		return Read{Kind: ReadCookie, Name: AnyName, Why: "the Cookie header as a whole"}, true
	case "host", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port":
		return Read{}, false // the key has them, and every fetch sends them
	case "x-forwarded-for", "x-real-ip", "forwarded", "x-client-ip", "true-client-ip", "cf-connecting-ip", "x-vercel-forwarded-for",
		"fastly-client-ip", "fly-client-ip":
		return Read{Kind: ReadClient, Name: name}, true
	}
	return Read{Kind: ReadHeader, Name: name}, true
}
