package explain

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// sample is one generated request, as it goes on the wire.
type sample struct {
	method, host, target string
	header               []string
}

// raw is the request, byte for byte.
func (s sample) raw() string {
	return s.method + " " + s.target + " HTTP/1.1\r\n" + strings.Join(append([]string{"Host: " + s.host}, s.header...), "\r\n") + "\r\n\r\n"
}

// The parts of requests. Small sets, so that keys meet again; the odd
// spellings are those that two parsers read in two ways.
var (
	methods = []string{
		http.MethodGet, http.MethodGet, http.MethodGet, http.MethodGet, http.MethodGet, http.MethodGet, http.MethodGet,
		http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodOptions, "PROPFIND",
	}
	hosts = []string{
		"www.example.com", "www.example.com", "www.example.com", "www.example.com", "WWW.Example.COM", "www.example.com:80",
		"www.example.com.", "a.example.org", "evil.example", "www.example.com:99999",
	}
	paths = []string{
		"/static", "/%73tatic", "/static/", "//static", "/./static", "/x/../static", "/static%2f", "/STATIC",
		"/keyed/1", "/keyed/%31", "/keyed/a%2fb", "/keyed/a%2Fb", "/keyed/1/2", "/keyed/caf%c3%a9", "/keyed/|",
		"/dynamic/a/b", "/dynamic/a/./b", "/dynamic//b", "/dynamic/a%20b", "/strict/1", "/strict/%7e",
		"/pass", "/pass/a;b", "/pass/x/y", "/closed/1", "/closed/3", "/closed/%32", "/cors", "/", "/unknown", "/unknown/x",
		"/static%00", `/sta\tic`, "/keyed/%2e%2e", "/keyed/%zz", `/"`,
	}
	params  = []string{"q=a", "q=b", "q=", "q", "%71=a", "page=2", "page=1", "utm_source=x", "gclid=1", "debug=1", "x=%zz", "a;b", "q=caf\xc3\xa9"}
	headers = []string{
		"X-Tenant: a", "x-tenant: b", "X-Other: 1", "Cookie: theme=dark", "Cookie: session=alice", "Cookie: theme=light; other=1",
		"Authorization: Bearer t", "Accept-Language: de", "Connection: x-tenant", "X-Forwarded-Host: evil.example",
		"X_Tenant: a", "Origin: https://app.example.com", "Access-Control-Request-Method: GET", "User-Agent: spy",
	}
)

// generate makes a request: each kind of data is there or not, and rarely much
// of it.
func generate(random *rand.Rand) sample {
	s := sample{method: pick(random, methods), host: pick(random, hosts), target: pick(random, paths)}
	if random.IntN(3) == 0 {
		s.target += "?" + strings.Join(some(random, params), "&")
	}
	if random.IntN(2) == 0 {
		s.header = some(random, headers)
	}
	return s
}

func pick(random *rand.Rand, list []string) string { return list[random.IntN(len(list))] }

// some returns up to three of list, in random order.
func some(random *rand.Rand, list []string) []string {
	list = slices.Clone(list)
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:random.IntN(4)]
}
