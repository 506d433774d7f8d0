package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// kind is the type of a metric.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// definition is the one place where a metric is named and explained.
// docs/metrics.md is made of them.
type definition struct {
	name   string
	kind   kind
	help   string
	labels []string
}

func (d definition) desc() *prometheus.Desc {
	return prometheus.NewDesc(d.name, d.help, d.labels, nil)
}

func labels(names ...string) []string { return names }

// What is counted per route. The label route is the pattern of the policy, so
// the policy bounds how many series there are.
var (
	requestsTotal = definition{"edge_requests_total", counter,
		"Requests answered. served is how: edge (by itself), hit, stale, miss, collapsed (waited for another's fetch) or pass; reason is the word of Cache-Status and of edge explain.",
		labels("route", "method", "class", "served", "reason")}
	responseBytesTotal = definition{"edge_response_bytes_total", counter,
		"Bytes of response bodies sent to clients.", labels("route", "served")}
	requestDuration = definition{"edge_request_duration_seconds", histogram,
		"Time from a request's head to the end of its answer, slow clients included. Native buckets as well, but for hit and stale.",
		labels("route", "served")}
	fastHitsTotal = definition{"edge_fast_hits_total", counter,
		"Hits among these that were answered on the connection, below net/http (option fast_hits).", nil}
	staleAge = definition{"edge_stale_age_seconds", histogram,
		"How long past its lifetime a stale answer was when it was served.", labels("route")}
	withheldTotal = definition{"edge_withheld_requests_total", counter,
		"Requests of which data outside the key was kept from the origin, by kind of data.", labels("route", "kind")}
	violationsTotal = definition{"edge_violations_total", counter,
		"Answers of an origin that contradict the mode of their route, by kind; the policy says what became of them.",
		labels("route", "kind")}
)

// What is counted per origin.
var (
	originRequestsTotal = definition{"edge_origin_requests_total", counter,
		"Requests sent to an origin that gave a response, by status class.", labels("route", "origin", "class")}
	originFailuresTotal = definition{"edge_origin_failures_total", counter,
		"Requests to an origin that failed: no response, or a 500, 502, 503 or 504. Bodies that broke off are cut-off in edge_origin_attempts_total; what clients break off counts nowhere.",
		labels("route", "origin", "reason")}
	originRequestDuration = definition{"edge_origin_request_duration_seconds", histogram,
		"Time that a request to an origin took, failed ones included. Native buckets as well.", labels("route", "origin")}
)

// What origins report of their addresses. The label url is one of the policy; a
// name that stands for several addresses is one url.
var (
	originAddresses = definition{"edge_origin_addresses", gauge,
		"Addresses of an origin by state: up, warming, ejected, down, open or half-open.", labels("origin", "url", "state")}
	originInFlight = definition{"edge_origin_in_flight_requests", gauge,
		"Requests under way at an origin, to the end of the answer.", labels("origin", "url")}
	originAttemptsTotal = definition{"edge_origin_attempts_total", counter,
		"Requests sent to an address, retries included, by result: answered, unwell (502, 503, 504), dial, timeout, broken, abandoned (by the client); cut-off are answers whose body broke off, counted besides.",
		labels("origin", "url", "result")}
	originChecksTotal = definition{"edge_origin_health_checks_total", counter,
		"Health checks of addresses, by whether they succeeded.", labels("origin", "url", "ok")}
	originLookupsTotal = definition{"edge_origin_lookups_total", counter,
		"Look-ups of the name in a URL, by whether they succeeded.", labels("origin", "url", "ok")}
	originWaiting = definition{"edge_origin_waiting_requests", gauge,
		"Requests that wait for their turn because max_requests are under way.", labels("origin")}
	originRefusedTotal = definition{"edge_origin_refused_requests_total", counter,
		"Requests that did not get their turn at the origin: because max_queue others waited (full), or because timeouts.queue passed (late).", labels("origin", "why")}
	originRetriesTotal = definition{"edge_origin_retries_total", counter,
		"Requests that were sent once more: because no connection could be made (dial), one ended before the answer (lost), or the answer was 502, 503 or 504 (unwell).", labels("origin", "why")}
	originUnpaidTotal = definition{"edge_origin_retries_refused_total", counter,
		"Requests that were not sent once more because the budget for that (retries) was used up.", labels("origin")}
	originEjectionsTotal = definition{"edge_origin_ejections_total", counter,
		"How often an address was left alone because it answered badly.", labels("origin", "url")}
)

