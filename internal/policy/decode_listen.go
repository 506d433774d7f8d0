package policy

import "strconv"

var (
	// address is where a private listener listens.
	address = addressShape(`"127.0.0.1:8080" or ":8080"`)
	// dataAddress is where clients connect to.
	dataAddress = addressShape(`":8080", "127.0.0.1:8080", systemd or "fd:NAME"`)
)

// addressShape is an address. A number is a port that lacks its colon.
func addressShape(write string) shape[string] {
	sh := text("an address", write)
	decode := sh.decode
	sh.decode = func(d *decoder, v *yamlValue) (string, bool) {
		if v.kind == yamlNumber && !v.expanded {
			d.mismatch(v, sh.wants, strconv.Quote(":"+v.text))
			return "", false
		}
		return decode(d, v)
	}
	return sh
}

// listenOptions are the options of one listener of clients.
var listenOptions = []optionOf[ListenConf]{
	need(option("address", dataAddress, func(l *ListenConf) *string { return &l.Address }, "",
		"The address, or sockets that systemd has opened, so that a restart refuses nobody: `systemd` for all that edge was started with (LISTEN_FDS), `fd:NAME` for those with that FileDescriptorName.")),
	option("h2c", optional(boolean()), func(l *ListenConf) **bool { return &l.H2C }, "true",
		"Whether clients may speak HTTP/2 without TLS, by prior knowledge."),
	option("tls", optional(tlsShape), func(l *ListenConf) **TLSConf { return &l.TLS }, "",
		"Clients speak TLS, and HTTP/2 or HTTP/1.1 in it. Files that change are loaded again; if certificate and key then do not fit together, the pair before stays in use."),
	option("proxy_protocol", optional(boolean()), func(l *ListenConf) **bool { return &l.ProxyProtocol }, "false",
		"Whether trusted_proxies send the PROXY protocol (version 1 or 2) before anything else: the address it names is the client's. Nobody else may then connect."),
	option("redirect_https", optional(boolean()), func(l *ListenConf) **bool { return &l.RedirectHTTPS }, "false",
		"Whether requests in http are redirected (308) to https, on the port of the first listener with tls, or the default one."),
}

// tlsOptions are the options of tls.
var tlsOptions = []optionOf[TLSConf]{
	option("cert", certFile, func(t *TLSConf) *string { return &t.Cert }, "",
		"The certificate and those that lead to its root, in PEM. A name that is not absolute is looked for beside the policy file."),
	option("key", keyFile, func(t *TLSConf) *string { return &t.Key }, "",
		"The key of the certificate, in PEM."),
	option("certificates", list(certificateShape, "a list of certificates", "[{cert: a.pem, key: a.key}, {cert: b.pem, key: b.key}]"), func(t *TLSConf) *[]CertificateConf { return &t.Certificates }, "",
		"Several certificates instead of cert and key. A client gets the first that is for the name it asks for; if there is none, the first."),
	option("min_version", tlsVersion(), func(t *TLSConf) *string { return &t.MinVersion }, `"1.2"`,
		"The oldest version of TLS that clients may speak."),
}

// certificateOptions are the options of one of several certificates.
var certificateOptions = []optionOf[CertificateConf]{
	need(option("cert", certFile, func(c *CertificateConf) *string { return &c.Cert }, "", "As above.")),
	need(option("key", keyFile, func(c *CertificateConf) *string { return &c.Key }, "", "As above.")),
}

var (
	certFile = text("the name of a file", "/etc/edge/cert.pem")
	keyFile  = text("the name of a file", "/etc/edge/key.pem")

	tlsShape         = placed(mapping(tlsOptions, "{cert: cert.pem, key: key.pem}"), func(t *TLSConf) *Places { return &t.Places })
	certificateShape = mapping(certificateOptions, "{cert: cert.pem, key: key.pem}")
)

// tlsVersion is a version of TLS, which YAML takes for a number.
func tlsVersion() shape[string] {
	parse := func(s string) (string, error) {
		if s == "1.2" || s == "1.3" {
			return s, nil
		}
		return "", errWord
	}
	return scalar("a version", `"1.2" or "1.3"`, []yamlKind{yamlText, yamlNumber}, parse, encodeText,
		jsonSchema{"enum": []any{"1.2", "1.3", 1.2, 1.3}})
}

// listenerShape is one listener that is written with its options.
var listenerShape = placed(mapping(listenOptions, `{address: ":8080"}`), func(l *ListenConf) *Places { return &l.Places })

// oneListener is an address, or a mapping with the address and options.
func oneListener() shape[ListenConf] {
	const write = `":8080" or {address: ":8080"}`
	return shape[ListenConf]{
		wants: "an address, or a mapping", write: write,
		decode: func(d *decoder, v *yamlValue) (ListenConf, bool) {
			if v.kind == yamlMapping {
				return listenerShape.decode(d, v)
			}
			at, ok := dataAddress.decode(d, v)
			return ListenConf{Address: at, Places: Places{"": v.place}}, ok
		},
		encode: func(l ListenConf) *yamlValue {
			v := listenerShape.encode(l)
			if v != nil && len(v.pairs) == 1 {
				return dataAddress.encode(l.Address)
			}
			return v
		},
		schema: anyOf(dataAddress.schema, listenerShape.schema),
	}
}

// listeners is the shape of listen: one listener, or a list of them.
func listeners() shape[[]ListenConf] {
	const write = `":8080" or [{address: ":443", tls: {cert: cert.pem, key: key.pem}}, ":8080"]`
	one := oneListener()
	several := list(one, "a list of listeners", write)
	return shape[[]ListenConf]{
		wants: "an address, a mapping, or a list of them", write: write,
		decode: func(d *decoder, v *yamlValue) ([]ListenConf, bool) {
			if v.kind == yamlList {
				return several.decode(d, v)
			}
			l, ok := one.decode(d, v)
			return []ListenConf{l}, ok
		},
		encode: func(all []ListenConf) *yamlValue {
			if len(all) == 1 {
				return one.encode(all[0])
			}
			return several.encode(all)
		},
		schema: anyOf(one.schema, several.schema),
	}
}
