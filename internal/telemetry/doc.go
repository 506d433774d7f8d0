// Package telemetry counts, exports to Prometheus and writes the access log.
//
// On the path of a hit nothing is looked up by label, formatted or locked: a
// Table has a cell for each route, method, status class and reason, and a
// collector reads the cells at scrape time. What a figure means is written once,
// in its Prometheus help text.
package telemetry
