package policy

import (
	"slices"
	"testing"
)

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"stale", "stale", 0},
		{"stale", "", 5},
		{"stal", "stale", 1},
		{"sttale", "stale", 1},
		{"stalf", "stale", 1},
		{"satle", "stale", 1},
		{"mode", "warm", 4},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := distance(tt.b, tt.a); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	words := names(routeOptions)
	for word, want := range map[string]string{
		"revalidat":     "revalidate",
		"Revalidate":    "revalidate",
		"staleIfError":  "stale_if_error",
		"max-object":    "max_object",
		"heuristic":     "heuristics",
		"method":        "methods",
		"reval":         "revalidate",
		"directives":    "request_directives",
		"completely":    "",
		"x":             "",
		"stale_if_eror": "stale_if_error",
	} {
		if got := suggest(word, words); got != want {
			t.Errorf("suggest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestHasRoute(t *testing.T) {
	p := load(t, `version: 1
origin: {url: "http://o"}
routes:
  - {path: "/(shop)/products/[id]", mode: auto}
  - {path: /api/posts, mode: auto}
`)
	for pattern, want := range map[string]struct {
		meant string
		ok    bool
	}{
		"/products/[id]":   {"/products/[id]", true},
		"(default)":        {"(default)", true},
		"/prodcuts/[id]":   {"/products/[id]", false},
		"/products/[slug]": {"/products/[id]", false},
		"/api/posts/":      {"/api/posts", false},
		"/posts":           {"/api/posts", false},
		"default":          {"(default)", false},
		"/nothing/like/it": {"", false},
	} {
		if meant, ok := p.HasRoute(pattern); meant != want.meant || ok != want.ok {
			t.Errorf("HasRoute(%q) = %q, %v, want %q, %v", pattern, meant, ok, want.meant, want.ok)
		}
	}
}

// TestOtherWordsAreOptions shows that what the words of other tools stand for
// exists, and that none of them is an option itself.
func TestOtherWordsAreOptions(t *testing.T) {
	d := decoder{sections: sections()}
	for word, option := range otherWords {
		if d.homeOf(option, nil) == "" {
			t.Errorf("%s stands for %s, which is no option", word, option)
		}
		if d.homeOf(word, nil) != "" && !slices.Contains([]string{"max_age", "server_name", "protocol"}, word) {
			t.Errorf("%s is an option", word)
		}
	}
}
