package origin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// piped gives every address of p connections in memory, so that p works inside a
// synctest bubble. serve gets the number of the address and each connection to
// it; a nil connection cannot be made.
func piped(t *testing.T, p *pool, dial func(address int) bool, serve func(address int, conn net.Conn)) {
	t.Helper()
	for i, a := range *p.addresses.Load() {
		pipe := func(context.Context) (net.Conn, error) {
			if !dial(i) {
				return nil, dialError{errors.New("refused")}
			}
			client, server := net.Pipe()
			go func() { // ends when either side closes the connection
				defer server.Close()
				serve(i, server)
			}()
			return client, nil
		}
		a.client.dial = pipe
		a.transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return pipe(ctx) }
	}
	t.Cleanup(p.stop)
}

// replies answers every request on a connection.
func replies(conn net.Conn, answer string) {
	r := bufio.NewReader(conn)
	for readHead(r) != "" {
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

const (
	ok200     = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	unwell503 = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
)

// ask sends one GET and reads the whole answer.
func ask(t *testing.T, p *pool, method string) (status int, err error) {
	t.Helper()
	resp, err := p.RoundTrip(newRequest(t, t.Context(), method, nil))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func (p *pool) states() []State {
	var states []State
	for _, a := range *p.addresses.Load() {
		states = append(states, a.now().state(&p.config, time.Now()))
	}
	return states
}

func always(int) bool { return true }

// An address that answers 503 is ejected, and comes back slowly when it is well.
func TestUnwellAddressIsEjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, *usual, "http://a", "http://b")
		sick := true
		var asked [2]int
		piped(t, p, always, func(i int, conn net.Conn) {
			r := bufio.NewReader(conn)
			for readHead(r) != "" {
				asked[i]++
				answer := ok200
				if i == 0 && sick {
					answer = unwell503
				}
				io.WriteString(conn, answer)
			}
		})
		for range 20 {
			ask(t, p, http.MethodPost)
		}
		if got := p.states(); got[0] != Ejected || asked[0] != usual.Eject.After {
			t.Errorf("the sick one is %v after %d requests, want ejected after %d", got[0], asked[0], usual.Eject.After)
		}
		sick = false
		time.Sleep(usual.Eject.For + time.Second)
		if got := p.states(); got[0] != Warming {
			t.Errorf("after its ejection it is %v, want warming", got[0])
		}
		asked = [2]int{}
		for range 1000 {
			ask(t, p, http.MethodPost)
		}
		if asked[0] < 10 || asked[0] > 150 {
			t.Errorf("at a tenth of its share it got %d of 1000 requests, want about 50", asked[0])
		}
		time.Sleep(usual.SlowStart)
		asked = [2]int{}
		for range 100 {
			ask(t, p, http.MethodPost)
		}
		if asked != [2]int{50, 50} {
			t.Errorf("afterwards they got %v, want 50 each", asked)
		}
		p.stop()
	})
}

// The breaker of the only address: after five failures nobody waits for it any
// more, and one request at a time tries.
func TestBreakerOfTheOnlyAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, *usual, "http://a")
		dead, dials := true, 0
		piped(t, p, func(int) bool { dials++; return !dead }, func(_ int, conn net.Conn) { replies(conn, ok200) })
		for range 20 {
			ask(t, p, http.MethodGet)
		}
		if dials != usual.Breaker.After {
			t.Errorf("%d dials for 20 requests, want %d", dials, usual.Breaker.After)
		}
		_, err := ask(t, p, http.MethodGet)
		var e *Error
		if !errors.As(err, &e) || e.Failure != Unavailable || e.RetryAfter != time.Second || e.Address != "" {
			t.Errorf("while it is open: %v, want unavailable for a second", err)
		}
		time.Sleep(time.Second)
		for range 20 {
			ask(t, p, http.MethodPost)
		}
		if dials != usual.Breaker.After+1 {
			t.Errorf("%d dials when half-open, want one more", dials-usual.Breaker.After)
		}
		dead = false
		time.Sleep(2 * time.Second)
		for i := range 20 {
			if status, err := ask(t, p, http.MethodPost); status != 200 {
				t.Errorf("request %d after it came back: %d, %v", i, status, err)
			}
		}
		p.stop()
	})
}

// What clients do is no failure of an address, however often they do it.
func TestClientsDoNotHurtAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, *usual, "http://a", "http://b")
		piped(t, p, always, func(_ int, conn net.Conn) {
			io.Copy(io.Discard, conn) // never answers
		})
		for range 50 {
			gone, leave := context.WithCancel(t.Context())
			time.AfterFunc(time.Millisecond, leave)
			if _, err := p.RoundTrip(newRequest(t, gone, "GET", nil)); Classify(err) != Canceled {
				t.Fatalf("got %v, want canceled", err)
			}
			body := io.NopCloser(&failingReader{errors.New("bad chunk")})
			if _, err := p.RoundTrip(newRequest(t, t.Context(), "POST", body)); Classify(err) != BadRequestBody {
				t.Fatalf("got %v, want bad-request-body", err)
			}
		}
		if got := p.states(); got[0] != Up || got[1] != Up {
			t.Errorf("states %v after 100 clients who left or sent nonsense, want both up", got)
		}
		for _, a := range *p.addresses.Load() {
			if a.inFlight.Load() != 0 || a.now() != (health{}) {
				t.Errorf("%s: %d under way, %+v remembered", a.name, a.inFlight.Load(), a.now())
			}
		}
		p.stop()
	})
}

// A body that breaks off counts, although its head had come.
func TestCutOffBodiesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, *usual, "http://a", "http://b")
		piped(t, p, always, func(i int, conn net.Conn) {
			if i == 1 {
				replies(conn, ok200)
				return
			}
			readHead(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
		})
		for range 10 {
			ask(t, p, http.MethodGet)
		}
		if got := p.states(); got[0] != Ejected {
			t.Errorf("the one that cuts off is %v, want ejected", got[0])
		}
		p.stop()
	})
}

// The requests under way are counted to the end of the body, whoever ends it.
func TestInFlightUntilTheBodyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{}, "http://a")
		piped(t, p, always, func(_ int, conn net.Conn) { replies(conn, ok200) })
		a := (*p.addresses.Load())[0]
		for _, end := range []func(*http.Response){
			func(r *http.Response) { io.Copy(io.Discard, r.Body) },
			func(r *http.Response) { r.Body.Close() },
			func(r *http.Response) { io.Copy(io.Discard, r.Body); r.Body.Close(); r.Body.Close() },
		} {
			resp, err := p.RoundTrip(newRequest(t, t.Context(), "GET", nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := a.inFlight.Load(); got != 1 {
				t.Errorf("%d under way while the body is unread, want 1", got)
			}
			if got := AddressOf(resp); got != "10.0.0.1:80" {
				t.Errorf("AddressOf = %q, want 10.0.0.1:80", got)
			}
			end(resp)
			if got := a.inFlight.Load(); got != 0 {
				t.Errorf("%d under way after the end, want 0", got)
			}
		}
		p.stop()
	})
}
