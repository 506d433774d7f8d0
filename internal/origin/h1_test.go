package origin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipedClient returns a client whose connections are in memory, for use in a synctest
// bubble: serve gets each with its number.
func pipedClient(t *testing.T, serve func(number int, conn net.Conn)) *h1Client {
	t.Helper()
	number := 0
	c := &h1Client{firstByte: 60 * time.Second, idle: 60 * time.Second}
	c.dial = func(context.Context) (net.Conn, error) {
		client, server := net.Pipe()
		i := number
		number++
		go func() {
			defer server.Close()
			serve(i, server)
		}()
		return client, nil
	}
	t.Cleanup(c.close)
	return c
}

// readAll sends a request and reads the answer.
func readAll(t *testing.T, c *h1Client, ctx context.Context, method string) (string, error) {
	t.Helper()
	resp, err := c.RoundTrip(newRequest(t, ctx, method, nil))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// An origin that says nothing, or only that it works on it, is given up after the
// time for the first byte, also on a connection that was used before: that is no
// reason to ask again.
func TestH1Silence(t *testing.T) {
	for name, says := range map[string]func(net.Conn){
		"nothing": func(net.Conn) {},
		"half a head": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-")
		},
		"interim answers": func(conn net.Conn) {
			for range 10 {
				io.WriteString(conn, "HTTP/1.1 102 Processing\r\n\r\n")
				time.Sleep(10 * time.Second)
			}
		},
	} {
		for _, reused := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var requests atomic.Int32
				c := pipedClient(t, func(_ int, conn net.Conn) {
					r := bufio.NewReader(conn)
					for readHead(r) != "" {
						if n := requests.Add(1); reused && n == 1 {
							io.WriteString(conn, ok200)
							continue
						}
						says(conn)
						io.Copy(io.Discard, r)
					}
				})
				if reused {
					if _, err := readAll(t, c, t.Context(), "GET"); err != nil {
						t.Fatal(err)
					}
				}
				before, began := requests.Load(), time.Now()
				_, err := readAll(t, c, t.Context(), "GET")
				if classify(t.Context(), err) != Timeout || time.Since(began) != time.Minute {
					t.Errorf("%s: %v after %v, want a timeout after a minute", name, err, time.Since(began))
				}
				if got := requests.Load() - before; got != 1 {
					t.Errorf("%s: it was asked %d times", name, got)
				}
				time.Sleep(time.Hour) // until the origin has noticed
			})
		}
	}
}

// A body that stands still is cut off; time in which nobody reads does not count.
func TestH1IdleBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pipedClient(t, func(_ int, conn net.Conn) {
			readHead(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
			for range 3 {
				time.Sleep(50 * time.Second)
				io.WriteString(conn, "x")
			}
			io.Copy(io.Discard, conn)
		})
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for i := range 3 {
			if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
				t.Fatalf("read %d of a steady origin: %v", i, err)
			}
			time.Sleep(time.Hour) // a reader that takes its time
		}
		began := time.Now()
		_, err = resp.Body.Read(make([]byte, 1))
		if !errors.Is(err, errIdle) || classify(t.Context(), err) != Timeout || time.Since(began) != time.Minute {
			t.Errorf("%v after %v, want that it stood still after a minute", err, time.Since(began))
		}
		if _, again := resp.Body.Read(make([]byte, 1)); again != err {
			t.Errorf("reading on: %v, want the same error", again)
		}
	})
}

// A request ends at once with the cause of its context, whatever it waits for, and
// so does its connection.
func TestH1Cancel(t *testing.T) {
	gone := errors.New("gone")
	reads := func(answer string) func(net.Conn) {
		return func(conn net.Conn) {
			readHead(bufio.NewReader(conn))
			io.WriteString(conn, answer)
		}
	}
	for name, serve := range map[string]func(net.Conn){
		"writing the request":       func(net.Conn) {},
		"the head":                  reads(""),
		"the rest of the head":      reads("HTTP/1.1 200 O"),
		"the head after another":    reads("HTTP/1.1 103 Early Hints\r\n\r\n"),
		"a body with a length":      reads("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
		"the next chunk":            reads("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
		"trailers":                  reads("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"),
		"the end of the connection": reads("HTTP/1.1 200 OK\r\n\r\nhello"),
	} {
		synctest.Test(t, func(t *testing.T) {
			var closed time.Time
			c := pipedClient(t, func(_ int, conn net.Conn) {
				serve(conn)
				time.Sleep(2 * time.Second)
				if name != "writing the request" {
					io.Copy(io.Discard, conn)
				}
				closed = time.Now()
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			began := time.Now()
			time.AfterFunc(time.Second, func() { cancel(gone) })
			if _, err := readAll(t, c, ctx, "GET"); err != gone || time.Since(began) != time.Second {
				t.Errorf("%s: %v after %v, want the cause after a second", name, err, time.Since(began))
			}
			time.Sleep(time.Hour) // until the origin has noticed
			synctest.Wait()
			if len(c.unused) != 0 || closed.IsZero() {
				t.Errorf("%s: the connection lives on", name)
			}
		})
	}
}

// A request whose context has ended is not sent, and one whose context ends while a
// connection is made ends with it.
func TestH1CancelWithoutAConnection(t *testing.T) {
	c := &h1Client{dial: func(ctx context.Context) (net.Conn, error) {
		<-ctx.Done()
		return nil, dialError{ctx.Err()}
	}}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	for range 2 {
		if _, err := readAll(t, c, ctx, "GET"); classify(ctx, err) != Canceled {
			t.Errorf("got %v", err)
		}
	}
}

// That the context of a request ends after its answer means nothing for the
// connection.
func TestH1CancelAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pipedClient(t, func(number int, conn net.Conn) {
			if number > 0 {
				t.Error("a second connection was made")
			}
			replies(conn, ok200)
		})
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			if body, err := readAll(t, c, ctx, "GET"); body != "ok" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
			cancel()
			synctest.Wait()
		}
	})
}

