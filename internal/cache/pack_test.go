package cache

import (
	"net/http"
	"testing"
	"unsafe"
)

// TestSetTexts stores objects whose texts were set for a key: they are what MakeHead
// makes, and are copied again only for another key, or where they have a gap.
func TestSetTexts(t *testing.T) {
	head := http.Header{"Content-Type": {"text/html"}, "Link": {"b", "a"}, "Age": {"1"}}
	odd := http.Header{"Link": {"b", "a\r\nEvil: 1"}}
	for name, c := range map[string]struct {
		key, path, stored string
		head              http.Header
		copied            bool
	}{
		"as they are":          {"http a.test /p", "/p", "http a.test /p", head, false},
		"a path apart":         {"key", "/p", "key", head, false},
		"under another key":    {"key", "/p", "other key", head, true},
		"a value was left out": {"http a.test /p", "/p", "http a.test /p", odd, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := newTestMemory(t, Options{})
			o := &Object{Body: NewBody([][]byte{[]byte("o")}), Labels: Labels{Path: c.path, Place: &Place{Host: "a.test"}}}
			o.SetTexts(c.key, c.head, []byte(`"tag"`))
			before := unsafe.StringData(o.ETag)
			if !m.Store(c.stored, nil, o) {
				t.Fatal("Store = false")
			}
			got := lookup(m, c.stored).Object
			if got != o || o.ETag != `"tag"` || o.Labels.Path != c.path || string(o.Head.Raw()) != string(MakeHead(c.head).Raw()) {
				t.Errorf("found %+v", got)
			}
			if copied := unsafe.StringData(o.ETag) != before; copied != c.copied {
				t.Errorf("copied by Store: %v, want %v", copied, c.copied)
			}
		})
	}
}
