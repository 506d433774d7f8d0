package proxy

import (
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/rfc9111"
)

// shared gives equal texts one memory: the lines that a policy adds to heads are
// mostly the same for all objects of a route.
type shared struct {
	mu    sync.Mutex // guards texts
	texts map[string]string
}

// sharedMax bounds the texts that are remembered; others have a memory of their
// own.
const sharedMax = 1024

// share returns a text equal to s.
func (l *live) share(s string) string {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	if old, ok := l.shared.texts[s]; ok {
		return old
	}
	if l.shared.texts == nil {
		l.shared.texts = make(map[string]string)
	}
	if len(l.shared.texts) < sharedMax {
		l.shared.texts[s] = s
	}
	return s
}

// dateCache formats the date once a second, whoever asks.
type dateCache struct{ now atomic.Pointer[dateText] }

type dateText struct {
	second int64 // since 1970
	text   []byte
}

// append appends t as an IMF-fixdate.
func (c *dateCache) append(dst []byte, t time.Time) []byte {
	d := c.now.Load()
	if d == nil || d.second != t.Unix() {
		d = &dateText{t.Unix(), rfc9111.AppendDate(nil, t)}
		c.now.Store(d)
	}
	return append(dst, d.text...)
}
