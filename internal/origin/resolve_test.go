package origin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// resolver is a name server: what it answers, and how often it was asked.
type resolver struct {
	mu    sync.Mutex // guards what follows
	found []netip.Addr
	err   error
	after time.Duration
	asked int
}

func (r *resolver) says(err error, addresses ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found, r.err = nil, err
	for _, a := range addresses {
		r.found = append(r.found, netip.MustParseAddr(a))
	}
}

func (r *resolver) lookup(ctx context.Context, _ string) ([]netip.Addr, error) {
	r.mu.Lock()
	r.asked++
	found, err, after := r.found, r.err, r.after
	r.mu.Unlock()
	select {
	case <-time.After(after):
		return found, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *resolver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// namedPool is a pool of one name, not yet started.
func namedPool(t *testing.T, r *resolver, c Config, o Options) *pool {
	t.Helper()
	c.Name, c.URLs, o.Resolve = "o", []string{"http://app.internal:3000"}, r.lookup
	p, err := newPool(c.withDefaults(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

func (p *pool) addressNames() string {
	var names []string
	for _, a := range *p.addresses.Load() {
		names = append(names, a.name)
	}
	return strings.Join(names, " ")
}

// Names are looked up behind the requests; what fails leaves what was known, and
// what is known twice keeps its health and its connections.
func TestNamesAreResolvedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan string, 10)
		r := new(resolver)
		r.says(nil, "10.0.0.2", "10.0.0.1")
		p := namedPool(t, r, Config{SlowStart: 10 * time.Second}, Options{
			Unresolved: func(origin, name string, err error) { told <- fmt.Sprint(origin, " ", name, " ", err) },
		})
		p.start()
		synctest.Wait()
		if got := p.addressNames(); got != "10.0.0.1:3000 10.0.0.2:3000" {
			t.Fatalf("addresses %s", got)
		}
		kept := (*p.addresses.Load())[1]
		p.fault(kept, fault{}, errors.New("a failure"))

		r.says(nil, "10.0.0.2", "10.0.0.3", "::ffff:10.0.0.3")
		time.Sleep(35 * time.Second)
		synctest.Wait()
		if got := p.addressNames(); got != "10.0.0.2:3000 10.0.0.3:3000" {
			t.Errorf("after a change: %s", got)
		}
		if now := *p.addresses.Load(); now[0] != kept || now[0].now().failures != 1 {
			t.Error("the address that stayed lost its health")
		}
		if got := p.states(); got[1] != Warming {
			t.Errorf("the new one is %v, want warming", got[1])
		}

		for _, failure := range []error{&net.DNSError{Err: "no such host", IsNotFound: true}, nil} { // nil: an empty answer
			r.says(failure)
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if got := p.addressNames(); got != "10.0.0.2:3000 10.0.0.3:3000" {
				t.Errorf("after %v: %s, want what was known", failure, got)
			}
		}
		r.says(nil, "10.0.0.9")
		time.Sleep(35 * time.Second)
		synctest.Wait()
		if got := p.addressNames(); got != "10.0.0.9:3000" {
			t.Errorf("when it works again: %s", got)
		}
		p.stop()
		close(told)
		for _, want := range []string{"o app.internal lookup : no such host", "o app.internal <nil>", ""} {
			if got := <-told; got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		}
	})
}

// No request costs a look-up, whatever happens to it; a look-up that fails is
// repeated sooner.
func TestHowOftenNamesAreLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(resolver)
		r.says(nil, "10.0.0.1")
		p := namedPool(t, r, Config{}, Options{})
		p.start()
		synctest.Wait()
		dials := 0
		piped(t, p, func(int) bool { dials++; return dials%2 == 0 }, func(_ int, conn net.Conn) { says(ok200)(conn) })
		for range 100 {
			ask(t, p, http.MethodGet)
		}
		if got := r.count(); got != 1 || dials < 50 {
			t.Errorf("%d look-ups for 100 requests with %d dials, want 1", got, dials)
		}
		time.Sleep(5 * time.Minute)
		if got := r.count(); got < 8 || got > 13 {
			t.Errorf("%d look-ups in five minutes, want about ten", got)
		}
		r.says(errors.New("down"))
		time.Sleep(time.Minute)
		before := r.count()
		time.Sleep(2 * time.Second)
		r.says(nil, "10.0.0.1")
		if before < 14 {
			t.Errorf("%d look-ups after a minute of failures, want it to be tried sooner", before)
		}
		p.stop()
	})
}

