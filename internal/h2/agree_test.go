package h2

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
)

// Whatever a client sends, it gets what net/http alone would say.

// seeds is how many connections TestAgree draws.
const seeds = 400

func TestAgree(t *testing.T) {
	hits, goAways := int64(0), 0
	for seed := range uint64(seeds) {
		h, o := checkAgree(t, seed)
		if hits += h; o.GoAway != "" {
			goAways++
		}
	}
	// A comparison of nothing would agree, too.
	if hits < 3*seeds || goAways < seeds/20 {
		t.Errorf("%d hits were answered here, and %d connections ended by errors", hits, goAways)
	}
}

func FuzzAgree(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { checkAgree(t, seed) })
}

// checkAgree draws a connection, and compares what comes with and without an Answerer.
func checkAgree(t *testing.T, seed uint64) (hits int64, got outcome) {
	t.Helper()
	hits, got = playAlone(t, seed, true)
	_, want := playAlone(t, seed, false)
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("seed %d (-net/http +h2)\n%.3000s", seed, d)
	}
	return hits, got
}

// playAlone plays in a bubble of its own: both begin at one instant.
func playAlone(t *testing.T, seed uint64, wrapped bool) (hits int64, o outcome) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, wrapped)
		defer w.stop()
		o, hits = w.play(seed), w.hits.Load()
		time.Sleep(time.Minute) // net/http lingers
	})
	return hits, o
}

// play is a client that does what seed says.
func (w *world) play(seed uint64) outcome {
	rng := rand.New(rand.NewPCG(seed, 2))
	c := w.dialWith(drawSettings(rng)...)
	defer c.close()
	c.credit(0, 1<<(12+rng.IntN(12)))
	if rng.IntN(4) > 0 {
		c.get("/first") // which lets the server begin
		c.flush(nil)
		synctest.Wait()
	}
	var posts []uint32
	for range 1 + rng.IntN(50) {
		posts = c.act(rng, posts)
		if rng.IntN(4) == 0 {
			c.flush(rng)
		}
		if rng.IntN(12) == 0 {
			c.flush(rng)
			synctest.Wait()
		}
	}
	for _, id := range posts {
		_ = c.framer.WriteData(id, true, []byte("the end"))
	}
	c.credit(0, 1<<24)
	for id := uint32(1); id < c.next; id += 2 {
		c.credit(id, 1<<20)
	}
	c.flush(rng)
	synctest.Wait()
	if rng.IntN(2) == 0 {
		breaks[rng.IntN(len(breaks))](c)
		c.flush(rng)
		synctest.Wait()
	}
	return c.outcome()
}

func drawSettings(rng *rand.Rand) (list []http2.Setting) {
	if rng.IntN(2) == 0 {
		list = append(list, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << rng.IntN(22)})
	}
	if rng.IntN(4) == 0 {
		list = append(list, http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1<<14 + uint32(rng.IntN(1<<20))})
	}
	if rng.IntN(8) == 0 {
		list = append(list, http2.Setting{ID: http2.SettingEnablePush, Val: 0})
	}
	return list
}

var agreePaths = []string{
	"/hit", "/hit?q=1", "/hit/100", "/hit/1000", "/hit/16384", "/hit/16385", "/hit/40000", "/hit/70000", "/hit/0", "/hit/10/404", "/hit/5/203",
	"/miss", "/miss/2", "/large/100", "/large/100000", "/other",
}

var agreeFields = [][2]string{
	{"accept", "*/*"}, {"accept-encoding", "gzip, br"}, {"cookie", "a=b"}, {"cookie", "c=d; e=f"}, {"user-agent", "test"}, {"x-long", strings.Repeat("long ", 300)},
	{"te", "trailers"}, {"range", "bytes=0-3"}, {"priority", "u=1, i"}, {"x-odd_name", " spaces "}, {"x-empty", ""}, {"x-tab", "a\tb"}, {"x-high", "caf\xc3\xa9"},
	{"content-length", "0"}, {"accept-language", "de"}, {"referer", "http://example.com/"}, {"if-none-match", `"v1"`}, {"sec-fetch-mode", "navigate"},
	{"cache-control", "no-cache"}, {"traceparent", "00-11111111111111111111111111111111-2222222222222222-01"},
}

