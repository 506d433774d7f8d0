package origin

import (
	"bufio"
	"io"
	"net"
	"testing"
)

// BenchmarkRoundTrip is a request to an origin that answers 1 KiB at once, over
// loopback: what a miss or a pass pays for the choice of an address, its health
// and the limits, on top of net/http.
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
					for readHead(r) != "" {
						conn.Write(answer)
					}
				}))
			}
			transport := newSet(b, Config{}, urls...).Transport("o")
			req := newRequest(b, b.Context(), "GET", nil)
			req.Header.Set("User-Agent", "edge")
			b.ReportAllocs()
			for b.Loop() {
				resp, err := transport.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
}
