package main

import "edge/bench/peers/content"

// benchCase is one thing that is measured.
type benchCase struct {
	name string
	measurer
}

// measurer measures a case, and tells of a result it has made.
type measurer interface {
	measure(*bench) (*result, error)
	report(*report, *result)
}

// browser are the fields that a browser sends with every request.
var browser = []string{
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
	"Accept-Encoding: gzip, deflate, br, zstd",
	"Accept-Language: en-US,en;q=0.9,de;q=0.8",
	"Cookie: theme=dark; _ga=GA1.2.123456789.1700000000",
	"DNT: 1",
	"Referer: https://www.example.com/",
	`Sec-CH-UA: "Chromium";v="140", "Not=A?Brand";v="24"`,
	"Sec-Fetch-Mode: navigate",
	"Upgrade-Insecure-Requests: 1",
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
}

// pages is how many there are in the case of many URLs.
const pages = 100_000

// The goals of hits that are small.
var smallHits = []goal{
	{than: "nginx", atLeast: 1.2}, {than: "haproxy", atLeast: 1.25}, {than: "varnish", atLeast: 2}, {than: "trafficserver", atLeast: 2},
}

// cases are all of them, in the order of the document.
func cases() []benchCase {
	return []benchCase{
		{"hit-1k", &throughput{
			title:   "Hits of 1 KiB",
			entries: withLimits(everybody(apart, one(content.Public, 1<<10))),
			goals:   smallHits, generate: wrk,
		}},
		{"hit-browser", &throughput{
			title:   "Hits of 1 KiB, with the ten fields of a browser",
			entries: withLimits(everybody(apart, one(content.Public, 1<<10, browser...))),
			goals:   smallHits, generate: wrk,
		}},
		{"hit-log", &throughput{
			title: "Hits of 1 KiB with ten fields, and an access log in JSON",
			note: "Logs go to files on tmpfs. Lines are those the log has grown by for each request, while it was measured: " +
				"edge and Varnish may drop lines, and all of them buffer.",
			entries: logging(everybody(apart, one(content.Public, 1<<10, browser...))),
			goals:   smallHits, generate: wrk,
		}},
		{"hit-16k", &throughput{
			title:   "Hits of 16 KiB",
			entries: withSendfile(everybody(apart, one(content.Public, 16<<10))),
			goals:   []goal{{than: "nginx", atLeast: 1.1}}, generate: wrk,
		}},
		{"hit-256k", &throughput{
			title:   "Hits of 256 KiB",
			entries: withSendfile(everybody(apart, one(content.Public, 256<<10))),
			goals:   []goal{{than: "nginx", atLeast: 0.9}}, generate: wrk,
		}},
		{"zipf", &throughput{
			title:   "Hits of 1 KiB over 100,000 URLs, by Zipf's law",
			note:    "Server and load share both cores.",
			entries: everybody(shared, zipfian(pages, 1<<10)),
			goals:   []goal{{than: "haproxy", atLeast: 1 / 0.85}}, generate: wrk,
		}},
		{"vary", &throughput{
			title: "What keys cost edge: Vary in auto, and a keyed cookie",
			note:  "edge alone, each time with the ten fields: the bare URL in auto, one whose answer varies by Accept-Language, one of a route with a cookie in its key, and one in force-static.",
			entries: []entry{
				{"edge", setup{peer: "edge", cores: apart}, one(content.Public, 1<<10, browser...)},
				{"edge, Vary", setup{peer: "edge", cores: apart}, one(content.Vary, 1<<10, browser...)},
				{"edge, keyed cookie", setup{peer: "edge", cores: apart}, one(content.Cookie, 1<<10, browser...)},
				{"edge, force-static", setup{peer: "edge", cores: apart}, one(content.Static, 1<<10, browser...)},
			},
			goals: []goal{
				{of: "edge, Vary", than: "edge", atLeast: 1 / 1.15},
				{of: "edge, keyed cookie", than: "edge", atLeast: 1 / 1.15},
			},
			generate: wrk,
		}},
		{"mix", &throughput{
			title:   "Every fourth request a miss that is stored, 1 KiB",
			entries: everybody(apart, fresh(4, content.Public, 1<<10)),
			goals:   []goal{{than: "nginx", atLeast: 1.2}}, forwarded: 0.25, generate: wrk,
		}},
		{"miss", &throughput{
			title:   "Misses that are stored: a new URL every time, 1 KiB",
			note:    "bare is a tuned httputil.ReverseProxy behind net/http, which stores nothing.",
			entries: withBare(everybody(apart, fresh(1, content.Public, 1<<10))),
			goals:   []goal{{than: "bare", atLeast: 0.95}}, forwarded: 1, generate: wrk,
		}},
		{"miss-no-store", &throughput{
			title:   "Misses that must not be stored: a new URL every time, 1 KiB",
			entries: withBare(everybody(apart, fresh(1, content.NoStore, 1<<10))[:3]), // NGINX and HAProxy; the others cost as above
			goals:   []goal{{than: "bare", atLeast: 0.95}}, forwarded: 1, generate: wrk,
		}},
		{"pass", &throughput{
			title: "Passes: a route in force-dynamic, 1 KiB",
			entries: []entry{
				{"edge", setup{peer: "edge", cores: apart}, fresh(1, content.Pass, 1<<10)},
				{"bare", setup{peer: "bare", cores: apart}, fresh(1, content.Pass, 1<<10)},
			},
			goals: []goal{{than: "bare", atLeast: 0.95}}, forwarded: 1, generate: wrk,
		}},
		{"h2", &throughput{
			title: "Hits of 1 KiB, HTTP/2 over TLS 1.3",
			note:  "Server and load share both cores; 64 connections with 10 requests under way on each.",
			entries: secure([]entry{
				{"edge", setup{peer: "edge", cores: shared}, one(content.Public, 1<<10)},
				{"nginx", setup{peer: "nginx", cores: shared}, one(content.Public, 1<<10)},
				{"haproxy", setup{peer: "haproxy", cores: shared}, one(content.Public, 1<<10)},
				{"edge, fast_hits: false", setup{peer: "edge", cores: shared, netHTTP: true}, one(content.Public, 1<<10)},
			}),
			goals:    []goal{{than: "nginx", atLeast: 1}, {than: "haproxy", atLeast: 1}},
			generate: h2load,
		}},
		{"herd", &herds{peers: []setup{
			{peer: "edge", cores: shared}, {peer: "nginx", cores: shared}, {peer: "haproxy", cores: shared},
			{peer: "varnish", cores: shared}, {peer: "trafficserver", cores: shared},
		}}},
		{"memory", &sizes{peers: []setup{
			{peer: "edge", cores: shared, storeMiB: fewMiB}, {peer: "nginx", cores: shared}, {peer: "haproxy", cores: shared},
			{peer: "varnish", cores: shared}, {peer: "trafficserver", cores: shared},
		}}},
		{"idle", &idles{entries: []entry{
			{"edge", setup{peer: "edge", cores: shared}, one(content.Public, 1<<10, browser...)},
			{"edge, fast_hits: false", setup{peer: "edge", cores: shared, netHTTP: true}, one(content.Public, 1<<10, browser...)},
		}}},
		{"profile", &profiles{
			entries: []entry{
				{"hit", setup{peer: "edge", cores: apart}, one(content.Public, 1<<10, browser...)},
				{"miss", setup{peer: "edge", cores: apart}, fresh(1, content.Public, 1<<10, browser...)},
			},
			titles: map[string]string{
				"hit":  "Hits of 1 KiB with the ten fields of a browser",
				"miss": "Misses of 1 KiB that are stored, with the ten fields",
			},
		}},
	}
}