// act does something that the protocol allows.
func (c *client) act(rng *rand.Rand, posts []uint32) []uint32 {
	var fields []string
	for range rng.IntN(6) {
		f := agreeFields[rng.IntN(len(agreeFields))]
		fields = append(fields, f[0], f[1])
	}
	path := agreePaths[rng.IntN(len(agreePaths))]
	switch rng.IntN(16) {
	case 0:
		posts = append(posts, c.open("POST", path, false)) // a length would have to be kept
	case 1:
		if len(posts) > 0 {
			_ = c.framer.WriteDataPadded(posts[0], false, []byte("some"), make([]byte, rng.IntN(9)))
		}
	case 2:
		if len(posts) > 0 {
			_ = c.framer.WriteHeaders(http2.HeadersFrameParam{
				StreamID: posts[0], BlockFragment: c.encode("x-trailer", "t"), EndStream: true, EndHeaders: true,
			})
			posts = posts[1:]
		}
	case 3:
		_ = c.framer.WritePing(false, [8]byte{1})
	case 4:
		c.settings(drawSettings(rng)...)
	case 5:
		c.credit(0, 1+uint32(rng.IntN(1<<16)))
	case 6:
		if c.next > 1 {
			c.credit(1+2*uint32(rng.IntN(int(c.next/2))), 1+uint32(rng.IntN(1<<16)))
		}
	case 7:
		_ = c.framer.WritePriority(c.next, http2.PriorityParam{Weight: 3})
	case 8:
		c.openInParts(rng, path, fields)
	case 9:
		c.open("HEAD", path, true, fields...)
	default:
		c.get(path, fields...)
	}
	return posts
}

// openInParts opens a stream with a header block in several frames, the first padded and
// with a priority.
func (c *client) openInParts(rng *rand.Rand, path string, fields []string) {
	before := c.out.Len()
	stream := c.get(path, fields...)
	block := bytes.Clone(c.out.Bytes()[before+headBytes:])
	c.out.Truncate(before)
	n := rng.IntN(len(block) + 1)
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: block[:n], EndStream: true,
		PadLength: uint8(rng.IntN(20)), Priority: http2.PriorityParam{Weight: uint8(rng.IntN(2))},
	})
	for block = block[n:]; ; block = block[n:] {
		n = rng.IntN(len(block) + 1)
		_ = c.framer.WriteContinuation(stream, n == len(block), block[:n])
		if n == len(block) {
			return
		}
	}
}

