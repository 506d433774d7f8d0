// Package fleet runs several built edges on real redis-servers, and kills, stops,
// fills and confuses the servers: clients must not notice, and no purge may be
// lost.
package fleet
