package limits

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"edge/e2e/harness"
)

// flood is an HTTP/2 client in frames. What it sends is buffered until flush, so
// that it costs next to nothing.
type flood struct {
	*http2.Framer
	conn   *conn
	out    bytes.Buffer
	fields bytes.Buffer
	coder  *hpack.Encoder

	got   chan http2.Frame // of kinds that matter
	ended chan struct{}    // closed when the connection has ended; then err is set
	err   error
}

// newFlood speaks HTTP/2 from the first byte. A window of 0 is for those who take
// nothing.
func newFlood(t testing.TB, e *harness.Edge, window uint32) *flood {
	t.Helper()
	f := &flood{conn: dial(t, e), got: make(chan http2.Frame, 1<<16), ended: make(chan struct{})}
	f.coder = hpack.NewEncoder(&f.fields)
	f.Framer = http2.NewFramer(&f.out, f.conn.in)
	f.AllowIllegalWrites = true
	f.out.WriteString(http2.ClientPreface)
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
	return f
}

// listen keeps reading, as a client does whom nothing must hold up.
func (f *flood) listen() *flood {
	go func() { // ends with the connection
		defer close(f.ended)
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				f.err = err
				return
			}
			switch frame.(type) {
			case *http2.GoAwayFrame, *http2.RSTStreamFrame:
				select {
				case f.got <- frame:
				default:
				}
			}
		}
	}()
	return f
}

// ask begins a request on a stream.
func (f *flood) ask(stream uint32, path string, flags http2.Flags) {
	f.WriteRawFrame(http2.FrameHeaders, flags, stream, f.head(path))
}

func (f *flood) head(path string) []byte {
	f.fields.Reset()
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "www.example.com"}, {":path", path}} {
		f.coder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	return bytes.Clone(f.fields.Bytes())
}

// flush sends what there is, and reports whether edge still takes it.
func (f *flood) flush() bool {
	_, err := f.conn.Write(f.out.Bytes())
	f.out.Reset()
	return err == nil
}

// over waits until edge ends the connection.
func (f *flood) over(t testing.TB) {
	<-f.ended
	if errors.Is(f.err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is still open after %s", patience)
	}
}

const whole = http2.FlagHeadersEndHeaders | http2.FlagHeadersEndStream

// floods cost a server more than the client. They end by themselves or with the
// connection; each sends enough for all that a server without limits would do.
var floods = []struct {
	name   string
	attack func(t testing.TB, e *harness.Edge)
}{
	{"rapid reset", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 1<<16).listen()
		for id := uint32(1); id < 40_000; id += 2 {
			f.ask(id, "/slow", whole)
			f.WriteRSTStream(id, http2.ErrCodeCancel)
			if id%64 == 1 && !f.flush() {
				break
			}
		}
		f.flush()
		f.over(t)
	}},
	{"made you reset: an empty window update", func(t testing.TB, e *harness.Edge) {
		madeYouReset(t, e, func(f *flood, id uint32) { f.WriteRawFrame(http2.FrameWindowUpdate, 0, id, make([]byte, 4)) })
	}},
	{"made you reset: a window too large", func(t testing.TB, e *harness.Edge) {
		madeYouReset(t, e, func(f *flood, id uint32) { f.WriteWindowUpdate(id, 1<<31-1) })
	}},
	{"made you reset: a body behind the end", func(t testing.TB, e *harness.Edge) {
		madeYouReset(t, e, func(f *flood, id uint32) { f.WriteData(id, false, []byte("x")) })
	}},
	{"made you reset: a stream that depends on itself", func(t testing.TB, e *harness.Edge) {
		madeYouReset(t, e, func(f *flood, id uint32) { f.WritePriority(id, http2.PriorityParam{StreamDep: id}) })
	}},
	{"a head that goes on for ever", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 1<<16).listen()
		f.ask(1, "/static/a", http2.FlagHeadersEndStream)
		more := bytes.Repeat([]byte{0x40, 1, 'x', 1, 'y'}, 3000) // x: y
		for range 20_000 {
			f.WriteContinuation(1, false, more)
			if !f.flush() {
				break
			}
		}
		f.over(t)
	}},
	{"a head of nothing that goes on for ever", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 1<<16).listen()
		f.ask(1, "/static/a", http2.FlagHeadersEndStream)
		for range 1_000_000 {
			f.WriteContinuation(1, false, nil)
			if f.out.Len() > 32<<10 && !f.flush() {
				break
			}
		}
		f.over(t)
	}},
	{"a head that expands", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 1<<16).listen()
		f.fields.Reset()
		f.coder.WriteField(hpack.HeaderField{Name: "x-large", Value: big[:4000]})
		f.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndStream, 1, bytes.Clone(f.fields.Bytes()))
		for range 1000 {
			f.WriteContinuation(1, false, bytes.Repeat([]byte{0xbe}, 16000)) // the same again
			if !f.flush() {
				break
			}
		}
		f.over(t)
	}},
	{"pings without reading", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 1<<16)
		f.conn.SetReadBuffer(4 << 10)
		for range 2_000_000 {
			f.WritePing(false, [8]byte{})
			if f.out.Len() > 32<<10 && !f.flush() {
				break
			}
		}
		f.conn.gone("pings")
	}},
	{"settings without reading", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 1<<16)
		f.conn.SetReadBuffer(4 << 10)
		for range 2_000_000 {
			f.WriteSettings()
			if f.out.Len() > 32<<10 && !f.flush() {
				break
			}
		}
		f.conn.gone("settings")
	}},
	{"streams without a window", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 0).listen()
		const streams = 50
		for id := uint32(1); id < 2*streams; id += 2 {
			f.ask(id, []string{"/big", "/big-pass", "/static/a"}[id%3], whole)
		}
		f.flush()
		for range streams {
			if reset, ok := receive(t, f).(*http2.RSTStreamFrame); !ok || reset.StreamID == 0 {
				t.Errorf("got %v, want the streams to be reset", reset)
			}
		}
		f.conn.Close()
	}},
	{"more streams than there may be", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 1<<16).listen()
		const more = 20
		for id := uint32(1); id < 2*(streams+more); id += 2 {
			f.ask(id, "/slow", whole)
		}
		f.flush()
		for range more {
			if reset, ok := receive(t, f).(*http2.RSTStreamFrame); !ok || reset.ErrCode != http2.ErrCodeRefusedStream && reset.ErrCode != http2.ErrCodeProtocol {
				t.Errorf("got %v, want the streams beyond the limit to be refused", reset)
			}
		}
		f.conn.Close()
	}},
	{"nothing after the preface", func(t testing.TB, e *harness.Edge) {
		f := newFlood(t, e, 1<<16)
		f.flush()
		f.conn.ended("silence after the preface")
	}},
	{"half a preface", func(t testing.TB, e *harness.Edge) {
		c := dial(t, e)
		c.send(http2.ClientPreface[:10])
		c.ended("half a preface")
	}},
}

