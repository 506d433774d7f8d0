package policy

import (
	"net/url"
	"strings"
)

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
		b.fail(b.at("origin"), `write origin: {url: "http://127.0.0.1:3000"}`, "there is no origin")
	}
}

func (b *compiler) origin(o OriginConf) Origin {
	compiled := Origin{
		Name: o.Name, URLs: o.URLs, StripPrefix: o.StripPrefix, AddPrefix: o.AddPrefix,
		Connect:   given(o.Connect, defaultConnect),
		FirstByte: given(o.FirstByte, defaultFirstByte),
		Idle:      given(o.Idle, defaultIdle),
		Eject: Eject{
			Failures: given(o.EjectFailures, defaultEjectFailures),
			Time:     given(o.EjectTime, defaultEjectTime),
			Share:    given(o.EjectShare, defaultEjectShare),
		},
		Breaker: Breaker{
			Failures: given(o.BreakerFailures, defaultBreakerFailures),
			Time:     given(o.BreakerTime, defaultBreakerTime),
		},
		Panic:     given(o.Panic, defaultPanic),
		SlowStart: given(o.SlowStart, defaultSlowStart),
		Retries:   given(o.Retries, defaultRetries),
		Limit: Limit{
			Requests: given(o.MaxRequests, defaultMaxRequests),
			Queue:    given(o.MaxQueue, defaultMaxQueue),
			Wait:     given(o.QueueWait, defaultQueueWait),
		},
		Health:   b.health(o),
		Protocol: word(o.Protocol, defaultProtocol),
		Resolve:  given(o.Resolve, defaultResolve),
		TLS: OriginTLS{
			ServerName: o.ServerName, CAFile: o.CAFile, CertFile: o.CertFile, KeyFile: o.KeyFile,
			InsecureSkipVerify: given(o.InsecureSkipVerify, false),
		},
	}
	b.originURLs(o, &compiled)
	b.originTLS(o, &compiled)
	for _, prefix := range []struct{ option, text string }{{"strip_prefix", o.StripPrefix}, {"add_prefix", o.AddPrefix}} {
		if prefix.text != "" && (!strings.HasPrefix(prefix.text, "/") || strings.HasSuffix(prefix.text, "/")) {
			b.fail(placeOf(o.Places, prefix.option), "write "+prefix.option+": /backend",
				"%s %q must begin with a slash and not end with one", prefix.option, prefix.text)
		}
	}
	return compiled
}

// originTLS checks that protocol, tls and the URLs fit together.
func (b *compiler) originTLS(o OriginConf, compiled *Origin) {
	secure, plain := 0, 0
	for _, text := range compiled.URLs {
		if strings.HasPrefix(text, "https:") {
			secure++
		} else {
			plain++
		}
	}
	if compiled.Protocol == "h2" && plain > 0 {
		b.fail(placeOf(o.Places, "protocol"), "write protocol: h2c, or https:// in front of every URL",
			"protocol h2 needs TLS, and the origin %q has URLs without", o.Name)
	}
	if compiled.Protocol == "h2c" && secure > 0 {
		b.fail(placeOf(o.Places, "protocol"), "write protocol: h2", "protocol h2c is without TLS, and the origin %q has https URLs", o.Name)
	}
	if _, written := o.Places["tls"]; written && secure == 0 {
		b.fail(placeOf(o.Places, "tls"), "write https:// in front of the URLs", "the origin %q has tls, but no https URL", o.Name)
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		b.fail(placeOf(o.Places, "tls"), "write both", "tls of the origin %q has one of cert_file and key_file", o.Name)
	}
	if compiled.TLS.InsecureSkipVerify {
		b.warn(placeOf(o.Places, "tls.insecure_skip_verify"), "give its certificate in ca_file",
			"the certificate of the origin %q is not verified: whoever is on the way can answer in its place", o.Name)
	}
}

// health compiles health.
func (b *compiler) health(o OriginConf) Health {
	if o.HealthPath == "" {
		return Health{}
	}
	if !isHealthPath(o.HealthPath) {
		b.fail(placeOf(o.Places, "health.path"), "write path: /healthz", "health.path %q is not a path", o.HealthPath)
	}
	interval := given(o.HealthInterval, defaultHealthInterval)
	h := Health{
		Path: o.HealthPath, Host: o.HealthHost, Status: o.HealthStatus,
		Interval:  interval,
		Timeout:   given(o.HealthTimeout, min(defaultHealthTimeout, interval)),
		Healthy:   given(o.HealthHealthy, defaultHealthy),
		Unhealthy: given(o.HealthUnhealthy, defaultUnhealthy),
	}
	if h.Timeout > h.Interval {
		b.fail(placeOf(o.Places, "health.timeout"), "let it end before the next one begins",
			"health.timeout %s is longer than health.interval %s", formatDuration(h.Timeout), formatDuration(h.Interval))
	}
	return h
}

// isHealthPath reports whether text is the target of a request in origin-form.
func isHealthPath(text string) bool {
	u, err := url.ParseRequestURI(text)
	return err == nil && u.Host == "" && strings.HasPrefix(text, "/") && !strings.ContainsAny(text, "# ")
}

// originURLs compiles url and urls.
func (b *compiler) originURLs(o OriginConf, compiled *Origin) {
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
}

// checkOriginURL accepts scheme, host and port, or a socket, and nothing else.
func checkOriginURL(text string) *fault {
	u, err := url.Parse(text)
	switch {
	case err == nil && u.Scheme == "unix":
		return checkSocket(u, text)
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return &fault{"the url of an origin is http:// or https:// and a host, or unix: and a path, not " + quote(text), `write "http://127.0.0.1:3000"`}
	case u.Port() != "" && (!isPort(u.Port()) || strings.Trim(u.Port(), "0") == ""):
		return &fault{"the port of an origin is a number from 1 to 65535, not " + u.Port(), ""}
	case u.User != nil:
		return &fault{"the url of an origin holds a user and password", "set the field with request: {set: {Authorization: ...}}"}
	case u.Path != "" && u.Path != "/":
		return &fault{"the url of an origin has no path, not " + quote(text), "write add_prefix: " + u.Path}
	case u.RawQuery != "" || u.Fragment != "":
		return &fault{"the url of an origin has no query, not " + quote(text), ""}
	}
	return nil
}

// checkSocket accepts unix:/path and unix:///path.
func checkSocket(u *url.URL, text string) *fault {
	if u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasSuffix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "" {
		return &fault{"the url of a socket is unix: and its absolute path, not " + quote(text), `write "unix:/run/app.sock"`}
	}
	return nil
}
