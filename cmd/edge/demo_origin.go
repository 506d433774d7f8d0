package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// demoOrigin is the application behind "edge demo": the posts and config API of
// a documentation page. Every answer tells how often the handler has run and
// which cookie it saw, so that one can see what edge kept from it.
type demoOrigin struct {
	mu    sync.Mutex // guards the rest
	posts []demoPost
	runs  int
}

type demoPost struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// demoAnswer is what every handler answers with.
type demoAnswer struct {
	Posts  []demoPost `json:"posts,omitempty"`
	Config any        `json:"config,omitempty"`
	Query  string     `json:"query_the_handler_saw"`
	Cookie string     `json:"cookie_the_handler_saw"`
	Runs   int        `json:"handler_runs"`
}

func newDemoOrigin() *demoOrigin {
	return &demoOrigin{posts: []demoPost{{"1", "Caching, explained"}, {"2", "Edge cases"}}}
}

// handler routes as the application would.
func (d *demoOrigin) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/config", d.config)
	mux.HandleFunc("GET /api/posts", d.list)
	mux.HandleFunc("POST /api/posts", d.create)
	mux.HandleFunc("GET /api/posts/{id}", d.one)
	return mux
}

func (d *demoOrigin) config(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer(w, r, http.StatusOK, demoAnswer{Config: map[string]string{"theme": "light"}})
}

func (d *demoOrigin) list(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := strings.ToLower(r.URL.Query().Get("q"))
	var found []demoPost
	for _, p := range d.posts {
		if strings.Contains(strings.ToLower(p.Title), q) {
			found = append(found, p)
		}
	}
	d.answer(w, r, http.StatusOK, demoAnswer{Posts: found})
}

func (d *demoOrigin) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Title string `json:"title"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil || in.Title == "" {
		http.Error(w, `{"error":"send {\"title\": \"…\"}"}`, http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := demoPost{strconv.Itoa(len(d.posts) + 1), in.Title}
	d.posts = append(d.posts, p)
	d.answer(w, r, http.StatusCreated, demoAnswer{Posts: []demoPost{p}})
}

func (d *demoOrigin) one(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.posts {
		if p.ID == r.PathValue("id") {
			d.answer(w, r, http.StatusOK, demoAnswer{Posts: []demoPost{p}})
			return
		}
	}
	http.Error(w, `{"error":"no such post"}`, http.StatusNotFound)
}

// answer writes a, with what the handler saw of the request. d.mu is held.
func (d *demoOrigin) answer(w http.ResponseWriter, r *http.Request, status int, a demoAnswer) {
	d.runs++
	a.Runs, a.Query, a.Cookie = d.runs, r.URL.RawQuery, r.Header.Get("Cookie")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a) // the client may be gone
}
