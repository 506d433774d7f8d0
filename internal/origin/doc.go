// Package origin sends one request to one of several origins and says, in a
// closed list, how that failed when it does. It owns the transports: connection
// reuse, timeouts, and the choice among several addresses.
//
// Requests without a body go to origins that speak HTTP/1.1 through a client of its
// own (h1Client), everything else through net/http's Transport.
//
// It knows nothing of caching, policy or the client. It never follows
// redirects, never decompresses, and adds no header field of its own.
package origin
