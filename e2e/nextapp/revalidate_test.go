//go:build nextapp

package nextapp

import (
	"net/http"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// revalidate is what a CMS does.
func (s *site) revalidate(t *testing.T, wish string) {
	t.Helper()
	s.send(t, http.MethodPost, "/api/revalidate", wish, 200, passed, "content-type: application/json")
}

func TestAnswersCarryTheirTagsToEdgeAlone(t *testing.T) {
	s := startPreset(t)
	for _, path := range []string{"/api/news", "/news", "/news/first"} {
		for range 2 {
			res, _ := s.get(t, path, 200, nil)
			for _, name := range []string{"Cache-Tag", "X-Next-Cache-Tags"} {
				if got := res.Header.Get(name); got != "" {
					t.Errorf("%s: the client sees %s: %s", path, name, got)
				}
			}
		}
		s.get(t, path, 200, hit)
		if err := s.edge.Purge(`{"tags":["news"]}`); err != nil {
			t.Fatal(err)
		}
		s.get(t, path, 200, []string{"!; hit"})
	}
}

// What a revalidation reaches is not served again, and what comes instead is new:
// Next.js has forgotten it as well, also where its own tags say another path.
// Next.js sends the revalidations of a handler on behind its answer.
func TestRevalidationReachesEdge(t *testing.T) {
	for _, c := range []struct{ name, wish, path string }{
		{"a tag, in a handler", `{"tag":"news"}`, "/api/news"},
		{"a tag, in a page", `{"tag":"news"}`, "/news"},
		{"the path of a handler", `{"path":"/api/news"}`, "/api/news"},
		{"the path of a page", `{"path":"/news"}`, "/news"},
		{"the leaf of a handler", `{"path":"/api/pages/[slug]","type":"page"}`, "/api/pages/x"},
		{"a page of a segment", `{"path":"/news/[slug]","type":"page"}`, "/news/first"},
		{"a layout", `{"path":"/","type":"layout"}`, "/news/second"},
		{"the destination of a rewrite", `{"path":"/news/third"}`, "/latest/third"},
		{"a path with a slash at its end", `{"path":"/news/"}`, "/news"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startPreset(t)
			s.get(t, c.path, 200, nil)
			old, _ := s.get(t, c.path, 200, hit)
			asked := s.seen.Count(c.path)
			s.revalidate(t, c.wish)
			harness.Await(t, c.path+" is new", func() bool {
				res, _ := s.get(t, c.path, 200, nil)
				return res.Body != old.Body && s.seen.Count(c.path) > asked
			})
		})
	}
}

func TestATagIsRevalidatedSoftly(t *testing.T) {
	s := startPreset(t)
	s.get(t, "/news", 200, nil)
	s.get(t, "/news", 200, hit)
	asked := s.seen.Count("/news")
	s.revalidate(t, `{"tag":"news","profile":"max"}`)
	stale := false
	harness.Await(t, "/news was served stale and refreshed", func() bool {
		res, _ := s.get(t, "/news", 200, hit)
		stale = stale || strings.Contains(res.Header.Get("Cache-Status"), "detail=soft-purged")
		return stale && s.seen.Count("/news") > asked
	})
	// The first that Next.js answers is the old one, which it marks: it is not
	// taken for new.
	harness.Await(t, "edge asks again until the answer is new", func() bool {
		s.get(t, "/news", 200, hit)
		return s.seen.Count("/news") > asked+1
	})
}

// An action changes the page it stands on: what it answers is not stored, and
// the page is not served as it was.
func TestServerActionsPass(t *testing.T) {
	s := startPreset(t)
	page, _ := s.get(t, "/guestbook", 200, nil)
	s.get(t, "/guestbook", 200, hit)
	field := between(t, page.Body, `name="`, "$ACTION_ID_", `"`)
	const boundary = "edge"
	body := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + field + "\"\r\n\r\n\r\n" +
		"--" + boundary + "\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nann\r\n--" + boundary + "--\r\n"
	res, _ := s.send(t, http.MethodPost, "/guestbook", body, 200, passed,
		"content-type: multipart/form-data; boundary="+boundary, "origin: "+s.edge.URL(""))
	if !strings.Contains(res.Body, "ann") {
		t.Errorf("the action answers %.300s", res.Body)
	}
	after, _ := s.get(t, "/guestbook", 200, []string{"!; hit"})
	if !strings.Contains(after.Body, "ann") {
		t.Errorf("the page is %.300s", after.Body)
	}
}

// The application goes on when there is no edge to tell.
func TestADeadEdgeHoldsNothingUp(t *testing.T) {
	s := startWith(t, "edge-preset.yaml", startNext(t, "EDGE_URL=http://127.0.0.1:1", "EDGE_PATIENCE=50"))
	s.revalidate(t, `{"tag":"news"}`)
	s.get(t, "/api/news", 200, nil)
}
