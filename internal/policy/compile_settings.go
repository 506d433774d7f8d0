package policy

import (
	"net/netip"
	"strings"

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
