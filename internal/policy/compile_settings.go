package policy

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"edge/internal/request"
)

// settings compiles everything that is not about routes.
func (b *compiler) settings() {
	c := b.config
	b.policy.Settings = Settings{
		Listen:       word(c.Listen, defaultListen),
		Memory:       given(c.Cache.Memory, defaultMemory),
		Variants:     given(c.Cache.Variants, defaultVariants),
		Generation:   c.Cache.Generation,
		DrainDelay:   given(c.DrainDelay, defaultDrainDelay),
		DrainTimeout: given(c.DrainTimeout, defaultDrainTimeout),
		FastHits:     given(c.FastHits, true),
		AccessLog:    word(c.AccessLog, defaultAccessLog),
		Budget:       given(c.Cache.InFlight, defaultBudget),
		MaxSilence:   given(c.Cache.MaxSilence, defaultMaxSilence),

		MaxRequestBody: given(c.MaxRequestBody, 0),
	}
	b.policy.slashes = slashRules{
		never:  c.TrailingSlash == "never",
		always: c.TrailingSlash == "always",
		merge:  c.Slashes == "merge",
	}
	b.listeners()
	b.allowedHosts()
	b.origins()
}

func (b *compiler) listeners() {
	s := &b.policy.Settings
	s.Admin.Listen = defaultAdmin
	if a := b.config.Admin; a != nil {
		s.Admin = Listener{Listen: word(a.Listen, defaultAdmin), Token: a.Token}
	}
	if m := b.config.Metrics; m != nil {
		s.Metrics = Listener{Listen: m.Listen}
		b.checkAddress("metrics.listen", m.Listen)
	}
	b.checkAddress("listen", s.Listen)
	b.checkAddress("admin.listen", s.Admin.Listen)
	if s.Admin.Token == "" && !isLoopback(s.Admin.Listen) {
		b.fail(b.at("admin.listen"), "listen on 127.0.0.1, or set admin.token",
			"admin listens on %s without a token", s.Admin.Listen)
	}
	b.checkDistinct("admin.listen", s.Admin.Listen, s.Listen)
	b.checkDistinct("metrics.listen", s.Metrics.Listen, s.Listen)
	b.checkDistinct("metrics.listen", s.Metrics.Listen, s.Admin.Listen)
}

func (b *compiler) checkAddress(option, address string) {
	if host, port, ok := cutPort(address); !ok || !isPort(port) || strings.ContainsAny(host, "/ ") {
		b.fail(b.at(option), `write ":8080" or "127.0.0.1:8080"`, "%s: %q is not an address to listen on", option, address)
	}
}

func (b *compiler) checkDistinct(option, address, other string) {
	if address == other && address != "" && !strings.HasSuffix(address, ":0") {
		b.fail(b.at(option), "give each listener an address of its own", "%s: %s is taken by another listener", option, address)
	}
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(address string) bool {
	host, _, _ := cutPort(address)
	if host == "localhost" {
		return true
	}
	if inner, ok := bracketed(host); ok {
		host = inner
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// allowedHosts compiles hosts. The port that edge listens on need not be said.
func (b *compiler) allowedHosts() {
	if _, port, _ := cutPort(b.policy.Settings.Listen); port != "80" && port != "443" && port != "0" {
		b.hosts.port = ":" + port
	}
	for i, entry := range b.config.Hosts {
		host, f := b.hosts.canonicalHost(entry)
		if f != nil {
			b.failWith(b.at(item("hosts", i)), f)
			continue
		}
		b.hosts.add(host)
		b.policy.Settings.Hosts = append(b.policy.Settings.Hosts, host)
	}
	b.policy.match.hosts = b.hosts
}

// rules compiles what the fillers of View must know.
func (b *compiler) rules() {
	p := b.policy
	p.Rules = request.Rules{
		Names:   b.names(),
		Scheme:  b.config.Scheme,
		Trusted: b.trusted(),
	}
	if b.hosts.limited() {
		p.Rules.OwnHost = b.hosts.allows
	}
}

// trusted compiles trusted_proxies to a function of a peer's address.
func (b *compiler) trusted() func(string) bool {
	var networks []netip.Prefix
	for i, text := range b.config.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			var one netip.Addr
			one, err = netip.ParseAddr(text)
			network = netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen())
		}
		if err != nil {
			b.fail(b.at(item("trusted_proxies", i)), "write 10.0.0.0/8 or 10.1.2.3", "%q is neither a network nor an address", text)
			continue
		}
		if network.Bits() == 0 {
			b.warn(b.at(item("trusted_proxies", i)), "name the networks of your proxies",
				"%s trusts everybody: any client may choose its scheme, host and address", text)
		}
		networks = append(networks, network.Masked())
	}
	if networks == nil {
		return nil
	}
	return func(peer string) bool {
		at, err := netip.ParseAddrPort(peer)
		if err != nil {
			return false
		}
		ip := at.Addr().Unmap().WithZone("")
		for _, n := range networks {
			if n.Contains(ip) {
				return true
			}
		}
		return false
	}
}