// Requests that come before the first answer wait for it, for no longer than
// connecting may take, and are told why there is no address.
func TestRequestsBeforeTheFirstAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{after: time.Second}
		r.says(nil, "10.0.0.1")
		p := namedPool(t, r, Config{}, Options{})
		p.start()
		began := time.Now()
		if found := p.await(t.Context()); !found || time.Since(began) != time.Second {
			t.Errorf("found an address: %v, after %v; want it after a second", found, time.Since(began))
		}
		p.stop()
	})
	for name, r := range map[string]*resolver{"slow": {after: time.Hour}, "failing": {err: &net.DNSError{Err: "no such host", Name: "app.internal", IsNotFound: true}}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := namedPool(t, r, Config{Connect: 3 * time.Second}, Options{})
				p.start()
				began := time.Now()
				body := &countingCloser{Reader: strings.NewReader("x")}
				_, err := p.RoundTrip(newRequest(t, t.Context(), "POST", body))
				if Classify(err) != Dial || body.closed.Load() != 1 || time.Since(began) > 3*time.Second {
					t.Errorf("after %v: %v, body closed %d times", time.Since(began), err, body.closed.Load())
				}
				if word := ProxyError(err); name == "failing" && word != "dns_error" {
					t.Errorf("%q for %v", word, err)
				}
				if got := p.gate.status().Inside; got != 0 {
					t.Errorf("%d inside", got)
				}
				p.stop()
			})
		})
	}
}

func TestHosts(t *testing.T) {
	for _, tt := range []struct {
		found []string
		want  string
	}{
		{[]string{"10.0.0.1"}, "[[10.0.0.1:80]]"},
		{[]string{"::1", "127.0.0.1"}, "[[[::1]:80 127.0.0.1:80]]"},
		{[]string{"127.0.0.1", "::1"}, "[[127.0.0.1:80 [::1]:80]]"},
		{[]string{"10.0.0.2", "10.0.0.1"}, "[[10.0.0.1:80] [10.0.0.2:80]]"},
		{[]string{"fd00::1", "10.0.0.1", "10.0.0.2"}, "[[10.0.0.1:80] [10.0.0.2:80] [[fd00::1]:80]]"},
		{[]string{"10.0.0.1", "10.0.0.2", "10.0.0.1"}, "[[10.0.0.1:80] [10.0.0.2:80]]"},
	} {
		var found []netip.Addr
		for _, a := range tt.found {
			found = append(found, netip.MustParseAddr(a))
		}
		if got := fmt.Sprint(hosts(found, "80")); got != tt.want {
			t.Errorf("hosts(%v) = %s, want %s", tt.found, got, tt.want)
		}
	}
}

// localhost is one host, on whichever family it listens.
func TestLocalhostIsOneAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s, err := NewSet([]Config{{Name: "o", URLs: []string{"http://localhost:" + port}}}, Options{
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.IPv6Loopback(), netip.MustParseAddr("127.0.0.1")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for range 3 {
		if _, _, err := get(t, s); err != nil {
			t.Fatal(err)
		}
	}
	status := s.Status()[0]
	if len(status.Addresses) != 1 || status.Addresses[0].State != Up || status.Sites[0].Attempts[NotDialled] != 0 {
		t.Errorf("status %+v", status)
	}
	if d := s.Transport("o").(*pool); (*d.addresses.Load())[0].dialer.good.Load() != 1 {
		t.Error("the family that works is not remembered")
	}
}

// A target that does not answer leaves time for the others.
func TestTargetsShareTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		d := &dialer{network: "tcp", targets: []string{"a", "b"}, timeout: 4 * time.Second, connected: func() {}}
		ctx, cancel := context.WithTimeout(t.Context(), d.timeout)
		defer cancel()
		for left := 2; left > 0; left-- {
			began := time.Now()
			sub, stop := d.share(ctx, left)
			<-sub.Done()
			stop()
			waits = append(waits, time.Since(began))
		}
		if !slices.Equal(waits, []time.Duration{2 * time.Second, 2 * time.Second}) {
			t.Errorf("the targets had %v, want 2s each", waits)
		}
	})
}
