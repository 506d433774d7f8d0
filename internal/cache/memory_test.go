package cache

import (
	"fmt"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"edge/internal/request"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newTestMemory returns a Memory that is closed when the test ends.
func newTestMemory(t testing.TB, o Options) *Memory {
	t.Helper()
	m := NewMemory(o)
	t.Cleanup(m.Close)
	return m
}

// newObject returns an object with this body, born at the memory's present
// generation.
func newObject(m *Memory, body string, tags ...string) *Object {
	return &Object{
		Head:   MakeHead(http.Header{"Content-Type": {"text/plain"}}),
		Body:   NewBody([][]byte{[]byte(body)}),
		ETag:   `"e"`,
		Labels: Labels{Tags: tags, Path: "/p", Place: &Place{Scheme: "https", Host: "a.test", Route: "/[x]"}},
		Born:   m.Generation(),
	}
}

// newView returns a view of a GET with these header fields, given in pairs.
func newView(t testing.TB, fields ...string) *request.View {
	t.Helper()
	r, err := http.NewRequest("GET", "https://a.test/p", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/p" // as a server has it
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	var v request.View
	if f := request.FromHTTP(&v, r, request.Conn{TLS: true}, &request.Rules{Names: request.NewNames()}); f != request.NoFault {
		t.Fatalf("FromHTTP: %v", f)
	}
	return &v
}

// lookup is a Lookup of a key without variants at the instant 0.
func lookup(m *Memory, key string) *Lookup {
	var l Lookup
	m.Lookup([]byte(key), &request.View{}, 0, &l)
	return &l
}

func TestStoreThenFind(t *testing.T) {
	for _, reject := range []bool{false, true} {
		t.Run(fmt.Sprintf("RejectAll=%v", reject), func(t *testing.T) {
			m := newTestMemory(t, Options{RejectAll: reject})
			for i := range 100 {
				key := fmt.Sprintf("key %d", i)
				o := newObject(m, key)
				if !m.Store(key, nil, o) {
					t.Fatalf("Store(%q) = false", key)
				}
				if l := lookup(m, key); l.State != Found || l.Object != o {
					t.Fatalf("Lookup(%q) after Store: %v %p, want the object %p", key, l.State, l.Object, o)
				}
			}
			s := m.Stats()
			if s.Objects != 100 {
				t.Errorf("Objects = %d, want 100", s.Objects)
			}
			if rejected := s.Rejections == 100; rejected != reject {
				t.Errorf("Rejections = %d with RejectAll %v", s.Rejections, reject)
			}
		})
	}
}
