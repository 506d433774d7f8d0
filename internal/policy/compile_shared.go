package policy

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Topology is how the servers of a fleet hang together.
type Topology uint8

const (
	// SingleServer is one server.
	SingleServer Topology = iota
	// ClusterOfServers is Redis Cluster.
	ClusterOfServers
	// WithSentinels is a group of sentinels that know which server is the master.
	WithSentinels
)

// Shared is what the nodes of a fleet share: where it is, and how to get in. It
// holds passwords: nothing prints or logs it.
type Shared struct {
	Topology  Topology
	Addresses []string // "host:port"
	TLS       bool
	// CA, Cert and Key are names of files as written; empty for none.
	CA, Cert, Key string

	Username, Password                            string
	Database                                      int
	MasterSet, SentinelUsername, SentinelPassword string

	MaxObject    int64 // bytes
	Timeout      time.Duration
	Prefix, Node string
	Required     bool
}

// maxSilenceMin is the least max_silence: a log in which nothing happens is heard
// of twice a second.
const maxSilenceMin = time.Second

// prefixes are what names on the server may begin with: braces would decide where
// a cluster puts them.
var prefixes = regexp.MustCompile(`^[A-Za-z0-9._:-]+$`)

// shared compiles cache.shared.
func (b *compiler) shared() {
	if written := b.config.Cache.MaxSilence; written != nil && *written < maxSilenceMin {
		b.fail(placeOf(b.config.Cache.Places, "max_silence"), "write 30s", "max_silence %s is less than 1s, which is how often there is news", formatDuration(*written))
	}
	c := b.config.Cache.Shared
	if c == nil {
		return
	}
	s, f := parseRedisURL(c.Redis)
	if f != nil {
		at := placeOf(c.Places, "redis")
		at.Source = hidePasswords(at.Source)
		b.failWith(at, f)
		return
	}
	s.CA, s.Cert, s.Key = c.CA, c.Cert, c.Key
	s.MaxObject = given(c.MaxObject, defaultSharedObject)
	s.Timeout = given(c.Timeout, defaultSharedTimeout)
	s.Prefix, s.Node, s.Required = word(c.Prefix, defaultPrefix), c.Node, given(c.Required, false)
	if !prefixes.MatchString(s.Prefix) {
		b.fail(placeOf(c.Places, "prefix"), "write letters, digits and . _ : -", "prefix %q cannot begin the names on the server", s.Prefix)
	}
	if (s.Cert == "") != (s.Key == "") {
		b.fail(placeOf(c.Places, "tls"), "write both, or neither", "tls has a certificate without its key, or a key without its certificate")
	}
	if !s.TLS && s.CA+s.Cert+s.Key != "" {
		b.fail(placeOf(c.Places, "tls"), "write rediss:// for TLS", "tls stands beside a URL without TLS")
	}
	b.policy.Settings.Shared = s
}

// redisSchemes are what the scheme of a server's URL may begin with, and whether
// it says TLS.
var redisSchemes = map[string]bool{"redis": false, "rediss": true, "valkey": false, "valkeys": true}

const redisHint = `write "redis://user:${REDIS_PASSWORD}@10.0.0.1:6379/0", redis+cluster:// or redis+sentinel://`

// parseRedisURL reads where a server is. No fault repeats the URL, which may hold
// a password. net/url does not know several hosts.
func parseRedisURL(text string) (*Shared, *fault) {
	scheme, rest, ok := strings.Cut(text, "://")
	kind, how, _ := strings.Cut(scheme, "+")
	withTLS, known := redisSchemes[kind]
	s := &Shared{TLS: withTLS}
	switch how {
	case "cluster":
		s.Topology = ClusterOfServers
	case "sentinel":
		s.Topology = WithSentinels
	case "":
		known = known && !strings.Contains(scheme, "+")
	default:
		known = false
	}
	if !ok || !known {
		return nil, &fault{"redis is not the URL of a server", redisHint}
	}
	rest, query, _ := strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, password, _ := strings.Cut(rest[:at], ":")
		s.Username, s.Password = unescaped(user), unescaped(password)
		rest = rest[at+1:]
	}
	hosts, path, _ := strings.Cut(rest, "/")
	if f := s.servers(hosts); f != nil {
		return nil, f
	}
	if f := s.parameters(query); f != nil {
		return nil, f
	}
	return s, s.place(path)
}

// unescaped is text without percent-encoding, or text itself where that is none.
func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// servers reads the hosts, with the usual ports where they have none.
func (s *Shared) servers(hosts string) *fault {
	port := "6379"
	if s.Topology == WithSentinels {
		port = "26379"
	}
	for address := range strings.SplitSeq(hosts, ",") {
		host, written, ok := cutPort(address)
		if !ok {
			host, written = address, port
		}
		if host == "" || !isPort(written) || strings.ContainsAny(host, " \t") {
			return &fault{"redis has no host, or a port that is none", redisHint}
		}
		s.Addresses = append(s.Addresses, host+":"+written)
	}
	if s.Topology == SingleServer && len(s.Addresses) > 1 {
		return &fault{"redis names several hosts, and does not say how they hang together", "write redis+cluster:// or redis+sentinel://"}
	}
	return nil
}

// parameters reads what stands after the question mark.
func (s *Shared) parameters(query string) *fault {
	values, err := url.ParseQuery(query)
	if err != nil {
		return &fault{"redis has parameters that cannot be read", redisHint}
	}
	for name := range values {
		switch {
		case s.Topology == WithSentinels && name == "sentinel_user":
			s.SentinelUsername = values.Get(name)
		case s.Topology == WithSentinels && name == "sentinel_password":
			s.SentinelPassword = values.Get(name)
		default:
			return &fault{"redis has the parameter " + strconv.Quote(name) + ", which nothing reads", "there are sentinel_user and sentinel_password, with redis+sentinel://"}
		}
	}
	return nil
}

// place reads the path: a database, after the name of the master where there are
// sentinels.
func (s *Shared) place(path string) *fault {
	if s.Topology == WithSentinels {
		s.MasterSet, path, _ = strings.Cut(path, "/")
		if s.MasterSet == "" {
			return &fault{"redis does not say what the sentinels call the master", "write redis+sentinel://HOST:26379/mymaster"}
		}
	}
	if path == "" {
		return nil
	}
	n, err := strconv.ParseUint(path, 10, 16)
	if err != nil {
		return &fault{"redis has a path that is not the number of a database", redisHint}
	}
	if s.Database = int(n); n > 0 && s.Topology == ClusterOfServers {
		return &fault{"a cluster has no database but 0", "leave out the number"}
	}
	return nil
}
