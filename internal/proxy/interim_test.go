package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// interimWriter is a client that gets informational responses, and takes them only
// when it may.
type interimWriter struct {
	http.ResponseWriter
	may chan struct{} // closed when the client reads
	got []string      // the Link of each
}

func (w *interimWriter) WriteHeader(status int) {
	if status >= 200 {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	<-w.may
	w.got = append(w.got, w.Header().Get("Link"))
}

// hinting is an origin that sends early hints, and its answer a second later.
func hinting(links ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
			for _, link := range links {
				trace.Got1xxResponse(http.StatusEarlyHints, textproto.MIMEHeader{"Link": {link}, "Set-Cookie": {"a=b"}})
			}
		}
		time.Sleep(time.Second)
		return response(200, "hello", "Cache-Control: max-age=60"), nil
	}
}

// ask sends a GET as a client that takes informational responses when may is
// closed. The channel is closed with the answer.
func (r *rig) ask(path string, may chan struct{}) (*interimWriter, *httptest.ResponseRecorder, chan struct{}) {
	recorder := httptest.NewRecorder()
	w, done := &interimWriter{ResponseWriter: recorder, may: may}, make(chan struct{})
	go func() {
		defer close(done)
		req := httptest.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://example.com"+path, nil)
		req.RequestURI = path
		r.proxy.ServeHTTP(w, req)
	}()
	return w, recorder, done
}

// Early hints of a fetch reach the client who began it, in order and before the
// answer; who joins gets none. A client that does not take them holds up nobody
// but itself.
func TestInterimResponsesOfAFetch(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.answers(hinting("one", "two"))
		may, open := make(chan struct{}), make(chan struct{})
		close(open)
		leader, leaderGot, leads := r.ask("/a", may)
		synctest.Wait()
		follower, followerGot, follows := r.ask("/a", open)
		<-follows
		if followerGot.Body.String() != "hello" || follower.got != nil {
			t.Errorf("who joined got %q after %q", followerGot.Body, follower.got)
		}
		synctest.Wait()
		if leaderGot.Body.Len() > 0 {
			t.Errorf("the answer overtook the hints: %q", leaderGot.Body)
		}
		close(may)
		<-leads
		if want := []string{"one", "two"}; !slices.Equal(leader.got, want) || leaderGot.Body.String() != "hello" || leaderGot.Header().Get("Link") != "" {
			t.Errorf("who began the fetch got %q and %v %q", leader.got, leaderGot.Header(), leaderGot.Body)
		}
		r.wantAsked(1)
	})
}

// Hints without end are dropped, not kept.
func TestInterimResponsesAreBounded(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.answers(hinting(slices.Repeat([]string{"x"}, 1000)...))
		may := make(chan struct{})
		w, _, done := r.ask("/a", may)
		time.Sleep(2 * time.Second)
		close(may)
		<-done
		if n := len(w.got); n == 0 || n > 20 {
			t.Errorf("%d of 1000 hints were kept for a client that did not read", n)
		}
	})
}