// What the store and the flights report.
var (
	objects = definition{"edge_cache_objects", gauge,
		"Objects stored, variants included.", nil}
	sizeBytes = definition{"edge_cache_size_bytes", gauge,
		"Memory taken by what is stored: bodies, heads, keys, labels and overhead.", nil}
	capacityBytes = definition{"edge_cache_capacity_bytes", gauge,
		"Most memory that what is stored may take (cache.memory).", nil}
	headroomBytes = definition{"edge_memory_headroom_bytes", gauge,
		"Memory that the process is meant to take beside what it stores: for fetches under way, garbage and itself. With edge_cache_capacity_bytes it is the collector's target; 0 when there is none.", nil}
	admissionsTotal = definition{"edge_cache_admissions_total", counter,
		"Objects that the store took.", nil}
	evictionsTotal = definition{"edge_cache_evictions_total", counter,
		"Objects removed for want of space.", nil}
	rejectionsTotal = definition{"edge_cache_rejections_total", counter,
		"Objects that the store did not take because others are asked for more often.", nil}
	routeObjects = definition{"edge_cache_route_objects", gauge,
		"Objects stored for a route, of edge_cache_objects. Those of routes that are in the policy no more count there alone.", labels("route")}
	routeSizeBytes = definition{"edge_cache_route_size_bytes", gauge,
		"Memory taken by the objects of a route, of edge_cache_size_bytes.", labels("route")}
	routeEvictionsTotal = definition{"edge_cache_route_evictions_total", counter,
		"Objects of a route removed for want of space, of edge_cache_evictions_total.", labels("route")}
	routeRejectionsTotal = definition{"edge_cache_route_rejections_total", counter,
		"Objects of a route that the store did not take, of edge_cache_rejections_total.", labels("route")}
	flights = definition{"edge_flights", gauge,
		"Fetches for the store that are under way.", nil}
	flightBytes = definition{"edge_flight_bytes", gauge,
		"Bytes of bodies held by fetches that are under way.", nil}
	flightsTotal = definition{"edge_flights_started_total", counter,
		"Fetches for the store that were begun.", labels("route")}
	collapsesTotal = definition{"edge_collapsed_requests_total", counter,
		"Requests that joined a fetch which another had begun.", labels("route")}
	landingsTotal = definition{"edge_flights_landed_total", counter,
		"Fetches for the store that ended, by whether the answer was stored and why.", labels("route", "stored", "reason")}
	refreshesTotal = definition{"edge_refreshes_total", counter,
		"Refreshes behind stale answers that ended, by whether they succeeded.", labels("route", "ok")}
	readersAbortedTotal = definition{"edge_readers_aborted_total", counter,
		"Clients cut off because they read so slowly that they held up others.", labels("route")}
	invalidationsTotal = definition{"edge_invalidations_total", counter,
		"Invalidations, by what they selected; soft ones leave objects stale, others purge them.", labels("kind", "soft")}
)

// What the listeners of clients report.
var (
	certificateExpiry = definition{"edge_tls_certificate_expiry_timestamp_seconds", gauge,
		"When the certificate in use expires.", labels("file")}
	certificateCurrent = definition{"edge_tls_certificate_current", gauge,
		"1 when the certificate in use is what its file has. At 0 the file has changed and cannot be used.", labels("file")}
	certificateLoadsTotal = definition{"edge_tls_certificate_loads_total", counter,
		"Certificates whose files changed, by whether they came into use.", labels("ok")}
	connectionsOpen = definition{"edge_connections", gauge,
		"Connections of clients that are open.", nil}
	connectionsLimit = definition{"edge_connections_limit", gauge,
		"How many there may be (limits.connections).", nil}
	crowdedTotal = definition{"edge_connection_waits_total", counter,
		"How often, at most once a second for each socket, accepting waited because there were as many connections as there may be.", nil}
	stalledTotal = definition{"edge_stalled_connections_total", counter,
		"Connections broken off because their client took less than 64 KiB of an answer within limits.stall_timeout.", nil}
	requestsUnderWay = definition{"edge_requests_under_way", gauge,
		"Requests under way, but for hits that are answered below net/http.", nil}
	refusedConnectionsTotal = definition{"edge_refused_connections_total", counter,
		"Connections that came to nothing before HTTP: untrusted-proxy (on a listener for proxies), proxy-protocol (a proxy did not say whom it speaks for), tls-handshake (also of clients that went away), client-connections (limits.connections_per_client).", labels("reason")}
)

// What a node of a fleet reports of the log; none of it without a fleet.
var (
	fleetConnected = definition{"edge_fleet_connected", gauge,
		"1 while the log of invalidations is followed.", nil}
	fleetSilence = definition{"edge_fleet_silence_seconds", gauge,
		"How long ago the log was known to hold nothing that this node has not read. Past max_silence everything stored counts as softly purged.", nil}
	fleetPosition = definition{"edge_fleet_position_timestamp_seconds", gauge,
		"When, by the server's clock, the last entry was appended that this node has read. The greatest among the nodes, less that of a node, is how far it is behind.", nil}
	fleetWaiting = definition{"edge_fleet_waiting_invalidations", gauge,
		"Invalidations of this node that the log does not have yet.", nil}
	fleetMembers = definition{"edge_fleet_members", gauge,
		"Other nodes that have announced themselves.", nil}
	fleetEntriesTotal = definition{"edge_fleet_entries_total", counter,
		"Entries of the log, by what was done: read, appended, or ignored because they are none of edge's.", labels("done")}
	fleetLossesTotal = definition{"edge_fleet_losses_total", counter,
		"How often the log was lost sight of, and attempts to find it that failed.", nil}
	fleetConnectionsTotal = definition{"edge_fleet_connections_total", counter,
		"Connections to the server that were begun.", nil}
	fleetResumptionsTotal = definition{"edge_fleet_resumptions_total", counter,
		"How often the log was taken up: began, continued, restored (the log had lost what was read, and got it back) or trimmed (it had lost what was not read, and this node purged its memory).", labels("how")}
	fleetSettleSeconds = definition{"edge_fleet_settle_seconds", histogram,
		"Time from an invalidation on this node to its being read back from the log, which is when other nodes read it. Native buckets as well.", nil}
)

