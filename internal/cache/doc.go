// Package cache keeps objects, finds them and forgets them. The law – may this
// be stored, may it be reused – is in package rfc9111; this is the warehouse.
//
// Memory is the node's store: synchronous, handing out pointers to immutable
// objects. Most of it lives in ristretto, which may reject or forget anything at
// any time (mainStore); a small window in front keeps what was just stored
// visible. A slot is what both hold: the full key, and what is known under it.
//
// Generations are how invalidation works: nothing is deleted to be invalid;
// every object carries the generation at which its fetch began, every
// invalidation raises the generation and notes it against a label (tag, path,
// prefix, route, host, all), and an object is served only if none of its labels
// was purged since. The check is made at every lookup, so the order of inserts,
// deletes and evictions does not matter.
package cache
