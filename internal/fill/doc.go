// Package fill owns every fetch meant for the store: joining, streaming to
// readers, committing, refreshing behind.
//
// A Flight is one fetch. It belongs to Flights, not to the request that asked
// first: it has its own goroutine, context and deadline, and a leader who
// leaves does not end it. Everybody who wants the answer, the leader too, is a
// Reader of the flight. Readers are answered from the flight, never from a
// second look-up, so nothing here relies on the store keeping what it was
// given. All goroutines end with Close.
//
// Whether a response may be stored or shared is decided by rfc9111.Admit, which
// proxy calls when the head arrives; fill carries that decision out.
package fill
