package policy

// address is where a listener listens.
var address = text("an address", `"127.0.0.1:8080" or ":8080"`)

// listenOptions are the options of one listener of clients.
var listenOptions = []optionOf[ListenConf]{
	need(option("address", address, func(l *ListenConf) *string { return &l.Address }, "",
		"The address.")),
	option("h2c", optional(boolean()), func(l *ListenConf) **bool { return &l.H2C }, "true",
		"Whether clients may speak HTTP/2 without TLS, by prior knowledge."),
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
			at, ok := address.decode(d, v)
			return ListenConf{Address: at, Places: Places{"": v.place}}, ok
		},
		encode: func(l ListenConf) *yamlValue {
			v := listenerShape.encode(l)
			if v != nil && len(v.pairs) == 1 {
				return address.encode(l.Address)
			}
			return v
		},
		schema: anyOf(address.schema, listenerShape.schema),
	}
}

// listeners is the shape of listen: one listener, or a list of them.
func listeners() shape[[]ListenConf] {
	const write = `":8080" or [{address: ":8443"}, ":8080"]`
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
