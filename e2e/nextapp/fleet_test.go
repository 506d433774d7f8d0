//go:build nextapp

package nextapp

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
)

// fleet is two replicas of the application behind two edges, one Redis for all
// of them, and the CMS that the application reads.
type fleet struct {
	redis    *harness.Redis
	replicas [2]string
	edges    [2]*site
	edition  atomic.Int64
	hold     atomic.Pointer[hold] // nil unless an answer of the CMS is to wait
}

// hold keeps one answer of the CMS back.
type hold struct{ asked, answer chan struct{} }

// startFleet starts all of it. Revalidations are told to the first edge alone;
// the others hear of them from the log.
func startFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{redis: harness.RunRedis(t)}
	f.edition.Store(100)
	cms := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		edition := f.edition.Load()
		if h := f.hold.Swap(nil); h != nil {
			close(h.asked)
			select {
			case <-h.answer:
			case <-r.Context().Done(): // the test has failed
			}
		}
		fmt.Fprint(w, edition)
	}))
	t.Cleanup(cms.Close)
	way, open := wayToAdmin(t)
	for i := range f.replicas {
		f.replicas[i] = startNext(t, "EDGE_URL="+way, "EDGE_REDIS="+f.redis.URL(), "CMS_URL="+cms.URL)
	}
	env := []string{"ORIGIN_A=" + f.replicas[0], "ORIGIN_B=" + f.replicas[1], "REDIS=" + f.redis.URL()}
	for i := range f.edges {
		edge := harness.Run(t, harness.Options{Args: []string{"-c", "edge-fleet.yaml"}, Env: append(env, fmt.Sprint("NODE=", i))})
		f.edges[i] = &site{edge: edge, Client: harness.NewClient()}
	}
	open(f.edges[0].edge)
	f.connected(t)
	return f
}

// wayToAdmin is an address that leads to the admin listener of an edge which is
// started later: edge is asked for its origin first.
func wayToAdmin(t *testing.T) (at string, open func(*harness.Edge)) {
	t.Helper()
	var admin atomic.Pointer[url.URL]
	way := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(pr *httputil.ProxyRequest) { pr.SetURL(admin.Load()) }})
	t.Cleanup(way.Close)
	return way.URL, func(e *harness.Edge) {
		to, err := url.Parse(e.AdminURL(""))
		if err != nil {
			t.Fatal(err)
		}
		admin.Store(to)
	}
}

func (f *fleet) connected(t *testing.T) {
	t.Helper()
	harness.Await(t, "both edges follow the log", func() bool {
		for _, s := range f.edges {
			m, err := s.edge.Metrics()
			if err != nil || m.Sum("edge_fleet_connected") != 1 {
				return false
			}
		}
		return true
	})
}

// publish makes the CMS have a new edition and returns it as pages show it.
func (f *fleet) publish() string { return fmt.Sprint("edition ", f.edition.Add(1)) }

// revalidate is what the CMS then tells one of the replicas.
func (f *fleet) revalidate(t *testing.T, replica int, wish string) {
	t.Helper()
	c := harness.NewClient()
	defer c.Close()
	res := c.Send(t, http.MethodPost, f.replicas[replica]+"/api/revalidate", wish, "content-type: application/json")
	if res.Status != http.StatusOK {
		t.Fatalf("replica %d: status %d: %s", replica, res.Status, res.Body)
	}
}

// news are all the ways in which an edge shows the edition: a page, the same for
// the router, a page of a parameter, a handler.
func (s *site) news(t *testing.T) []string {
	t.Helper()
	texts := []string{
		s.Get(t, s.edge.URL("/news")).Body, s.reads(t, "/news").Body, s.Get(t, s.edge.URL("/news/first")).Body,
		s.Get(t, s.edge.URL("/api/news")).Body,
	}
	for i, text := range texts {
		texts[i] = bare(text)
	}
	return texts
}

// bare has the edition in one piece: React puts a comment between text and value in
// documents, quotes in RSC, and the handler answers with an object.
func bare(text string) string {
	return strings.NewReplacer("<!-- -->", "", `","`, "", `",`, "", `{"n":`, "edition ").Replace(text)
}

// shows reports whether an edge shows an edition everywhere.
func (s *site) shows(t *testing.T, edition string) bool {
	t.Helper()
	return !slices.ContainsFunc(s.news(t), func(text string) bool { return !strings.Contains(text, edition) })
}

// A revalidation in one replica is seen on every edge, in every form of what it
// made old, whichever replica the edges ask then; and what was old never comes
// back.
func TestARevalidationIsSeenOnEveryEdge(t *testing.T) {
	f := startFleet(t)
	var took []time.Duration
	for round := range 8 {
		for _, s := range f.edges {
			s.news(t)
		}
		wish := `{"tag":"news"}`
		if round%4 == 3 {
			wish = `{"tag":"news","profile":"max"}`
		}
		edition := f.publish()
		began := time.Now()
		f.revalidate(t, round%2, wish)
		for i, s := range f.edges {
			harness.Await(t, fmt.Sprintf("round %d: edge %d shows %s", round, i, edition), func() bool { return s.shows(t, edition) })
		}
		if round%4 != 3 {
			took = append(took, time.Since(began))
		}
		for i, s := range append(f.edges[:], f.edges[:]...) {
			if !s.shows(t, edition) {
				t.Errorf("round %d: edge %d shows something older again than %s: %.300q", round, i%2, edition, s.news(t))
			}
		}
	}
	slices.Sort(took)
	t.Logf("revalidateTag in one replica until four answers of each of two edges are new: median %v, longest %v of %d", took[len(took)/2], took[len(took)-1], len(took))
}

