package policy

import "time"

// originOptions are the options of one origin.
var originOptions = []optionOf[OriginConf]{
	option("url", originURL, func(o *OriginConf) *string { return &o.URL }, "",
		"Where the origin is: scheme, host and port, or unix: and the path of a socket. A name stands for all addresses that it resolves to."),
	option("urls", distinct(list(originURL, "a list of URLs", `["http://a:3000", "http://b:3000"]`), nil), func(o *OriginConf) *[]string { return &o.URLs }, "",
		"The addresses of an origin that runs several times, instead of url."),
	option("strip_prefix", pathPrefix, func(o *OriginConf) *string { return &o.StripPrefix }, "",
		"A prefix of the path that the origin does not see."),
	option("add_prefix", pathPrefix, func(o *OriginConf) *string { return &o.AddPrefix }, "",
		"A prefix that is put before the path, after strip_prefix."),
	option("protocol", oneOf("h1", "h2", "h2c"), func(o *OriginConf) *string { return &o.Protocol }, "h1",
		"What is spoken to the origin: HTTP/1.1, HTTP/2 over TLS (or HTTP/1.1 where the origin does not offer it), or HTTP/2 without TLS."),
	group("tls", originTLSOptions, "{ca_file: /etc/edge/ca.pem}", "How https origins are spoken to. Without it, certificates are verified against the system's roots and the host of the URL."),
	option("resolve", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.Resolve }, "30s",
		"How often names are looked up again, behind the requests. When that fails, what was known stays."),
	group("timeouts", timeoutOptions, "{connect: 2s}", "How long the origin may take."),
	option("retries", optional(share()), func(o *OriginConf) **float64 { return &o.Retries }, "10%",
		"The share of requests that may be sent once more: after a connection that ended before the answer, or a 502, 503 or 504 without Retry-After, and only if the method is idempotent and there is no body. 0 for none. What could not connect is tried at other addresses beyond that."),
	option("max_requests", optional(whole("1024", 0, 1<<20)), func(o *OriginConf) **int { return &o.MaxRequests }, "1024",
		"How many requests may be under way at the origin at one time, at all its addresses together; others wait. WebSockets and streams of events count only until they have begun. 0 sets no bound."),
	option("max_queue", optional(whole("1024", 0, 1<<20)), func(o *OriginConf) **int { return &o.MaxQueue }, "1024",
		"How many requests may wait for their turn. Beyond it, what is stored answers if it may, or else 503."),
	group("health", healthOptions, "{path: /healthz}", "Asks every address, again and again, whether it is well. Without it, only what happens to requests counts."),
	group("eject", ejectOptions, "{failures: 5}", "When an address that answers badly is left alone for a while."),
	group("breaker", breakerOptions, "{failures: 5}", "When nothing is sent any more to an address that takes no connections."),
	option("panic", optional(share()), func(o *OriginConf) **float64 { return &o.Panic }, "30%",
		"The share of addresses that must be well. With fewer, all are used but those whose breaker is open."),
	option("slow_start", optional(duration()), func(o *OriginConf) **time.Duration { return &o.SlowStart }, "10s",
		"How long an address that came back takes less than its part of the requests."),
}

var timeoutOptions = []optionOf[OriginConf]{
	option("connect", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.Connect }, "2s",
		"How long connecting may take."),
	option("first_byte", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.FirstByte }, "60s",
		"How long the head of a response may take."),
	option("idle", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.Idle }, "60s",
		"How long the body of a response, or of a request that passes, may stand still."),
	option("queue", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.QueueWait }, "5s",
		"How long a request may wait for its turn (max_requests)."),
}

