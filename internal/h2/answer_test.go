package h2

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Hits are answered here, all else by net/http, on one connection.
func TestMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		first := c.get("/first")
		c.flush(nil)
		synctest.Wait()
		hit, miss, post, again, head, gone := c.get("/hit"), c.get("/miss"), c.open("POST", "/hit", false), c.get("/hit/20000"),
			c.open("HEAD", "/hit/100", true), c.get("/hit/10/404")
		_ = c.framer.WriteData(post, true, []byte("body"))
		c.flush(nil)
		synctest.Wait()
		got := c.outcome().Streams
		for id, want := range map[uint32]string{
			first: "GET /first", hit: "hit ", miss: "GET /miss", post: `POST /hit map`, again: "0123456789abcdef0123", head: "", gone: "0123456789",
		} {
			if r := got[id]; !strings.HasPrefix(r.Body, want) || !r.Ended || r.Reset != "" {
				t.Errorf("stream %d: %+.200v, want %q", id, r, want)
			}
		}
		if n := len(got[again].Body); n != 20000 {
			t.Errorf("%d bytes came of 20000", n)
		}
		if !strings.Contains(got[head].Fields, "content-length: 100") {
			t.Errorf("HEAD: %s", got[head].Fields)
		}
		if hits, handled := w.hits.Load(), w.handled.Load(); hits != 4 || handled != 3 {
			t.Errorf("%d hits were answered here and %d requests by net/http, want 4 and 3", hits, handled)
		}
	})
}

// What a browser sends first comes in one piece with its settings: net/http's are the
// first frame all the same.
func TestSettingsComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		id := c.get("/hit")
		c.flush(nil)
		synctest.Wait()
		if c.first != kindSettings || !c.outcome().Streams[id].Ended {
			t.Errorf("the first frame is %v, and the answer %+v", c.first, c.outcome())
		}
	})
}

// A connection with nothing but hits does not rest.
func TestHitsKeepTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		for range 20 {
			id := c.get("/hit")
			c.flush(nil)
			time.Sleep(testIdle / 4)
			if r := c.outcome().Streams[id]; !r.Ended || c.outcome().GoAway != "" {
				t.Fatalf("%+v %s", r, c.outcome().GoAway)
			}
		}
		if w.hits.Load() < 5 {
			t.Errorf("%d hits of 20 were answered here", w.hits.Load())
		}
		time.Sleep(testIdle + time.Second)
		if c.outcome().GoAway != "NO_ERROR" {
			t.Errorf("after the idle timeout: %q", c.outcome().GoAway)
		}
	})
}

// A panic of the clerk ends its connection, and no other.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		bad, good := w.dial(), w.dial()
		defer good.close()
		for _, c := range []*client{bad, good} {
			c.get("/first")
			c.flush(nil)
		}
		synctest.Wait()
		bad.get("/panic")
		bad.flush(nil)
		<-bad.done
		bad.close()
		id := good.get("/hit")
		good.flush(nil)
		synctest.Wait()
		if !good.outcome().Streams[id].Ended || w.panics.Load() != 1 {
			t.Errorf("%+v after %d panics", good.outcome(), w.panics.Load())
		}
	})
}

// While Open says no, net/http answers.
func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		c.get("/first")
		c.flush(nil)
		synctest.Wait()
		w.open.Store(false)
		id := c.get("/hit")
		c.flush(nil)
		synctest.Wait()
		if !c.outcome().Streams[id].Ended || w.hits.Load() != 0 {
			t.Errorf("%+v, %d hits answered here", c.outcome(), w.hits.Load())
		}
	})
}
