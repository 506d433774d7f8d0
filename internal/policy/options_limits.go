package policy

import "time"

// limitOptions are the options of limits.
var limitOptions = []optionOf[LimitsConf]{
	option("connections", optional(whole("10000", 0, maxConnections)), func(l *LimitsConf) **int { return &l.Connections }, "0",
		"How many connections clients may have at one time; who comes then waits, and idle connections are closed. 0 is three quarters of the file descriptors that edge may open, 65536 at most."),
	option("connections_per_client", optional(whole("100", 0, maxConnections)), func(l *LimitsConf) **int { return &l.PerClient }, "0",
		"How many connections one client may have: an IPv4 address, or a /64 of IPv6. More are closed at once. Trusted proxies may have any number. 0 sets no bound."),
	option("streams", optional(whole("100", 1, 1000)), func(l *LimitsConf) **int { return &l.Streams }, "100",
		"How many requests may be under way on one HTTP/2 connection."),
	option("target", optional(size()), func(l *LimitsConf) **int64 { return &l.Target }, "8KiB",
		"The longest target of a request, path and query; beyond it the answer is 414."),
	option("query", optional(size()), func(l *LimitsConf) **int64 { return &l.Query }, "",
		"The longest query, if that is to be shorter; beyond it the answer is 414."),
	option("query_params", optional(whole("256", 1, 100000)), func(l *LimitsConf) **int { return &l.QueryParams }, "256",
		"How many parameters a query may have; beyond it the answer is 414."),
	option("fields", optional(size()), func(l *LimitsConf) **int64 { return &l.Fields }, "15KiB",
		"The size of the target and all header fields; beyond it the answer is 431. Keep it, with what edge adds, below what the origin takes (Node: 16KiB): otherwise a client can make the origin refuse a request that edge let pass."),
	option("field_count", optional(whole("100", 1, 32766)), func(l *LimitsConf) **int { return &l.FieldCount }, "100",
		"How many header fields a request may have; beyond it the answer is 431."),
	option("client_misses", optional(rate()), func(l *LimitsConf) **float64 { return &l.ClientMisses }, "false",
		"How many fetches for the store one client may begin in a second; joining the fetch of another is free. Ten seconds' worth may come at once; beyond it the answer is 429. Clients behind one address count as one."),
	option("head_timeout", optional(timeLimit("5s, 30s or 1m")), func(l *LimitsConf) **time.Duration { return &l.Head }, "5s",
		"How long a client may take to send the head of a request, and what is left of its body when there is an answer; then it is cut off."),
	option("idle_timeout", optional(timeLimit("5s, 30s or 1m")), func(l *LimitsConf) **time.Duration { return &l.Idle }, "2m",
		"How long a connection may rest between two requests. Behind a load balancer, make it longer than the balancer keeps its idle connections."),
	option("stall_timeout", optional(timeLimit("5s, 30s or 1m")), func(l *LimitsConf) **time.Duration { return &l.Stall }, "30s",
		"How long a client may take to read 64 KiB of an answer; some get up to twice as long. Then the answer is broken off."),
}

const (
	maxConnections = 1 << 20
	// maxHead bounds limits.target and limits.fields: each connection may hold so
	// much while its client sends.
	maxHead = 64 << 10
	// Times of clients are looked at once a second.
	leastClientTime, mostClientTime = time.Second, 24 * time.Hour
)
