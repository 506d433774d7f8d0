package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// listeners compiles where clients connect to, and the private listeners.
func (b *compiler) listeners() {
	s := &b.policy.Settings
	s.Admin.Listen = defaultAdmin
	if a := b.config.Admin; a != nil {
		s.Admin = PrivateListener{Listen: word(a.Listen, defaultAdmin), Token: a.Token}
	}
	if token := s.Admin.Token; token != strings.TrimSpace(token) {
		b.fail(b.at("admin.token"), "remove the white space", "admin.token begins or ends with white space, which no client can send there")
	}
	if m := b.config.Metrics; m != nil {
		s.Metrics = PrivateListener{Listen: m.Listen}
		b.checkAddress(b.at("metrics.listen"), "metrics.listen", m.Listen, address.write)
	}
	b.dataListeners()
	b.checkAddress(b.at("admin.listen"), "admin.listen", s.Admin.Listen, address.write)
	if s.Admin.Token == "" && !isLoopback(s.Admin.Listen) {
		b.fail(b.at("admin.listen"), "listen on 127.0.0.1, or set admin.token",
			"admin listens on %s without a token", s.Admin.Listen)
	}
	taken := make([]string, len(s.Listen))
	for i, l := range s.Listen {
		taken[i] = l.Address
		if slices.Contains(taken[:i], l.Address) {
			b.fail(placeOf(b.written(i).Places, "address"), "write each address once", "listen: %s stands there twice", l.Address)
		}
	}
	b.checkDistinct(b.at("admin.listen"), "admin.listen", s.Admin.Listen, taken)
	b.checkDistinct(b.at("metrics.listen"), "metrics.listen", s.Metrics.Listen, append(taken, s.Admin.Listen))
}

// written is listener i as the owner wrote it, or the one there is when listen
// is not written.
func (b *compiler) written(i int) ListenConf {
	if b.config.Listen == nil {
		return ListenConf{Address: defaultListen}
	}
	return b.config.Listen[i]
}

// dataListeners compiles listen.
func (b *compiler) dataListeners() {
	for i := range max(1, len(b.config.Listen)) {
		conf := b.written(i)
		if !isPassedOn(conf.Address) {
			b.checkAddress(placeOf(conf.Places, "address"), "listen", conf.Address, dataAddress.write)
		}
		b.policy.Settings.Listen = append(b.policy.Settings.Listen, Listener{
			Address:       conf.Address,
			H2C:           given(conf.H2C, conf.TLS == nil),
			TLS:           b.tls(conf.TLS),
			ProxyProtocol: given(conf.ProxyProtocol, false),
			RedirectHTTPS: given(conf.RedirectHTTPS, false),
		})
		b.checkListener(&conf)
	}
	b.redirects()
}

// checkListener looks at options that make no sense together.
func (b *compiler) checkListener(conf *ListenConf) {
	if conf.TLS != nil && conf.H2C != nil {
		b.fail(placeOf(conf.Places, "h2c"), "leave out h2c: with TLS, clients choose HTTP/2 in the handshake",
			"h2c is for listeners without tls")
	}
	if given(conf.ProxyProtocol, false) && b.config.TrustedProxies == nil {
		b.fail(placeOf(conf.Places, "proxy_protocol"), "name the networks of your proxies in trusted_proxies",
			"proxy_protocol without trusted_proxies: nobody could connect")
	}
	if !given(conf.RedirectHTTPS, false) {
		return
	}
	if conf.TLS != nil {
		b.fail(placeOf(conf.Places, "redirect_https"), "redirect from a listener without tls", "a listener with tls speaks https already")
	} else if b.config.Scheme != "" {
		b.fail(placeOf(conf.Places, "redirect_https"), "remove scheme: listeners, and trusted proxies, say what clients speak",
			"redirect_https with scheme: %s: every request counts as %[1]s", b.config.Scheme)
	}
}

// redirects compiles where redirect_https leads.
func (b *compiler) redirects() {
	all := true
	for i := range b.policy.Settings.Listen {
		l := &b.policy.Settings.Listen[i]
		if ports := b.ports(l); l.TLS != nil && b.policy.httpsPort == "" && len(ports) > 0 {
			b.policy.httpsPort = ":" + ports[0]
		}
		all = all && (l.TLS != nil || l.RedirectHTTPS)
	}
	if b.policy.httpsPort == ":443" {
		b.policy.httpsPort = ""
	}
	b.policy.Rules.RedirectHTTPS = all
}

// passedOn begins the address of sockets by name, and is all of it for those
// without.
const (
	allPassedOn = "systemd"
	passedOn    = "fd:"
)

// isPassedOn reports whether a listener's sockets are those that edge was
// started with.
func isPassedOn(address string) bool {
	name, is := strings.CutPrefix(address, passedOn)
	return address == allPassedOn || is && name != "" && !strings.ContainsAny(name, ": /")
}

// tls compiles the tls of a listener; nil for none.
func (b *compiler) tls(conf *TLSConf) *TLS {
	if conf == nil {
		return nil
	}
	t := &TLS{Only13: conf.MinVersion == "1.3"}
	one := conf.Cert != "" || conf.Key != ""
	switch {
	case one && conf.Certificates != nil:
		b.fail(placeOf(conf.Places, "certificates"), "write cert and key, or certificates", "tls has both one certificate and several")
	case one && (conf.Cert == "" || conf.Key == ""):
		b.fail(placeOf(conf.Places, ""), "write cert: and key:", "a certificate needs both cert and key")
	case one:
		t.Certificates = []Certificate{{conf.Cert, conf.Key}}
	case conf.Certificates == nil:
		b.fail(placeOf(conf.Places, ""), "write cert: and key:", "tls has no certificate")
	}
	for _, c := range conf.Certificates {
		t.Certificates = append(t.Certificates, Certificate(c))
	}
	return t
}

func (b *compiler) checkAddress(at Place, option, address, write string) {
	if host, port, ok := cutPort(address); !ok || !isPort(port) || strings.ContainsAny(host, "/ ") {
		b.fail(at, "write "+write, "%s: %q is not an address to listen on", option, address)
	}
}

func (b *compiler) checkDistinct(at Place, option, address string, others []string) {
	if slices.Contains(others, address) && address != "" && !strings.HasSuffix(address, ":0") {
		b.fail(at, "give each listener an address of its own", "%s: %s is taken by another listener", option, address)
	}
}

// ports are the ports of a listener: those that it has where its address leaves
// them to the system, else the one that is written.
func (b *compiler) ports(l *Listener) []string {
	if bound, ok := b.bound[l.Address]; ok {
		return bound
	}
	if _, port, ok := cutPort(l.Address); ok && port != "0" && !isPassedOn(l.Address) {
		return []string{port}
	}
	return nil
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
