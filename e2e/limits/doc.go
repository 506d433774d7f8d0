// Package limits holds the running binary to what docs/operations.md says of its
// limits: what one request, one client and all clients together may take, and
// how long. Every limit is tried with hits that are answered below net/http,
// without, and over HTTP/2: the three ways into edge must not differ.
//
// The attacks are the slow ones, that keep a connection with next to nothing, and
// those of HTTP/2, that cost the server more than the client. Each is bounded in
// time and count, and must leave edge as it was: nobody else waits, and what was
// held is free again.
package limits
