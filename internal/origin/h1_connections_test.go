package origin

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A request that meets the end of a kept connection is sent once more, over a new
// one, if that does no harm.
func TestH1Stale(t *testing.T) {
	for _, tt := range []struct {
		method string
		reads  bool // the origin takes the request before it hangs up
		ends   int  // connections that end so
		want   bool // an answer
	}{
		{"GET", true, 1, true}, {"HEAD", true, 1, true}, {"DELETE", true, 1, true}, {"POST", true, 1, false},
		{"GET", false, 1, true}, {"POST", false, 1, true},
		{"GET", true, 2, false}, // a new connection that ends is not for us to try again
	} {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int32
			c := pipedClient(t, func(number int, conn net.Conn) {
				r := bufio.NewReader(conn)
				if number == 0 {
					readHead(r)
					io.WriteString(conn, ok200)
				}
				if number >= tt.ends {
					replies(conn, ok200)
				} else if tt.reads {
					readHead(r)
					requests.Add(1)
				}
			})
			if _, err := readAll(t, c, t.Context(), "GET"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			_, err := readAll(t, c, t.Context(), tt.method)
			if (err == nil) != tt.want {
				t.Errorf("%+v: %v", tt, err)
			}
			if err != nil && classify(t.Context(), err) != Broken {
				t.Errorf("%+v: %v is %v", tt, err, classify(t.Context(), err))
			}
			if got := int(requests.Load()); tt.reads && got != tt.ends {
				t.Errorf("%+v: %d requests were lost", tt, got)
			}
		})
	}
}

// Connections that nobody uses are closed after idleConn, not before, and not while
// they are used again and again.
func TestH1UnusedConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var closed [2]time.Duration
		c := pipedClient(t, func(number int, conn net.Conn) {
			replies(conn, ok200)
			closed[number] = time.Since(began)
		})
		first, err := c.RoundTrip(newRequest(t, t.Context(), "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(t, c, t.Context(), "GET"); err != nil { // over another
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		io.Copy(io.Discard, first.Body) // given back last: it is used from now on
		for range 10 {
			time.Sleep(idleConn - time.Second)
			if _, err := readAll(t, c, t.Context(), "GET"); err != nil {
				t.Fatal(err)
			}
		}
		last := time.Since(began)
		time.Sleep(2 * idleConn)
		synctest.Wait()
		if closed[1] != idleConn || closed[0] != last+idleConn {
			t.Errorf("closed %v, want the second after %v, the first after %v", closed, idleConn, last+idleConn)
		}
	})
}

// No more than idlePerAddress connections are kept, and none once the client is
// closed.
func TestH1ConnectionsThatAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pipedClient(t, func(_ int, conn net.Conn) { replies(conn, ok200) })
		var answers []*http.Response
		for range idlePerAddress + 5 {
			resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", nil))
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, resp)
		}
		for _, resp := range answers[:len(answers)-1] {
			io.Copy(io.Discard, resp.Body)
		}
		if got := len(c.unused); got != idlePerAddress {
			t.Errorf("%d connections are kept, want %d", got, idlePerAddress)
		}
		c.close()
		io.Copy(io.Discard, answers[len(answers)-1].Body)
		if got := len(c.unused); got != 0 {
			t.Errorf("%d connections are kept after close", got)
		}
	})
}

// A request that asks for the end of its connection gets it.
func TestH1RequestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var head string
		c := pipedClient(t, func(_ int, conn net.Conn) {
			head = readHead(bufio.NewReader(conn))
			io.WriteString(conn, ok200)
		})
		req := newRequest(t, t.Context(), "GET", nil)
		req.Close = true
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		if len(c.unused) != 0 || !strings.Contains(head, "Connection: close\r\n") {
			t.Errorf("%d kept after %q", len(c.unused), head)
		}
	})
}
