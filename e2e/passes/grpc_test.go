package passes

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// A call as gRPC makes it, over HTTP/2 on both sides: messages go both ways at the
// same time, TE arrives, and the status comes in the trailers, with metadata of
// the application's own.
func TestGRPC(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc+proto")
		w.Header().Set("X-Seen", fmt.Sprint(r.Proto, " te=", r.Header.Get("Te"), " trailer=", len(r.Trailer)))
		flush := http.NewResponseController(w).Flush
		flush()
		for lines := bufio.NewScanner(r.Body); lines.Scan(); flush() {
			fmt.Fprintln(w, strings.ToUpper(lines.Text()))
		}
		for name, value := range map[string]string{"Grpc-Status": "0", "X-Metadata": "1", "Set-Cookie": "a=b"} {
			w.Header().Set(http.TrailerPrefix+name, value)
		}
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	edge := harness.Run(t, harness.Options{Args: []string{"-c", "grpc.yaml"}, Env: []string{"ORIGIN=" + server.URL}})

	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: p, ResponseHeaderTimeout: patience}
	t.Cleanup(transport.CloseIdleConnections)
	body, send := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, edge.URL("/echo.Echo/Talk"), body)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "www.example.com"
	req.Header.Set("Content-Type", "application/grpc+proto")
	req.Header.Set("Te", "trailers")
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("X-Seen"); got != "HTTP/2.0 te=trailers trailer=0" {
		t.Errorf("the origin saw %s", got)
	}
	answers := bufio.NewReader(res.Body)
	for _, message := range []string{"one", "two", "three"} { // each is sent when the one before is answered
		fmt.Fprintln(send, message)
		if got, err := answers.ReadString('\n'); got != strings.ToUpper(message)+"\n" {
			t.Fatalf("sent %s, got %q, %v", message, got, err)
		}
	}
	send.Close()
	if rest, err := io.ReadAll(answers); len(rest) != 0 || err != nil {
		t.Errorf("at the end: %q, %v", rest, err)
	}
	if got := fmt.Sprint(map[string][]string(res.Trailer)); got != "map[Grpc-Status:[0] X-Metadata:[1]]" {
		t.Errorf("trailers %s", got)
	}
}
