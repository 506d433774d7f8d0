package h2

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// client speaks HTTP/2 in frames. What it sends is gathered in out, and sent by flush in
// pieces as rng draws them; what comes is read all the time, and held to the windows that
// the client has given.
type client struct {
	t       testing.TB
	conn    net.Conn
	framer  *http2.Framer // writes to out
	out     bytes.Buffer
	block   bytes.Buffer
	encoder *hpack.Encoder
	next    uint32 // stream
	done    chan struct{}

	mu      sync.Mutex // guards what follows
	got     map[uint32]*stream
	goAway  *http2.ErrCode // nil before
	last    uint32         // stream of GOAWAY
	first   http2.FrameType
	frames  int
	acks    int // of settings
	pings   int // that were answered
	window  int64
	streams int64 // what a new stream's window is
	faults  []string
}

// response is what came on a stream.
type response struct {
	Fields string // sorted
	Body   string
	Ended  bool
	Reset  string
}

// stream is a response and the window that its stream has.
type stream struct {
	response
	body   bytes.Buffer
	window int64
}

// dial opens a connection as clients do that want more than 64 KiB at once.
func (w *world) dial() *client {
	c := w.dialWith()
	c.credit(0, 1<<20)
	return c
}

// dialWith opens a connection, and sends the preface and settings.
func (w *world) dialWith(settings ...http2.Setting) *client {
	c := &client{t: w.t, conn: w.pipes.dial(), next: 1, done: make(chan struct{}), got: map[uint32]*stream{}, window: initialWindow, streams: initialWindow}
	c.framer = http2.NewFramer(&c.out, nil)
	c.framer.AllowIllegalWrites = true
	c.encoder = hpack.NewEncoder(&c.block)
	c.out.WriteString(preface)
	c.settings(settings...)
	c.out.Write(frame{kind: kindSettings, flags: flagAck}.append(nil)) // of what the server says first
	go c.read()
	return c
}

func (c *client) close() {
	_ = c.conn.Close()
	<-c.done
}

// flush sends what was gathered, in pieces if rng is not nil. The server may have closed
// the connection.
func (c *client) flush(rng *rand.Rand) {
	b := c.out.Bytes()
	for len(b) > 0 {
		n := len(b)
		if rng != nil {
			n = min(n, 1+rng.IntN(1<<rng.IntN(14)))
		}
		if _, err := c.conn.Write(b[:n]); err != nil {
			break
		}
		b = b[n:]
	}
	c.out.Reset()
}

func (c *client) settings(list ...http2.Setting) {
	for _, s := range list {
		if s.ID == http2.SettingInitialWindowSize {
			c.mu.Lock()
			for _, r := range c.got {
				r.window += max(int64(s.Val)-c.streams, 0) // less holds once it is acknowledged
			}
			c.streams = int64(s.Val)
			c.mu.Unlock()
		}
	}
	_ = c.framer.WriteSettings(list...)
}

// credit gives more window, to a stream or for 0 to the connection.
func (c *client) credit(stream, n uint32) {
	c.mu.Lock()
	if stream == 0 {
		c.window += int64(n)
	} else if r := c.got[stream]; r != nil {
		r.window += int64(n)
	}
	c.mu.Unlock()
	_ = c.framer.WriteWindowUpdate(stream, n)
}

// open begins a request with a header block, and returns its stream. Fields are name and
// value in turn, behind those with a colon.
func (c *client) open(method, path string, end bool, fields ...string) uint32 {
	id := c.next
	c.next += 2
	c.mu.Lock()
	c.got[id] = &stream{window: c.streams}
	c.mu.Unlock()
	all := append([]string{":method", method, ":scheme", "http", ":authority", "example.com", ":path", path}, fields...)
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.encode(all...), EndStream: end, EndHeaders: true})
	return id
}

func (c *client) get(path string, fields ...string) uint32 {
	return c.open("GET", path, true, fields...)
}

// encode makes a header block.
func (c *client) encode(fields ...string) []byte {
	c.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = c.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return c.block.Bytes()
}

// read notes what comes until the connection ends.
func (c *client) read() {
	defer close(c.done)
	in := http2.NewFramer(nil, c.conn)
	in.ReadMetaHeaders = hpack.NewDecoder(tableBytes, nil)
	for {
		f, err := in.ReadFrame()
		if err != nil {
			if code, ok := err.(http2.ConnectionError); ok {
				c.fault("a frame is wrong: %v", code)
			}
			return
		}
		c.take(f)
	}
}

func (c *client) fault(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *client) take(f http2.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frames++; c.frames == 1 {
		c.first = f.Header().Type
	}
	r := c.got[f.Header().StreamID]
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		if r == nil || r.Ended || r.Fields != "" && !strings.HasPrefix(r.Fields, ":status: 1") {
			c.faults = append(c.faults, fmt.Sprintf("a header block for stream %d", f.StreamID))
			return
		}
		var lines []string
		for _, field := range f.Fields {
			lines = append(lines, field.Name+": "+field.Value)
		}
		slices.Sort(lines)
		r.Fields, r.Ended = strings.Join(lines, "\n"), f.StreamEnded()
	case *http2.DataFrame:
		n := int64(f.Length)
		if c.window -= n; c.window < 0 {
			c.faults = append(c.faults, fmt.Sprintf("the connection's window is exceeded by %d", -c.window))
		}
		if r == nil || r.Fields == "" || r.Ended {
			c.faults = append(c.faults, fmt.Sprintf("data for stream %d", f.StreamID))
			return
		}
		if r.window -= n; n > 0 && r.window < 0 {
			c.faults = append(c.faults, fmt.Sprintf("the window of stream %d is exceeded by %d", f.StreamID, -r.window))
		}
		r.body.Write(f.Data())
		r.Ended = f.StreamEnded()
	case *http2.RSTStreamFrame:
		if r != nil {
			r.Reset = f.ErrCode.String()
		}
	case *http2.GoAwayFrame:
		code := f.ErrCode
		c.goAway, c.last = &code, f.LastStreamID
	case *http2.SettingsFrame:
		if f.IsAck() {
			c.acks++
		}
	case *http2.PingFrame:
		if f.IsAck() {
			c.pings++
		}
	}
}

// outcome is all that came, as far as it does not depend on who answers.
type outcome struct {
	Streams map[uint32]response
	GoAway  string
	Acked   bool // settings: net/http acknowledges several at once if they come so
	Pings   int
}

func (c *client) outcome() outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		c.t.Error(f)
	}
	o := outcome{Streams: map[uint32]response{}, Acked: c.acks > 0, Pings: c.pings}
	for id, r := range c.got {
		r.Body = r.body.String()
		o.Streams[id] = r.response
	}
	if c.goAway != nil {
		o.GoAway = c.goAway.String()
	}
	return o
}