var originTLSOptions = []optionOf[OriginConf]{
	option("server_name", text("a host name", "app.internal"), func(o *OriginConf) *string { return &o.ServerName }, "",
		"The name that is asked for (SNI) and must be in the certificate, instead of the URL's host."),
	option("ca_file", text("a file", "/etc/edge/ca.pem"), func(o *OriginConf) *string { return &o.CAFile }, "",
		"The certificates (PEM) of the authorities that are trusted, instead of the system's roots. Read again at a reload. A name that is not absolute is looked for beside the policy file."),
	option("cert_file", text("a file", "/etc/edge/edge.crt"), func(o *OriginConf) *string { return &o.CertFile }, "",
		"edge's own certificate (PEM), where the origin asks for one. Read again when it changes."),
	option("key_file", text("a file", "/etc/edge/edge.key"), func(o *OriginConf) *string { return &o.KeyFile }, "",
		"Its key."),
	option("insecure_skip_verify", optional(boolean()), func(o *OriginConf) **bool { return &o.InsecureSkipVerify }, "false",
		"true accepts any certificate: anybody between edge and the origin can answer in its place. For tests."),
}

var healthOptions = []optionOf[OriginConf]{
	need(option("path", text("a path", "/healthz"), func(o *OriginConf) *string { return &o.HealthPath }, "",
		"What is asked for, with its query. No prefix is stripped from it or added.")),
	option("hostname", text("a host", "www.example.com"), func(o *OriginConf) *string { return &o.HealthHost }, "",
		"The Host of the request. Without it, that of the URL."),
	option("interval", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.HealthInterval }, "5s",
		"The time between two checks."),
	option("timeout", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.HealthTimeout }, "2s",
		"How long an answer may take."),
	option("status", list(whole("200", 200, 599), "a list of statuses", "[200, 204]"), func(o *OriginConf) *[]int { return &o.HealthStatus }, "",
		"The statuses that mean well. Without it, 200 to 399."),
	option("healthy", optional(whole("2", 1, 100)), func(o *OriginConf) **int { return &o.HealthHealthy }, "2",
		"After how many good checks in a row an address is up again."),
	option("unhealthy", optional(whole("3", 1, 100)), func(o *OriginConf) **int { return &o.HealthUnhealthy }, "3",
		"After how many bad ones it is down."),
}

var ejectOptions = []optionOf[OriginConf]{
	option("failures", optional(whole("5", 0, 1000)), func(o *OriginConf) **int { return &o.EjectFailures }, "5",
		"How many failures in a row eject an address: no answer, a broken one, or 502, 503 or 504. An address that takes no connection is ejected at once. 0 never ejects."),
	option("time", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.EjectTime }, "10s",
		"How long it is left alone at first; each time it fails again soon after, twice as long, up to eight times as long."),
	option("share", optional(share()), func(o *OriginConf) **float64 { return &o.EjectShare }, "50%",
		"The largest share of the addresses that are ejected at one time."),
}

var breakerOptions = []optionOf[OriginConf]{
	option("failures", optional(whole("5", 0, 1000)), func(o *OriginConf) **int { return &o.BreakerFailures }, "5",
		"How many connections in a row that could not be made open the breaker. 0 never opens it."),
	option("time", optional(timeLimit("500ms, 5s or 1m")), func(o *OriginConf) **time.Duration { return &o.BreakerTime }, "1s",
		"How long nothing is sent at first; then one request tries. Each time that fails, twice as long, up to eight times as long."),
}

var (
	originURL   = text("a URL", `"http://127.0.0.1:3000" or "unix:/run/app.sock"`)
	pathPrefix  = text("a path", "/backend")
	originShape = placed(mapping(originOptions, `{url: "http://127.0.0.1:3000"}`), func(o *OriginConf) *Places { return &o.Places })

	// defaultOrigin is the origin of the option origin, which has no name.
	defaultOrigin = mapped(originShape, func(o OriginConf) OriginConf { o.Name = "default"; return o })

	originsByName = byName(originNames, originShape, `{api: {url: "http://api:8080"}}`,
		func(name string, o OriginConf) OriginConf { o.Name = name; return o },
		func(o OriginConf) (string, OriginConf) { return o.Name, o })
)
