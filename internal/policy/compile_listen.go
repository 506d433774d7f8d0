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
	if m := b.config.Metrics; m != nil {
		s.Metrics = PrivateListener{Listen: m.Listen}
		b.checkAddress(b.at("metrics.listen"), "metrics.listen", m.Listen)
	}
	b.dataListeners()
	b.checkAddress(b.at("admin.listen"), "admin.listen", s.Admin.Listen)
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
		b.checkAddress(placeOf(conf.Places, "address"), "listen", conf.Address)
		b.policy.Settings.Listen = append(b.policy.Settings.Listen, Listener{
			Address: conf.Address,
			H2C:     given(conf.H2C, conf.TLS == nil),
			TLS:     b.tls(conf.TLS),
		})
		if conf.TLS != nil && conf.H2C != nil {
			b.fail(placeOf(conf.Places, "h2c"), "leave out h2c: with TLS, clients choose HTTP/2 in the handshake",
				"h2c is for listeners without tls")
		}
	}
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

func (b *compiler) checkAddress(at Place, option, address string) {
	if host, port, ok := cutPort(address); !ok || !isPort(port) || strings.ContainsAny(host, "/ ") {
		b.fail(at, `write ":8080" or "127.0.0.1:8080"`, "%s: %q is not an address to listen on", option, address)
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
	if _, port, ok := cutPort(l.Address); ok && port != "0" {
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