// origins compiles origin and origins.
func (b *compiler) origins() {
	s := &b.policy.Settings
	s.Origins = map[string]Origin{}
	all := b.config.Origins
	if b.config.Origin != nil {
		one := *b.config.Origin
		one.Name = defaultOriginName
		all = append([]OriginConf{one}, all...)
	}
	for _, o := range all {
		if _, twice := s.Origins[o.Name]; twice {
			b.fail(placeOf(o.Places, ""), "origin is short for origins.default: write one of them", "the origin %q is defined twice", o.Name)
			continue
		}
		s.Origins[o.Name] = b.origin(o)
	}
	if _, unread := b.config.Places["origin"]; len(all) == 0 && !unread && b.config.Places["origins"] == (Place{}) {
		b.fail(Place{}, `write origin: {url: "http://127.0.0.1:3000"}`, "there is no origin")
	}
}

func (b *compiler) origin(o OriginConf) Origin {
	compiled := Origin{
		Name: o.Name, URLs: o.URLs, StripPrefix: o.StripPrefix, AddPrefix: o.AddPrefix,
		Connect:   timeout(o.Connect, defaultConnect),
		FirstByte: timeout(o.FirstByte, defaultFirstByte),
		Idle:      timeout(o.Idle, defaultIdle),
	}
	switch {
	case o.URL != "" && len(o.URLs) > 0:
		b.fail(placeOf(o.Places, "urls"), "write one of them", "the origin %q has both url and urls", o.Name)
	case o.URL != "":
		compiled.URLs = []string{o.URL}
	case len(o.URLs) == 0:
		b.fail(placeOf(o.Places, ""), `write url: "http://127.0.0.1:3000"`, "the origin %q has no url", o.Name)
	}
	for i, text := range compiled.URLs {
		option := "url"
		if o.URL == "" {
			option = item("urls", i)
		}
		if f := checkOriginURL(text); f != nil {
			b.failWith(placeOf(o.Places, option), f)
		}
	}
	for _, prefix := range []struct{ option, text string }{{"strip_prefix", o.StripPrefix}, {"add_prefix", o.AddPrefix}} {
		if prefix.text != "" && (!strings.HasPrefix(prefix.text, "/") || strings.HasSuffix(prefix.text, "/")) {
			b.fail(placeOf(o.Places, prefix.option), "write "+prefix.option+": /backend",
				"%s %q must begin with a slash and not end with one", prefix.option, prefix.text)
		}
	}
	return compiled
}

// timeout is a time limit; 0 means the default, because an origin that may
// take for ever ties up a flight for ever.
func timeout(written *time.Duration, otherwise time.Duration) time.Duration {
	if d := given(written, otherwise); d > 0 {
		return d
	}
	return otherwise
}

// checkOriginURL accepts scheme, host and port, and nothing else.
func checkOriginURL(text string) *fault {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return &fault{"the url of an origin is http:// or https:// and a host, not " + quote(text), `write "http://127.0.0.1:3000"`}
	case u.User != nil:
		return &fault{"the url of an origin holds a user and password", "set the field with request: {set: {Authorization: ...}}"}
	case u.Path != "" && u.Path != "/":
		return &fault{"the url of an origin has no path, not " + quote(text), "write add_prefix: " + u.Path}
	case u.RawQuery != "" || u.Fragment != "":
		return &fault{"the url of an origin has no query, not " + quote(text), ""}
	}
	return nil
}
