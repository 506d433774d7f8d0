package app

import (
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"edge/internal/listen"
)

// listening is policyNamed with listeners. Hosts are limited, so that the port
// counts.
func listening(name string, listeners string) string {
	return "listen: " + listeners + "\nadmin: {listen: \"127.0.0.1:0\"}\nhosts: [127.0.0.1, 127.0.0.2, localhost]\n" + policyNamed(name)
}

// startListening runs an App that listens where its file says.
func startListening(t *testing.T, origin, text string) *fixture {
	t.Helper()
	return startWith(t, origin, t.TempDir(), text, func(o *Options) { o.Listen, o.Admin = "", "" })
}

func at(address string) string { return "http://" + address + "/" }

func TestSeveralListeners(t *testing.T) {
	t.Parallel()
	f := startListening(t, newOrigin(t, nil).URL, listening("a", `["127.0.0.1:0", {address: "127.0.0.2:0", h2c: false}]`))
	listeners := f.Addresses().Listeners
	if len(listeners) != 2 || listeners[0] != f.Addresses().Listen {
		t.Fatalf("addresses: %+v", f.Addresses())
	}
	for _, address := range listeners {
		if got := get(at(address)); got.status != http.StatusOK {
			t.Errorf("%s: %+v", address, got)
		}
	}
	for i, want := range []bool{true, false} {
		res, err := h2c(t, at(listeners[i]))
		if got := err == nil && res.status == http.StatusOK; got != want {
			t.Errorf("listener %d speaks h2c: %t, want %t (%v)", i, got, want, err)
		}
	}
}

// h2c asks in HTTP/2 without TLS.
func h2c(t *testing.T, url string) (answer, error) {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: patience}
	res, err := c.Get(url)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	return answer{status: res.StatusCode, header: res.Header}, nil
}

func TestListenErrorsSayWhatToDo(t *testing.T) {
	bind := func(why syscall.Errno) error {
		return &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", why)}
	}
	for want, err := range map[string]error{
		"stop what listens there":  bind(syscall.EADDRINUSE),
		"CAP_NET_BIND_SERVICE":     bind(syscall.EACCES),
		"choose another address":   bind(syscall.EADDRNOTAVAIL),
		"set admin.token":          errNoToken,
		"a socket unit of systemd": listen.ErrNotPassed,
	} {
		if got := (&ListenError{"listen", ":80", err}).Hint(); !strings.Contains(got, want) {
			t.Errorf("%v: the hint is %q, want %q in it", err, got, want)
		}
	}
}

func TestListenersChangeWithAReload(t *testing.T) {
	t.Parallel()
	f := startListening(t, newOrigin(t, nil).URL, listening("old", `["127.0.0.1:0", "127.0.0.2:0"]`))
	before := f.Addresses().Listeners
	kept := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	defer kept.CloseIdleConnections()
	ask := func() *http.Response {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, at(before[1]), nil)
		must(t, err)
		r.Host = "localhost" // the port is not edge's any more after the reload
		res, err := kept.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body) // so that the connection is kept
		res.Body.Close()
		return res
	}
	ask()

	f.replace(t, listening("new", `["localhost:0", "127.0.0.1:0"]`))
	must(t, f.Reload())
	now := f.Addresses().Listeners
	if len(now) != 2 || now[1] != before[0] || now[0] == before[1] {
		t.Fatalf("listening on %v, before on %v", now, before)
	}
	for _, address := range now {
		if got := get(at(address)); got.status != http.StatusOK || got.header.Get("X-Policy") != "new" {
			t.Errorf("%s: %+v", address, got)
		}
	}
	if got := get(at(before[1])); got.err == nil {
		t.Errorf("the old listener still answers: %+v", got)
	}
	if res := ask(); res.Header.Get("X-Policy") != "new" {
		t.Errorf("a connection of the old listener: %+v", res)
	}
	if len(f.log.lines("listening")) != 2 {
		t.Errorf("the new addresses are not told:\n%s", f.log)
	}
}

// What cannot be listened on refuses the policy as a whole.
func TestAListenerThatCannotBe(t *testing.T) {
	t.Parallel()
	f := startListening(t, newOrigin(t, nil).URL, listening("old", `"127.0.0.1:0"`))
	before := f.Addresses().Listeners
	f.replace(t, listening("new", `["127.0.0.2:0", "`+f.Addresses().Admin+`"]`))
	err := f.Reload()
	if err == nil || !strings.Contains(err.Error(), "listen: "+f.Addresses().Admin+": bind: address already in use") {
		t.Errorf("Reload = %v", err)
	}
	if got := f.Addresses().Listeners; !slices.Equal(got, before) || f.served(t) != "old" {
		t.Errorf("listening on %v, before on %v; served by %s", got, before, f.served(t))
	}
	f.replace(t, listening("newest", `["127.0.0.2:0", "127.0.0.1:0"]`))
	must(t, f.Reload())
	if got := f.Addresses().Listeners; len(got) != 2 || got[1] != before[0] {
		t.Errorf("listening on %v, before on %v", got, before)
	}
}