// streams is limits.streams of the floods.
const streams = 60

// madeYouReset asks, and then makes a mistake for which the server resets the
// stream, again and again.
func madeYouReset(t testing.TB, e *harness.Edge, mistake func(f *flood, id uint32)) {
	f := newFlood(t, e, 1<<16).listen()
	for id := uint32(1); id < 40_000; id += 2 {
		f.ask(id, "/slow", whole)
		mistake(f, id)
		if id%64 == 1 && !f.flush() {
			break
		}
	}
	f.flush()
	f.over(t)
}

// receive takes the next frame that matters.
func receive(t testing.TB, f *flood) http2.Frame {
	select {
	case frame := <-f.got:
		return frame
	case <-f.ended:
		select {
		case frame := <-f.got:
			return frame
		default:
			t.Error("the connection has ended")
			return nil
		}
	}
}

// No flood has more requests under way than limits.streams, keeps memory, or holds
// up others; when it is over all is as it was.
func TestFloods(t *testing.T) {
	const growth = 128 << 20 // with garbage that is not collected yet
	t.Parallel()
	o := serve(t)
	e := run(t, o, "streams: 60, head_timeout: 10s, idle_timeout: 2s, stall_timeout: 1s")
	for _, path := range []string{"/big", "/static/a"} { // what others ask for are hits
		newClient(t, false).Get(t, e.URL(path))
	}
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			before, asked := e.ResidentBytes(t), o.asked.Load()
			stop := probe(t, e, "/static/a")
			most := watch(t, e)
			f.attack(t, e)
			if n := most(); n > streams {
				t.Errorf("%v requests were under way, want at most %d", n, streams)
			}
			stop()
			awaitMetric(t, e, none, "edge_requests_under_way")
			awaitMetric(t, e, none, "edge_connections")
			now := e.ResidentBytes(t)
			t.Logf("the origin was asked %d times; %d MiB resident, after %d", o.asked.Load()-asked, now>>20, before>>20)
			if now > before+growth {
				t.Error("what the flood took is not free again")
			}
		})
	}
}

// watch looks at the requests under way, until the function it returns is called,
// which says how many there were at most.
func watch(t testing.TB, e *harness.Edge) (stop func() float64) {
	done, seen := make(chan struct{}), make(chan float64)
	go func() { // ends with stop
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		var most float64
		for {
			if m, err := e.Metrics(); err == nil {
				most = max(most, m.Sum("edge_requests_under_way"))
			}
			select {
			case <-done:
				seen <- most
				return
			case <-tick.C:
			}
		}
	}()
	return func() float64 {
		close(done)
		return <-seen
	}
}