// everybody is edge and all peers under one load.
func everybody(on cores, l load) []entry {
	var list []entry
	for _, peer := range []string{"edge", "nginx", "haproxy", "varnish", "trafficserver"} {
		list = append(list, entry{peer, setup{peer: peer, cores: on}, l})
	}
	return list
}

// withSendfile adds NGINX in its other best setting.
func withSendfile(list []entry) []entry {
	for _, e := range list {
		if e.peer == "nginx" {
			e.name, e.sendfile = "nginx, sendfile", true
			return append(list, e)
		}
	}
	return list
}

// withBare adds the bare proxy.
func withBare(list []entry) []entry {
	first := list[0]
	first.name, first.setup = "bare", setup{peer: "bare", cores: first.cores}
	return append(list, first)
}

// limitTarget is what nginx.conf and floor answer with a text that is ready.
var limitTarget = content.Target{Kind: content.Public, Size: 1 << 10, Name: "limit"}

// withLimits adds NGINX that answers a fixed text, which is the least that a server can
// do that reads requests, and a program that does not: the kernel's part of it all.
func withLimits(list []entry) []entry {
	first := list[0]
	first.load = load{hot: []content.Target{limitTarget}, header: first.load.header}
	for _, limit := range []struct{ name, peer string }{{"limit (nginx return)", "nginx"}, {"floor (recv and send)", "floor"}} {
		first.name, first.setup = limit.name, setup{peer: limit.peer, cores: first.cores}
		list = append(list, first)
	}
	return list
}

func logging(list []entry) []entry {
	for i := range list {
		list[i].log = true
	}
	return list
}

func secure(list []entry) []entry {
	for i := range list {
		list[i].tls = true
	}
	return list
}
