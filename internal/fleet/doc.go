// Package fleet lets several nodes share a Redis or Valkey: a log of
// invalidations that every node appends to and reads, and a second tier of
// objects behind each node's memory. Neither is ever needed: without the server a
// node answers from its memory and its origins, and keeps its invalidations until
// the log has them.
//
// # How an invalidation travels
//
// Memory.Invalidate puts it in force on this node and notes it in the memory's
// Journal. The Log appends it to a stream. Every node, this one too, reads the
// stream in order; another's entry is put in force like one of its own, and its
// own entry is recognised: from then on the invalidation has a place in the
// history that all share, a cache.Position.
//
// # How an object travels
//
// A fetch takes two stamps before anything of it happens: the generation of this
// node, and the position up to which the node has read the log. The object that
// it brings goes to memory under the first, to the Tier under the second. A node
// that reads it from the tier asks its Journal which generation the position
// comes to, and puts it into memory as born at that one: from then on every
// lookup checks it like any other object. An invalidation that is not yet in the
// log is younger than every object of the tier.
//
// # When history breaks
//
// A server may lose the log, or its end: FLUSHALL, a restart without its files, a
// replica that was promoted too early. Positions of before then mean nothing. So
// a history has a name, the cache.Epoch; a stamp has it, too, and a node that
// finds the server's process changed, its own position gone or the stream missing
// begins a new one. Everything in the tier is dead then. What a node still knows
// of the last invalidations it appends again, so that who was behind gets them. A
// node whose position was trimmed away has missed what nobody can tell it any
// more, and purges its memory.
//
// # Connections
//
// The log has connections of its own, so that a large object cannot delay a
// purge, and makes them anew after any error: a connection leads to one process
// of the server for as long as it lives, and what was checked of that process at
// the beginning holds to its end.
package fleet
