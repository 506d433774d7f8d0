package origin

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pacer is a request body that sends a piece after each pause.
type pacer struct {
	pauses []time.Duration
	piece  string
}

func (p *pacer) Read(b []byte) (int, error) {
	if len(p.pauses) == 0 {
		return 0, io.EOF
	}
	time.Sleep(p.pauses[0])
	p.pauses = p.pauses[1:]
	return copy(b, p.piece), nil
}

// An origin that takes the head and reads no more is cut off; one that reads
// slowly is not, and the client's own pauses are not the origin's.
func TestOriginThatStopsReading(t *testing.T) {
	piece := strings.Repeat("x", 32<<10)
	for _, tt := range []struct {
		name   string
		pauses []time.Duration // of the client
		serve  func(conn net.Conn, end chan struct{})
		want   Failure
		after  time.Duration
	}{
		{"it stops", make([]time.Duration, 20), func(conn net.Conn, end chan struct{}) {
			readHead(bufio.NewReaderSize(conn, 16))
			<-end
		}, Timeout, time.Minute},
		{"it is slow", make([]time.Duration, 3), func(conn net.Conn, _ chan struct{}) {
			req, err := http.ReadRequest(bufio.NewReaderSize(conn, 16))
			for piece := make([]byte, 32<<10); err == nil; {
				time.Sleep(25 * time.Second)
				_, err = io.ReadFull(req.Body, piece)
			}
			io.WriteString(conn, ok200)
			io.Copy(io.Discard, conn)
		}, None, 0},
		{"the client pauses", []time.Duration{0, 10 * time.Minute, 0}, func(conn net.Conn, _ chan struct{}) {
			r := bufio.NewReader(conn)
			readHead(r)
			io.CopyN(io.Discard, r, 3*32<<10)
			io.WriteString(conn, ok200)
			io.Copy(io.Discard, conn)
		}, None, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTestPool(t, Config{FirstByte: time.Hour}, "http://a")
				end := make(chan struct{})
				defer close(end)
				piped(t, p, always, func(_ int, conn net.Conn) { tt.serve(conn, end) })
				began := time.Now()
				resp, err := p.RoundTrip(newRequest(t, t.Context(), "POST", &pacer{tt.pauses, piece}))
				if got := Classify(err); got != tt.want {
					t.Errorf("got %v after %v, want %v", err, time.Since(began), tt.want)
				}
				if tt.after != 0 && time.Since(began) != tt.after {
					t.Errorf("cut off after %v, want %v", time.Since(began), tt.after)
				}
				if err == nil {
					resp.Body.Close()
				}
			})
		})
	}
}

// Once the head is there both may talk in turns of their own: an upload that
// moves keeps a silent answer alive, and an answer that moves a silent upload.
func TestTalkInBothDirections(t *testing.T) {
	for _, tt := range []struct {
		name   string
		client []time.Duration
		origin []time.Duration
		want   Failure
	}{
		{"the client talks", []time.Duration{0, 50 * time.Second, 50 * time.Second, 50 * time.Second}, []time.Duration{0, 170 * time.Second}, None},
		{"the origin talks", []time.Duration{0, 170 * time.Second}, []time.Duration{0, 50 * time.Second, 50 * time.Second, 50 * time.Second}, None},
		{"nobody talks", []time.Duration{0, 170 * time.Second}, []time.Duration{0, 170 * time.Second}, Timeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTestPool(t, Config{}, "http://a")
				end := make(chan struct{})
				defer close(end)
				piped(t, p, always, func(_ int, conn net.Conn) {
					r := bufio.NewReader(conn)
					readHead(r)
					go io.Copy(io.Discard, r)
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
					for _, pause := range tt.origin {
						time.Sleep(pause)
						io.WriteString(conn, "1\r\nx\r\n")
					}
					io.WriteString(conn, "0\r\n\r\n")
					<-end
				})
				resp, err := p.RoundTrip(newRequest(t, t.Context(), "POST", &pacer{tt.client, "piece"}))
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, resp.Body)
				if got := Classify(err); got != tt.want {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				resp.Body.Close()
				time.Sleep(time.Hour) // until the client has slept its last
			})
		})
	}
}
