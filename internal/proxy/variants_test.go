package proxy_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

// A herd whose answers vary costs one request for each variant, however long the
// answers take and whatever the store keeps; and nobody gets another's.
func TestAHerdOfVariants(t *testing.T) {
	const herd = 100
	languages := []string{"de", "fr", "en", "it", "es", "pt"}
	language := func(i int) []string { return []string{"Accept-Language: " + languages[i%len(languages)]} }
	for _, body := range []time.Duration{0, 10 * time.Second} {
		for _, reject := range []bool{false, true} {
			for name, prepare := range map[string]func(*rig){
				"cold":            func(*rig) {},
				"one is stored":   func(r *rig) { r.get("/a", "Accept-Language: nl") },
				"all are stale":   func(r *rig) { r.herd(len(languages), "/a", language); time.Sleep(time.Hour) },
				"all were purged": func(r *rig) { r.herd(len(languages), "/a", language); r.purge(cache.Selector{All: true}) },
				"purged while asked": func(r *rig) {
					r.begin("/a", "Accept-Language: de")
					time.Sleep(time.Second / 2)
					r.purge(cache.Selector{All: true})
				},
			} {
				t.Run(fmt.Sprintf("%s/body=%v/RejectAll=%v", name, body, reject), func(t *testing.T) {
					newRigWith(t, config(""), cache.Options{Bytes: 64 << 20, RejectAll: reject}, func(r *rig) {
						r.origin.answers(func(q *http.Request) (*http.Response, error) {
							time.Sleep(time.Second)
							text := strings.Repeat(q.Header.Get("Accept-Language")+" ", 100)
							res := response(200, text, "Vary: Accept-Language", "Cache-Control: max-age=60")
							if body > 0 {
								out, in := io.Pipe()
								go func() {
									io.WriteString(in, text[:10])
									time.Sleep(body)
									io.WriteString(in, text[10:])
									in.Close()
								}()
								res.Body = out
							}
							return res, nil
						})
						prepare(r)
						before := r.origin.requests()
						for i, a := range r.herd(herd, "/a", language) {
							if want := strings.Repeat(languages[i%len(languages)]+" ", 100); a.body != want || a.broken {
								t.Errorf("%s got %v", languages[i%len(languages)], a)
							}
						}
						if got := r.origin.requests() - before; got != len(languages) {
							t.Errorf("the origin was asked %d times for %d variants", got, len(languages))
						}
						synctest.Wait()
					})
				})
			}
		}
	}
}

// Who was not meant by one fetch and waits for another has one time to wait for
// both.
func TestCollapseWaitIsForAllRounds(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		frenchAsked := make(chan time.Duration, 10)
		began := time.Now()
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			language := q.Header.Get("Accept-Language")
			if language == "fr" {
				frenchAsked <- time.Since(began)
				time.Sleep(time.Minute)
			} else {
				time.Sleep(3 * time.Second)
			}
			return response(200, language, "Vary: Accept-Language", "Cache-Control: max-age=60"), nil
		})
		_, ended := r.begin("/a", "Accept-Language: de")
		synctest.Wait()
		for i, a := range r.herd(3, "/a", func(int) []string { return []string{"Accept-Language: fr"} }) {
			if a.body != "fr" {
				t.Errorf("%d got %v", i, a)
			}
		}
		<-ended
		close(frenchAsked)
		var asked []time.Duration
		for after := range frenchAsked {
			asked = append(asked, after)
		}
		if want := []time.Duration{3 * time.Second, 5 * time.Second, 5 * time.Second}; !slices.Equal(asked, want) {
			t.Errorf("the origin was asked for the second variant after %v, want %v", asked, want)
		}
	})
}

// Whatever the origin says of Vary, and changes its mind about, while requests come
// and go and purges fall: everybody gets an answer that was made for the values of
// its own that its Vary names.
func TestNobodyGetsAnothersVariant(t *testing.T) {
	names := []string{"Accept-Language", "X-Kind", "Accept-Encoding"}
	shared := 0
	for seed := range uint64(60) {
		newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
			rng := rand.New(rand.NewPCG(seed, 9110))
			var mu sync.Mutex
			draw := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return rng.IntN(n)
			}
			usual := names[draw(3):]
			r.origin.answers(func(q *http.Request) (*http.Response, error) {
				time.Sleep(time.Duration(draw(3000)) * time.Millisecond)
				vary := usual
				if draw(4) == 0 {
					vary = names[:draw(4)]
				}
				control := []string{"max-age=60", "max-age=60", "max-age=1"}[draw(3)]
				if draw(40) == 0 {
					control = "private"
				}
				fields := []string{"Cache-Control: " + control, "Vary: " + strings.Join(vary, ", ")}
				text := ""
				for _, name := range names {
					text += q.Header.Get(name) + "|"
				}
				res := response(200, text, fields...)
				if draw(2) == 0 {
					out, in := io.Pipe()
					go func() {
						io.WriteString(in, text[:1])
						time.Sleep(2 * time.Second)
						io.WriteString(in, text[1:])
						in.Close()
					}()
					res.Body = out
				}
				return res, nil
			})
			var wg sync.WaitGroup
			for range 150 {
				wg.Go(func() {
					time.Sleep(time.Duration(draw(8000)) * time.Millisecond)
					values := []string{[]string{"de", "fr"}[draw(2)], []string{"a", "b"}[draw(2)], []string{"br", "gzip"}[draw(2)]}
					var fields []string
					for i, name := range names {
						fields = append(fields, name+": "+values[i])
					}
					a := r.get("/a", fields...)
					got := strings.Split(a.body, "|")
					if a.status != 200 || a.broken || len(got) != 4 {
						t.Errorf("seed %d: %v got %v", seed, values, a)
						return
					}
					for i, name := range names {
						if strings.Contains(a.header.Get("Vary"), name) && got[i] != values[i] {
							t.Errorf("seed %d: %v got %v", seed, values, a)
						}
					}
				})
			}
			wg.Go(func() {
				for range 3 {
					time.Sleep(time.Duration(draw(3000)) * time.Millisecond)
					r.purge(cache.Selector{Paths: []string{"/a"}, Soft: draw(2) == 0})
				}
			})
			wg.Wait()
			shared += 150 - r.origin.requests()
			synctest.Wait()
		})
	}
	if shared < 60*150/2 {
		t.Errorf("%d of %d answers were shared: this shows little", shared, 60*150)
	}
}
