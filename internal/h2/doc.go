// Package h2 answers hits on connections of HTTP/2, below net/http, as package wire does
// on those of HTTP/1.
//
// A conn stands between the client, behind TLS, and net/http's HTTP/2 server. It reads
// the client's frames. A request that a wire.Clerk answers from a fresh object gets its
// frames from here; everything else goes on to net/http, which serves it as if there was
// nothing between. What either side could notice of that is kept right:
//
//   - Header blocks. HPACK's table is of a connection, and net/http does not see every
//     block. So the conn decodes all of them, and what net/http gets it writes anew
//     without the table. Its own blocks do not use the table either, and so leave the
//     one that net/http keeps for the client as it was.
//   - Streams. net/http does not know those that were answered here. It takes numbers
//     that it never saw for closed when a later one comes; frames on those that are later
//     than all it knows are not handed on.
//   - Windows. The window of the connection is divided: window says how. Answers that do
//     not fit into what is ours are net/http's.
//   - Frames of net/http's that are being written are whole before ours are, and so are
//     header blocks. The first that goes out is net/http's, its SETTINGS.
//   - Rest. A connection with nothing but hits would rest, as net/http sees it: now and
//     then a hit goes to net/http.
//
// A client that breaks the protocol meets net/http: it gets the frame that is wrong, or
// one that is wrong in the same way, and says what it thinks of it. Nothing is refused here.
//
// RFC 9113 is HTTP/2, RFC 7541 HPACK.
package h2
