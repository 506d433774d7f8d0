package nextjs

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatcherOfSource(t *testing.T) {
	const usual = `/((?!api|_next/static|_next/image|favicon.ico).*)`
	for _, test := range []struct {
		source, pattern string
		want            bool
	}{
		{"/about", "/about", true},
		{"/about", "/about/us", false},
		{"/about", "/About", true}, // rules of next.config ignore case
		{"/about/:path*", "/about", true},
		{"/about/:path*", "/about/a/[id]", true},
		{"/about/:path+", "/about", false},
		{"/about/:path?", "/about/a/b", false},
		{"/:path", "/a", true},
		{"/:path", "/a/b", false},
		{"/:path", "/[...rest]", true},
		{"/a/:id(\\d+)", "/a/12", true},
		{"/a/:id(\\d+)", "/a/b", false},
		{"/a/:id(\\d+)", "/a/[id]", true},
		{"/:locale(en|de)/x", "/fr/x", false},
		{"/:locale(en|de)/x", "/[lang]/x", true},
		{"/api/items/special", "/api/items/[id]", true},
		{"/api/items/special", "/api/items/[id]/more", false},
		{"/api/items/special", "/api/[[...all]]", true},
		{"/api", "/api/[[...all]]", true},
		{"/", "/[[...all]]", true},
		{"/x", "/api/[[...all]]", false},
		{usual, "/", true},
		{usual, "/dashboard", true},
		{usual, "/api/posts", false},
		{usual, "/api/posts/[id]", false},
		{usual, "/apiary", false}, // the expression says so
		{usual, "/[slug]", true},
		{usual, "/favicon.ico", false},
		{"/((?!api/.*).*)", "/api", true},
		{"/((?!api/.*).*)", "/api/x", false},
		{"/((?!public$).*)", "/public", false},
		{"/((?!public$).*)", "/publicity", true},
		{"/((?!en).*)", "/[lang]", true},
		{"/(.*)", "/anything/[at]/all", true},
		{"/((?=a).*)", "/b", true}, // towards yes
		{"/{a}", "/b", true},       // not understood
		{"/(\\bx)", "/b", true},    // not understood
		{"no slash", "/b", true},
		{"/caf%C3%A9", "/café", true}, // either spelling
	} {
		if got := matcherOfSource(test.source).mayMatch(test.pattern); got != test.want {
			t.Errorf("%s, %s: got %t, want %t", test.source, test.pattern, got, test.want)
		}
	}
}

// The expressions of a real build say the same as what they were made of.
func TestMatcherOfBuiltRegexp(t *testing.T) {
	const built = `^(?:\/(_next\/data\/[^/]{1,}))?\/mw(?:\/((?:[^\/#\?]+?)(?:\/(?:[^\/#\?]+?))*))?(\.json|\.rsc|\.segments\/.+\.segment\.rsc)?[\/#\?]?$`
	for pattern, want := range map[string]bool{
		"/mw": true, "/mw/a": true, "/mw/[x]/b": true, "/mwa": false, "/a/mw": false, "/[x]": true,
	} {
		if got := matcherOfRegexp(built).mayMatch(pattern); got != want {
			t.Errorf("%s: got %t, want %t", pattern, got, want)
		}
	}
}

// Without lookahead and parameters the matcher says what Go's expressions say.
func TestMatcherAgreesWithRegexp(t *testing.T) {
	yes, no := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text := anyRegexp(t, 3)
		if rapid.Bool().Draw(t, "start") {
			text = "^" + text
		}
		if rapid.Bool().Draw(t, "end") {
			text += "$"
		}
		path := "/" + rapid.StringMatching(`[ab/]{0,6}`).Draw(t, "path")
		want := regexp.MustCompile("(?i)" + text).MatchString(path)
		if got := matcherOfRegexp(text).mayMatch(path); got != want {
			t.Fatalf("%s, %s: got %t, want %t", text, path, got, want)
		}
		if want {
			yes++
		} else {
			no++
		}
	})
	if yes*20 < no || no*20 < yes {
		t.Errorf("%d matches and %d others: the generator is lopsided", yes, no)
	}
}

func anyRegexp(t *rapid.T, depth int) string {
	atoms := []string{"a", "b", `\/`, ".", "[ab]", "[^a]", `[\/b]`, `\w`, `\W`, "[a-c]"}
	switch pick := rapid.IntRange(0, 5).Draw(t, "kind"); {
	case depth == 0 || pick == 0:
		return rapid.SampledFrom(atoms).Draw(t, "atom")
	case pick <= 2:
		return anyRegexp(t, depth-1) + anyRegexp(t, depth-1)
	case pick == 3:
		return "(?:" + anyRegexp(t, depth-1) + "|" + anyRegexp(t, depth-1) + ")"
	default:
		quantifier := rapid.SampledFrom([]string{"*", "+", "?", "+?", "{1,2}", "{2}", "{1,}"}).Draw(t, "quantifier")
		return "(" + anyRegexp(t, depth-1) + ")" + quantifier
	}
}

// What a pattern's own paths match, the pattern may match.
func TestMatcherOfPatternCoversItsPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := "^" + anyRegexp(t, 3) + "$"
		segments := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab"}), 1, 3).Draw(t, "segments")
		path := "/" + strings.Join(segments, "/")
		pattern := make([]string, len(segments))
		for i, s := range segments {
			pattern[i] = rapid.SampledFrom([]string{s, "[x]"}).Draw(t, "as")
		}
		if matcherOfRegexp(text).mayMatch(path) && !matcherOfRegexp(text).mayMatch("/"+strings.Join(pattern, "/")) {
			t.Fatalf("%s matches %s but not /%s", text, path, strings.Join(pattern, "/"))
		}
	})
}
