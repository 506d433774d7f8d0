package app

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edge/internal/policy"
)

// boundSocket takes a port that refuses connections until listen is called, so
// that an origin can come up later without a race for its port.
func boundSocket(t *testing.T) (address string, listen func() net.Listener) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must(t, err)
	file := os.NewFile(uintptr(fd), "origin")
	t.Cleanup(func() { file.Close() })
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	at, err := syscall.Getsockname(fd)
	must(t, err)
	address = "127.0.0.1:" + strconv.Itoa(at.(*syscall.SockaddrInet4).Port)
	return address, func() net.Listener {
		must(t, syscall.Listen(fd, syscall.SOMAXCONN))
		l, err := net.FileListener(file)
		must(t, err)
		return l
	}
}

func TestWarmWaitsForTheOrigin(t *testing.T) {
	t.Parallel()
	address, listen := boundSocket(t)
	var asked atomic.Int64
	f := start(t, "http://"+address, `version: 1
origin: {url: "${ORIGIN}"}
hosts: [127.0.0.1]
drain_delay: 0
routes:
  - path: /posts/[id]
    mode: force-static
    revalidate: 5m
    params: {id: ["1", "2", "a b"]}
    warm: true
`)
	if got := get(f.url("/posts/1")); got.status != http.StatusBadGateway {
		t.Fatalf("without an origin: %+v", got)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		io.WriteString(w, r.URL.EscapedPath())
	}))
	s.Listener.Close()
	s.Listener = listen()
	s.Start()
	defer s.Close()

	eventually(t, "all known values are stored", func() bool { return f.memory.Stats().Objects == 3 })
	for _, path := range []string{"/posts/1", "/posts/2", "/posts/a%20b"} {
		if got := getFrom(f.url(path), "127.0.0.1"); got.body != path || !strings.Contains(got.header.Get("Cache-Status"), "; hit") {
			t.Errorf("GET %s = %+v", path, got)
		}
	}
	if got := asked.Load(); got != 3 {
		t.Errorf("the origin was asked %d times, want 3", got)
	}
}

func TestWarmEndsWithTheRun(t *testing.T) {
	t.Parallel()
	address, _ := boundSocket(t)
	f := start(t, "http://"+address, `version: 1
origin: {url: "${ORIGIN}"}
hosts: [127.0.0.1]
drain_delay: 0
routes:
  - {path: /a, mode: force-static, revalidate: 5m, warm: true}
`)
	if err := f.stop(t); err != nil { // goleak sees what goes on
		t.Errorf("Run = %v", err)
	}
}

func TestWarmTargets(t *testing.T) {
	p, err := policy.Load(policy.Source{Name: "edge.yaml", Read: func(string) ([]byte, error) {
		return []byte(`version: 1
hosts: ["*.example.com", www.example.com, example.com]
origins: {default: {url: "http://127.0.0.1:1"}, b: {url: "http://127.0.0.1:2"}}
routes:
  - {path: "/[x]", hosts: [shop.example.com], mode: force-static, params: {x: [one, two]}, warm: true}
  - {path: /fixed, mode: force-static, warm: true}
  - {path: /cold, mode: force-static}
  - {path: /b, mode: force-static, origin: b, warm: true}
`), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]target{
		"default": {{"shop.example.com", "/one"}, {"shop.example.com", "/two"}, {"www.example.com", "/fixed"}},
		"b":       {{"www.example.com", "/b"}},
	}
	for name, want := range want {
		if diff := cmp.Diff(want, warmTargets(p, name), cmp.AllowUnexported(target{})); diff != "" {
			t.Errorf("origin %s (-want +got):\n%s", name, diff)
		}
	}
}
