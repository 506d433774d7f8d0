package origin

import (
	"bufio"
	"net"
	"testing"

	"edge/internal/lifespan"
)

// BenchmarkRoundTrip is a request to an origin that answers 1 KiB at once, over
// loopback: what a miss or a pass pays for the choice of an address, its health
// and the limits, on top of the connection.
func BenchmarkRoundTrip(b *testing.B) {
	for _, c := range []struct {
		name      string
		addresses int
	}{{"one", 1}, {"three", 3}} {
		b.Run(c.name, func(b *testing.B) {
			answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + string(make([]byte, 1024)))
			var urls []string
			for range c.addresses {
				urls = append(urls, rawOrigin(b, func(conn net.Conn) {
					r := bufio.NewReader(conn)
					for skipHead(r) {
						conn.Write(answer)
					}
				}))
			}
			transport := newSet(b, Config{}, urls...).Transport("o")
			blank := newRequest(b, b.Context(), "GET", nil)
			blank.Header.Set("User-Agent", "edge")
			buf := make([]byte, 4096)
			b.ReportAllocs()
			for b.Loop() {
				// A context and a request of its own, as each fetch has: two pieces of memory.
				ctx := new(lifespan.Context)
				resp, err := transport.RoundTrip(blank.WithContext(ctx))
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = resp.Body.Read(buf)
				}
				resp.Body.Close()
				ctx.End(nil)
			}
		})
	}
}

// skipHead reads a head, and reports false at the end of the connection.
func skipHead(r *bufio.Reader) bool {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil || len(line) == 2 {
			return err == nil
		}
	}
}
