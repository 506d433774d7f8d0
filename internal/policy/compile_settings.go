package policy

import (
	"net/netip"
	"slices"
)

// settings compiles everything that is not about routes.
func (b *compiler) settings() {
	c := b.config
	b.policy.Settings = Settings{
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
	b.largestObject()
	b.listeners()
	b.limits()
	b.allowedHosts()
	b.origins()
	b.shared()
}

// largestObject checks that the store holds one object of the largest size.
func (b *compiler) largestObject() {
	c := &b.config.Cache
	most, memory := given(c.MaxObject, defaultMaxObject), b.policy.Settings.Memory
	if most <= memory {
		return
	}
	at := placeOf(c.Places, "max_object")
	if c.MaxObject == nil {
		at = placeOf(c.Places, "memory")
	}
	b.fail(at, "raise memory, or lower max_object; a plain number is bytes",
		"one object may be larger than the whole store: max_object is %s, memory is %s", formatSize(most), formatSize(memory))
}

// allowedHosts compiles hosts. The ports that edge listens on need not be said.
func (b *compiler) allowedHosts() {
	for i := range b.policy.Settings.Listen {
		for _, port := range b.ports(&b.policy.Settings.Listen[i]) {
			if suffix := ":" + port; port != "80" && port != "443" && !slices.Contains(b.hosts.ports, suffix) {
				b.hosts.ports = append(b.hosts.ports, suffix)
			}
		}
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
	p.Rules.Names = b.names()
	p.Rules.Scheme = b.config.Scheme
	p.Rules.Trusted = b.trusted()
	if b.hosts.limited() {
		p.Rules.OwnHost = b.hosts.allows
	}
}

// trusted compiles trusted_proxies to a function of a peer's address.
func (b *compiler) trusted() func(string) bool {
	at := func(i int) Place { return b.at(item("trusted_proxies", i)) }
	networks := b.networks(b.config.TrustedProxies, at)
	for i, text := range b.config.TrustedProxies {
		if network, err := parseNetwork(text); err == nil && network.Bits() == 0 {
			b.warn(at(i), "name the networks of your proxies",
				"%s trusts everybody: any client may choose its scheme, host and address", text)
		}
	}
	if networks == nil {
		return nil
	}
	return func(peer string) bool {
		at, err := netip.ParseAddrPort(peer)
		if err != nil {
			return false
		}
		return networks.has(at.Addr())
	}
}
