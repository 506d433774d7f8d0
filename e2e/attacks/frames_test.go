package attacks

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// field is a field of HTTP/2 as it is encoded, whatever it holds.
type field struct{ name, value string }

// h2answer is what came of a stream. It has no status if the stream or the connection
// was reset.
type h2answer struct {
	status string
	fields []hpack.HeaderField // trailers too
	body   string
}

// exchangeFrames sends one request on a connection of its own, frame by frame, and
// returns what came of it. A nil body ends the stream with the head, nil trailers end
// it with the body.
func exchangeFrames(t testing.TB, addr string, head []field, body *string, trailers []field) h2answer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	framer := http2.NewFramer(conn, conn)
	framer.AllowIllegalWrites = true
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	io.WriteString(conn, http2.ClientPreface)
	framer.WriteSettings()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	write := func(fields []field, end bool) {
		block.Reset()
		for _, f := range fields {
			encoder.WriteField(hpack.HeaderField{Name: f.name, Value: f.value})
		}
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: end})
	}
	write(head, body == nil)
	if body != nil {
		framer.WriteData(1, trailers == nil, []byte(*body))
	}
	if trailers != nil {
		write(trailers, true)
	}
	return readStream(t, framer)
}

// readStream reads frames until stream 1 or the connection has ended.
func readStream(t testing.TB, framer *http2.Framer) (a h2answer) {
	t.Helper()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			if stuck := net.Error(nil); errors.As(err, &stuck) && stuck.Timeout() {
				t.Error("no answer")
			}
			return h2answer{}
		}
		ended := false
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				framer.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			if s := f.PseudoValue("status"); s != "" && s[0] != '1' {
				a.status = s
			}
			a.fields = append(a.fields, f.RegularFields()...)
			ended = f.StreamEnded()
		case *http2.DataFrame:
			a.body += string(f.Data())
			ended = f.StreamEnded()
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			if a.status == "" {
				return h2answer{}
			}
			ended = true
		}
		if ended {
			return a
		}
	}
}

// asked returns the head of a GET with changes: a field replaces that of its name
// among the pseudo fields, others are added. An empty pseudo field is left out.
func asked(path string, changes ...field) []field {
	list := []field{{":method", "GET"}, {":scheme", "http"}, {":authority", "www.example.com"}, {":path", path}}
	for _, c := range changes {
		at := -1
		for i := range list {
			if list[i].name == c.name && strings.HasPrefix(c.name, ":") {
				at = i
			}
		}
		switch {
		case at >= 0 && c.value == "":
			list = append(list[:at], list[at+1:]...)
		case at >= 0:
			list[at] = c
		default:
			list = append(list, c)
		}
	}
	return list
}