// breaks are things that end the connection, a stream, or only a request.
var breaks = []func(c *client){
	func(c *client) {
		c.raw(kindHeaders, flagEndHeaders|flagEndStream, 0, c.encode(":method", "GET"))
	},
	func(c *client) {
		c.raw(kindHeaders, flagEndHeaders|flagEndStream, c.next+1, c.encode(":method", "GET"))
	},
	func(c *client) { c.raw(kindHeaders, flagEndHeaders|flagEndStream, c.next, []byte{0x80}) },
	func(c *client) { c.raw(kindHeaders, flagEndHeaders|flagEndStream, c.next, []byte{0x40}) },
	func(c *client) { c.raw(kindHeaders, flagEndHeaders|flagPadded, c.next, []byte{9, 0}) },
	func(c *client) { c.raw(kindHeaders, flagEndHeaders|flagPadded, c.next, nil) },
	func(c *client) { c.raw(kindHeaders, flagEndHeaders|flagPriority, c.next, []byte{0, 0}) },
	func(c *client) {
		c.raw(kindHeaders, flagEndHeaders|flagEndStream, 1, c.encode(":method", "GET"))
	},
	func(c *client) { // on the stream before
		c.raw(kindHeaders, flagEndHeaders|flagEndStream, max(c.next, 3)-2, c.encode(":method", "GET"))
	},
	func(c *client) {
		c.raw(kindContinuation, flagEndHeaders, c.next, c.encode(":method", "GET"))
	},
	func(c *client) {
		c.raw(kindHeaders, 0, c.next, c.encode(":method", "GET"))
		_ = c.framer.WritePing(false, [8]byte{})
	},
	func(c *client) {
		c.raw(kindHeaders, 0, c.next, c.encode(":method", "GET"))
		c.raw(kindContinuation, flagEndHeaders, c.next+2, nil)
	},
	func(c *client) { c.raw(kindData, 0, c.next, []byte("data")) },
	func(c *client) { c.raw(kindData, 0, 0, []byte("data")) },
	func(c *client) { c.raw(kindWindowUpdate, 0, 0, []byte{0, 0, 0, 0}) },
	func(c *client) { c.raw(kindWindowUpdate, 0, 0, []byte{0x7f, 0xff, 0xff, 0xff}) },
	func(c *client) { c.raw(kindWindowUpdate, 0, 0, []byte{0, 1}) },
	func(c *client) { c.raw(kindWindowUpdate, 0, c.next, []byte{0, 0, 0, 1}) },
	func(c *client) { c.raw(kindRSTStream, 0, c.next, []byte{0, 0, 0, 1}) },
	func(c *client) { c.raw(kindRSTStream, 0, 1, []byte{0, 0, 1}) },
	func(c *client) { c.raw(kindSettings, 0, 0, []byte{0, 4, 0xff}) },
	func(c *client) { c.raw(kindSettings, 0, 0, []byte{0, 4, 0xff, 0xff, 0xff, 0xff}) },
	func(c *client) { c.raw(kindSettings, 0, 0, []byte{0, 2, 0, 0, 0, 7}) },
	func(c *client) { c.raw(kindSettings, 0, 1, nil) },
	func(c *client) { c.raw(kindSettings, flagAck, 0, []byte{0, 2, 0, 0, 0, 7}) },
	func(c *client) { c.raw(kindPushPromise, flagEndHeaders, 1, []byte{0, 0, 0, 2}) },
	func(c *client) { c.raw(0x77, 0xff, 3, []byte("unknown")) },
	func(c *client) { c.out.Write(frame{size: 1<<20 + 1}.append(nil)) },
	func(c *client) { // a list beyond what there may be
		c.get("/hit", "x-large", strings.Repeat("x", testHeader))
	},
	func(c *client) {
		c.get("/hit", strings.Split(strings.Repeat("x-many,many,", 900)+"x,y", ",")...)
	},
	func(c *client) { c.get("/hit", "Upper", "case") },
	func(c *client) { c.get("/hit", "connection", "close") },
	func(c *client) { c.get("/hit", "x", "two\r\nlines: 1") },
	func(c *client) { c.get("/hit", "x y", "1") },
	func(c *client) { c.get("/hit", "", "1") },
	func(c *client) { c.get("/hit", ":path", "/hit/1") },
	func(c *client) { c.get("/hit", "x", "1", ":path", "/hit/1") },
	func(c *client) { c.get("/hit", ":unknown", "1") },
	func(c *client) { c.get("/hit", "host", "other.example") },
	func(c *client) { c.get("/hit", "transfer-encoding", "chunked") },
	func(c *client) { c.get("/hit", "te", "gzip") },
	func(c *client) { c.get("hit") },
	func(c *client) { c.get("") },
	func(c *client) { c.get("/hit /hit") },
	func(c *client) { c.get("http://example.com/hit") },
	func(c *client) { c.open("G T", "/hit", true) },
	func(c *client) { c.get("/hit", "content-length", "5") },
	func(c *client) { c.get("/hit", "expect", "100-continue") },
}

// raw writes a frame as it is.
func (c *client) raw(kind, flags uint8, stream uint32, payload []byte) {
	c.out.Write(append(frame{len(payload), kind, flags, stream}.append(nil), payload...))
}