// Close ends a Read that waits, and what is read after it fails. Closing again, or
// after the end, does nothing.
func TestH1CloseTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pipedClient(t, func(_ int, conn net.Conn) {
			readHead(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
			io.Copy(io.Discard, conn)
		})
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan error)
		go func() {
			_, err := io.ReadAll(resp.Body)
			read <- err
		}()
		synctest.Wait()
		began := time.Now()
		for range 2 {
			resp.Body.Close()
		}
		if err := <-read; err == nil || time.Since(began) != 0 {
			t.Errorf("Read ended with %v, %v after the body was closed", err, time.Since(began))
		}
		if n, err := resp.Body.Read(make([]byte, 10)); n != 0 || err == nil || err == io.EOF {
			t.Errorf("reading after Close: %d bytes, %v", n, err)
		}
		if len(c.unused) != 0 {
			t.Error("the connection was kept")
		}
	})
}

// What comes before the final head is told and bounded: by the size of all of it.
func TestH1Interim(t *testing.T) {
	early := "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	for _, tt := range []struct {
		name, answer string
		told         int
		want         error
	}{
		{"none", ok200, 0, nil},
		{"two", early + early + ok200, 2, nil},
		{"a bare 100", "HTTP/1.1 100 Continue\r\n\r\n" + ok200, 1, nil},
		{"nearly as much as a head may be", strings.Repeat(early, maxHead/len(early)-1) + ok200, maxHead/len(early) - 1, nil},
		{"as much as a head may be", strings.Repeat(early, maxHead/len(early)) + ok200, maxHead / len(early), errLargeHead},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := pipedClient(t, func(_ int, conn net.Conn) { replies(conn, tt.answer) })
			told := 0
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
				told++
				return nil
			}})
			if _, err := readAll(t, c, ctx, "GET"); !errors.Is(err, tt.want) || told != tt.told {
				t.Errorf("%s: %v, told %d times, want %d", tt.name, err, told, tt.told)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		refused := errors.New("refused")
		synctest.Test(t, func(t *testing.T) {
			c := pipedClient(t, func(_ int, conn net.Conn) { replies(conn, early+ok200) })
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { return refused }})
			if _, err := readAll(t, c, ctx, "GET"); err != refused || len(c.unused) != 0 {
				t.Errorf("%v, %d connections kept", err, len(c.unused))
			}
		})
	})
}

// A body tells how much of it need not be waited for; when it has ended that is
// nothing, for what comes next on its connection is another's.
func TestH1Buffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pipedClient(t, func(_ int, conn net.Conn) {
			readHead(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
			time.Sleep(time.Second)
			io.WriteString(conn, "world")
			io.Copy(io.Discard, conn)
		})
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		// As a Transport hands it on.
		body := &responseBody{inner: resp.Body}
		buffered := []int{body.Buffered()}
		if _, err := io.ReadFull(resp.Body, make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		buffered = append(buffered, body.Buffered())
		if rest, err := io.ReadAll(resp.Body); string(rest) != "loworld" || err != nil {
			t.Fatalf("%q, %v", rest, err)
		}
		buffered = append(buffered, body.Buffered())
		if want := []int{5, 2, 0}; !slices.Equal(buffered, want) {
			t.Errorf("%v were buffered, want %v", buffered, want)
		}
		if n := (&responseBody{inner: io.NopCloser(resp.Body)}).Buffered(); n != 0 {
			t.Errorf("%d bytes of a body that does not tell", n)
		}
	})
}
