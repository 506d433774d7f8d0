package policy

import "time"

// sharedOptions are the options of cache.shared.
var sharedOptions = []optionOf[SharedConf]{
	need(secret(option("redis", text("a URL", `"redis://127.0.0.1:6379"`), func(s *SharedConf) *string { return &s.Redis }, "",
		"Where the server is: redis://HOST:PORT/DATABASE, with USER:PASSWORD@ before the host if it wants them; rediss:// for TLS. redis+cluster://HOST:PORT,HOST:PORT names some nodes of a cluster, redis+sentinel://HOST:PORT,HOST:PORT/NAME/DATABASE some sentinels and the name of the master, with sentinel_user and sentinel_password as parameters where they want them. valkey:// says the same."),
		func(s *SharedConf) *string { return &s.RedisWritten }, hidePasswords)),
	option("max_object", optional(size()), func(s *SharedConf) **int64 { return &s.MaxObject }, "1MiB",
		"The largest body that the tier takes; larger ones are stored in memory alone."),
	option("timeout", optional(timeLimit("500ms, 5s or 1m")), func(s *SharedConf) **time.Duration { return &s.Timeout }, "50ms",
		"How long a request that found nothing in memory waits for the tier; objects above 32 KiB get more, by their size. No hit ever waits."),
	option("prefix", text("a word", "edge"), func(s *SharedConf) *string { return &s.Prefix }, "edge",
		"What the names of everything on the server begin with. Nodes with the same one are a fleet, whatever their policies: what must not be mixed is kept apart by keys."),
	option("node", anyText("a name", `"${HOSTNAME}"`), func(s *SharedConf) *string { return &s.Node }, "",
		"What the other nodes call this one when it is late with a purge. Without it, the name of the host."),
	option("required", optional(boolean()), func(s *SharedConf) **bool { return &s.Required }, "false",
		"Whether a node is ready only while it hears of the log: after it has read it once, and until max_silence has passed without news. A server that is down then takes all nodes out of service."),
	group("tls", sharedTLSOptions, "{ca: redis-ca.pem}", "For rediss:// what belongs to TLS. File names are relative to this file."),
}

var sharedTLSOptions = []optionOf[SharedConf]{
	option("ca", text("the name of a file", "redis-ca.pem"), func(s *SharedConf) *string { return &s.CA }, "",
		"Certificates (PEM) of the authorities that the server's certificate may come from. Without it, those of the system."),
	option("cert", text("the name of a file", "redis-client.pem"), func(s *SharedConf) *string { return &s.Cert }, "",
		"This node's certificate (PEM), for servers that ask for one."),
	option("key", text("the name of a file", "redis-client-key.pem"), func(s *SharedConf) *string { return &s.Key }, "",
		"The private key of cert (PEM)."),
}

var sharedShape = placed(mapping(sharedOptions, `{redis: "redis://127.0.0.1:6379"}`), func(s *SharedConf) *Places { return &s.Places })