// What a node of a fleet reports of the tier.
var (
	tierLookups = definition{"edge_tier_lookup_duration_seconds", histogram,
		"Time that looking into the tier took, by outcome: hit, miss, dead (purged since, or of an epoch that is over), broken (no object for the key), timeout, error, or skipped because the breaker was open or the log not read to its end. Native buckets as well.", labels("outcome")}
	tierWritesTotal = definition{"edge_tier_writes_total", counter,
		"Objects for the tier, by outcome: written, too-large, too-short (it would not live for a second), unstamped (fetched without the log), overtaken (purged meanwhile), dropped (the queue was full), skipped (the breaker was open) or error.", labels("outcome")}
	tierBytesTotal = definition{"edge_tier_bytes_total", counter,
		"Bytes of the tier that were read or written.", labels("direction")}
	tierBreaker = definition{"edge_tier_breaker_state", gauge,
		"Whether the tier is used, to read and to write: 0 closed (it is), 1 half-open (it is being tried), 2 open.", labels("direction")}
	tierQueue = definition{"edge_tier_queued_objects", gauge,
		"Objects that wait to be written to the tier.", nil}
	tierQueueBytes = definition{"edge_tier_queued_bytes", gauge,
		"Bytes of their bodies.", nil}
)

// What the process reports of itself.
var (
	reloadSuccessful = definition{"edge_config_last_reload_successful", gauge,
		"1 when the last attempt to load the policy succeeded. At 0 the one before is still in force.", nil}
	reloadTime = definition{"edge_config_last_reload_success_timestamp_seconds", gauge,
		"When the policy in force was loaded.", nil}
	reloadsTotal = definition{"edge_config_reloads_total", counter,
		"Attempts to load the policy, the first one included.", labels("ok")}
	configInfo = definition{"edge_config_info", gauge,
		"Always 1; hash is the hash of the policy in force.", labels("hash")}
	accessLogDropped = definition{"edge_access_log_dropped_lines_total", counter,
		"Lines missing from the access log because its writer was too slow or failed.", nil}
	buildInfo = definition{"edge_build_info", gauge,
		"Always 1; the labels say what is running.", labels("version", "revision", "go")}
)

// definitions are all metrics in the order of the documentation.
var definitions = []definition{
	requestsTotal, fastHitsTotal, responseBytesTotal, requestDuration, staleAge, withheldTotal, violationsTotal,
	originRequestsTotal, originFailuresTotal, originRequestDuration,
	originAddresses, originInFlight, originAttemptsTotal, originEjectionsTotal,
	originChecksTotal, originLookupsTotal, originWaiting, originRefusedTotal, originRetriesTotal, originUnpaidTotal,
	objects, sizeBytes, capacityBytes, headroomBytes, admissionsTotal, evictionsTotal, rejectionsTotal,
	routeObjects, routeSizeBytes, routeEvictionsTotal, routeRejectionsTotal,
	flights, flightBytes, flightsTotal, collapsesTotal, landingsTotal,
	refreshesTotal, readersAbortedTotal, invalidationsTotal,
	certificateExpiry, certificateCurrent, certificateLoadsTotal, refusedConnectionsTotal,
	connectionsOpen, connectionsLimit, crowdedTotal, stalledTotal, requestsUnderWay,
	fleetConnected, fleetSilence, fleetPosition, fleetWaiting, fleetMembers,
	fleetEntriesTotal, fleetLossesTotal, fleetConnectionsTotal, fleetResumptionsTotal, fleetSettleSeconds,
	tierLookups, tierWritesTotal, tierBytesTotal, tierBreaker, tierQueue, tierQueueBytes,
	reloadSuccessful, reloadTime, reloadsTotal, configInfo, accessLogDropped, buildInfo,
}

// durationBounds are the classic buckets of every duration of a request, so
// that hits and misses can be summed: from a hit in memory to a patient
// client.
var durationBounds = []time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute,
}

// ageBounds are the buckets of edge_stale_age_seconds.
var ageBounds = []time.Duration{
	time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
	time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
}

// seconds returns bounds as Prometheus wants them.
func seconds(bounds []time.Duration) []float64 {
	s := make([]float64, len(bounds))
	for i, b := range bounds {
		s[i] = b.Seconds()
	}
	return s
}

// histogramOpts are the options of a histogram that is not on the path of a
// hit: classic and native buckets.
func (d definition) histogramOpts() prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: d.name, Help: d.help, Buckets: seconds(durationBounds),
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

// counterOpts are the options of a counter that is not on the path of a hit.
func (d definition) counterOpts() prometheus.CounterOpts {
	return prometheus.CounterOpts{Name: d.name, Help: d.help}
}
