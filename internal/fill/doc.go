// Package fill owns every fetch meant for the store: joining, streaming to
// readers, committing, refreshing behind.
//
// A Flight is one fetch. It belongs to Flights, not to the request that asked
// first: it has its own context and deadline, and a leader who leaves does not end
// it. It runs on a goroutine of its own, or on the leader's until the head has come
// (here.go). Everybody who wants the answer, the leader too, is a Reader of the
// flight. Readers are answered from the flight, never from a second look-up, so
// nothing here relies on the store keeping what it was given. All goroutines end
// with Close.
//
// Whether a response may be stored or shared is decided by rfc9111.Admit, which
// proxy calls when the head arrives; fill carries that decision out.
//
// # Who touches what
//
// The flight's goroutine is the only writer of its body. It publishes immutable
// pictures of it (body.go), which readers follow without a lock: a thousand
// readers contend for nothing. One that has read everything says that it waits,
// looks once more, and is woken by the next picture; whoever does not wait costs the
// writer a look. Flight.mu protects who reads and what they were
// told; a shard's mutex, taken first when both are, the table of flights.
//
// # Interleavings
//
// A purge overtakes a fetch, and nobody who came after it sees what was before:
//
//  1. A leads for k; the flight is born at generation 7
//  2. the origin makes its answer, tagged t
//  3. purge of t: generation 8
//  4. B looks k up at 8 and joins: neither path nor route was purged
//  5. the head arrives with t: B is told Superseded, A reads on
//  6. the body ends: nothing is stored, because t was purged after 7
//
// A newcomer finds the object or the flight, never neither:
//
//  1. the body of A's flight ends
//  2. the object is stored
//  3. the flight leaves the table
//  4. B, who missed before 2 and joins after 3, leads: its Run looks again and
//     finds what was stored
//
// With 2 and 3 exchanged, B's second look-up between them would miss as well,
// and the origin would be asked twice.
//
// A private answer, and nobody queues behind it twice:
//
//  1. A leads for k, B and C join
//  2. the head says private: k is marked, the flight leaves the table
//  3. B and C are told NotStorable and fetch, each on its own, at once
//  4. D looks k up, sees the mark and does not wait at all
//
// An answer that varies, and those who want another find each other:
//
//  1. A leads for k and wants German; B and C, who join, want French
//  2. the head says Vary: Accept-Language: A's flight is found under k and German
//     from now on
//  3. B is told OtherVariant, and by what the key varies; it looks again, finds
//     nothing under k and French, and leads a flight there
//  4. C is told the same, looks again, and joins B's
//  5. D, who comes now and wants French, joins B's at once; E, who wants German, A's
//
// Where a flight stands before its head is a guess. If B's answer says that it
// was selected by more, C is told OtherVariant again: whether an answer is for a
// reader is asked of the answer, never of the place where it was found.
//
//  1. A leads for k, German; B leads for k, French, because the store had said how
//     k varies
//  2. A's head says that the key does not vary: A's flight is found under k alone,
//     and who comes now looks there
//  3. B's head says the same; nobody is under k any more, or A still is, and stays
//
// A slow reader in a body that outgrew max_object:
//
//  1. A and B read; the body crosses the bound: it is no longer stored
//  2. what both have read is freed; the writer stays within Window of the slower
//  3. B stands still, A has read everything: the writer waits, A waits
//  4. B was below MinRate for as long as the patience lasts: B is cut off, with
//     an error, and the writer goes on at A's speed
//
// # Breaks that must be caught
//
// e2e/mutants/fill-*.patch break what must not break, one promise each – the end
// of a body unchecked, the commit after the flight has left, a private answer
// shared – and name the test that notices. Who changes a line that one of them
// touches renews the patch.
package fill