// The replicas themselves agree as well: no edge can be filled with what another
// replica still has.
func TestReplicasAgree(t *testing.T) {
	f := startFleet(t)
	c := harness.NewClient()
	shown := func(replica int) string { return c.Get(t, f.replicas[replica]+"/api/news").Body }
	for round := range 6 {
		shown(0)
		shown(1)
		f.publish()
		want := fmt.Sprintf(`{"n":%d}`, f.edition.Load())
		f.revalidate(t, round%2, `{"tag":"news"}`)
		// Next.js makes its own note behind the answer, and tells the others then.
		harness.Await(t, "the replica that was told shows it", func() bool { return shown(round%2) == want })
		harness.Await(t, "the other one shows it", func() bool { return shown(1-round%2) == want })
	}
}

// What a replica began to render before a revalidation, and ends after it, is kept
// neither by the replica nor by an edge, also where it was given to who asked
// after the purge: Next.js has all who ask meanwhile wait for one render.
func TestWhatIsRenderedMeanwhileIsNotKept(t *testing.T) {
	f := startFleet(t)
	for round := range 4 {
		slow, told := round%2, 1-round%2
		for _, s := range f.edges {
			s.news(t)
		}
		f.publish()
		h := &hold{make(chan struct{}), make(chan struct{})}
		f.hold.Store(h)
		f.revalidate(t, told, `{"tag":"news"}`)
		var asking sync.WaitGroup
		asking.Go(func() { f.askUntil(t, slow, h.asked) })
		<-h.asked
		ask(t, f.replicas[told]+"/api/news") // both have the edition before in these
		ask(t, f.replicas[slow]+"/news/first")
		edition := f.publish()
		f.revalidate(t, told, `{"tag":"news"}`)
		shows := func(replica int, path string) func() bool {
			return func() bool { return strings.Contains(bare(ask(t, f.replicas[replica]+path)), edition) }
		}
		harness.Await(t, "the replica that was told shows it", shows(told, "/api/news"))
		harness.Await(t, "the slow one has heard of it", shows(slow, "/news/first"))
		for _, s := range append(f.edges[:], f.edges[:]...) {
			asking.Go(func() { ask(t, s.edge.URL("/api/news")) })
		}
		close(h.answer)
		asking.Wait()
		for i, s := range f.edges {
			harness.Await(t, fmt.Sprintf("round %d: edge %d shows %s", round, i, edition), func() bool { return s.shows(t, edition) })
		}
		for _, path := range []string{"/news", "/news/first", "/api/news"} {
			harness.Await(t, fmt.Sprintf("round %d: the slow replica shows %s at %s", round, edition, path), shows(slow, path))
		}
	}
}

// askUntil asks a replica for what shows the edition, until a channel is closed.
func (f *fleet) askUntil(t *testing.T, replica int, closed <-chan struct{}) {
	for {
		ask(t, f.replicas[replica]+"/api/news")
		select {
		case <-closed:
			return
		default:
		}
	}
}

// ask is the text at a URL; it may be called from any goroutine of a test.
func ask(t *testing.T, url string) string {
	c := harness.NewClient()
	defer c.Close()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	res, err := c.Do(req)
	if err != nil {
		t.Error(err)
	}
	return res.Body
}

// Draft mode that was begun at one edge is for its editor at the other, and for
// nobody else at either.
func TestDraftModeInAFleet(t *testing.T) {
	f := startFleet(t)
	res, _ := f.edges[0].send(t, http.MethodPost, "/api/draft", "", 200, passed)
	cookie, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
	if !strings.HasPrefix(cookie, "__prerender_bypass=") {
		t.Fatalf("the cookie is %q", cookie)
	}
	for round := range 4 {
		for i, s := range f.edges {
			public, _ := s.get(t, "/drafts", 200, nil)
			editor, _ := s.get(t, "/drafts", 200, passed, "cookie: "+cookie)
			if strings.Contains(public.Body, "nobody may see") || !strings.Contains(editor.Body, "What nobody may see yet") {
				t.Errorf("round %d, edge %d: the public sees %.200q, the editor %.200q", round, i, public.Body, editor.Body)
			}
		}
	}
}

// Without its Redis the site goes on, and so do revalidations when it is back.
func TestTheFleetGoesOnWithoutRedis(t *testing.T) {
	f := startFleet(t)
	for _, s := range f.edges {
		s.news(t)
	}
	f.redis.Kill()
	edition := f.publish()
	f.revalidate(t, 0, `{"tag":"news"}`)
	harness.Await(t, "the edge that was told asks again", func() bool {
		return strings.Contains(f.edges[0].Get(t, f.edges[0].edge.URL("/news")).Header.Get("Cache-Status"), "fwd=")
	})
	for i, s := range f.edges {
		if res := s.Get(t, s.edge.URL("/news")); res.Status != 200 || !strings.Contains(res.Body, "News") {
			t.Errorf("edge %d: %d %.200q", i, res.Status, res.Body)
		}
	}
	if err := f.redis.Start(); err != nil {
		t.Fatal(err)
	}
	f.connected(t)
	for i, s := range f.edges {
		harness.Await(t, fmt.Sprintf("edge %d shows %s", i, edition), func() bool { return s.shows(t, edition) })
	}
}
