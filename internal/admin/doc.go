// Package admin is the private HTTP API of a running edge – invalidation,
// explain, status, profiles, metrics, health – and its client.
//
// New returns the handler of the admin listener, NewMetrics that of the metrics
// listener, which knows only what needs no token. What they do comes in as
// functions: the package holds no state and knows no store.
//
// Without a token the API trusts what reaches a loopback address, except
// through a browser: a page of anybody could otherwise purge (cross-site
// requests, DNS rebinding). With a token it trusts who knows it. Metrics and
// health tell nothing about users and never need it.
package admin
