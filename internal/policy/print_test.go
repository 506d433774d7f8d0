package policy

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"edge/internal/rfc9111"
)

// TestPrintReadsForAnyConfig prints policies with all sorts of text in them.
func TestPrintReadsForAnyConfig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkPrintReads(t, anyConfig(t), nil)
	})
}

// oddText is text that YAML, the expansion of variables or a printer could
// trip over.
func oddText(t *rapid.T) string {
	return rapid.OneOf(
		rapid.StringMatching(`[ -~]{1,12}`),
		rapid.StringN(1, 8, -1).Filter(func(s string) bool {
			_, err := checkLine(s)
			return err == nil && s != ""
		}),
		rapid.SampledFrom([]string{
			"true", "no", "null", "~", "5", "1e3", "0x1f", "2001-01-01", "5m", "*", "- a", "a: b", "a #b", "#", "&a", "!t",
			"${A}", "$$", "$", "'", `"`, `\`, "[a]", "{a}", "<<", "---", "...", " a ", "\u00a0", "\ufeff", "\u2028", "é", "日本", "🙂", "|", ">", "@", "`", "%",
		}),
	).Draw(t, "text")
}

// distinctTexts is a list of different texts, or nil.
func distinctTexts(t *rapid.T, least int) []string {
	texts := rapid.SliceOfNDistinct(rapid.Custom(oddText), least, 4, rapid.ID[string]).Draw(t, "texts")
	if len(texts) == 0 {
		return nil
	}
	return texts
}

// maybe is a value or its absence.
func maybe[T any](t *rapid.T, make func() T) *T {
	if !rapid.Bool().Draw(t, "written") {
		return nil
	}
	value := make()
	return &value
}

func anyDuration(t *rapid.T) time.Duration {
	return rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 1_000_000), func(n int) time.Duration { return time.Duration(n) * time.Second }),
		rapid.Map(rapid.IntRange(0, 5_000), func(n int) time.Duration { return time.Duration(n) * time.Millisecond }),
		rapid.Just(rfc9111.Forever),
	).Draw(t, "duration")
}

func anyConfig(t *rapid.T) *Config {
	c := &Config{
		Version:    1,
		Hosts:      distinctTexts(t, 0),
		Origin:     &OriginConf{Name: "default", URL: oddText(t)},
		Cache:      CacheConf{Generation: oddText(t), Memory: maybe(t, func() int64 { return rapid.Int64Range(0, 1<<50).Draw(t, "size") })},
		Defaults:   RouteConf{Stale: maybe(t, func() time.Duration { return anyDuration(t) })},
		DrainDelay: maybe(t, func() time.Duration { return time.Second }),
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "routes") {
		c.Routes = append(c.Routes, anyRoute(t, i))
	}
	return c
}

func anyRoute(t *rapid.T, i int) RouteConf {
	r := RouteConf{
		// The paths differ so that the routes do.
		Path:       "/" + strconv.Itoa(i) + "/" + strings.ReplaceAll(oddText(t), "/", ""),
		Layer:      "file",
		Tags:       distinctTexts(t, 0),
		Targets:    rapid.SampledFrom([][]string{nil, {}, {"CDN-Cache-Control"}}).Draw(t, "targets"),
		Revalidate: maybe(t, func() time.Duration { return anyDuration(t) }),
		Jitter:     maybe(t, func() float64 { return rapid.Float64Range(0, 1).Draw(t, "share") }),
		Key:        maybe(t, func() KeyConf { return anyKey(t) }),
		Browser:    maybe(t, func() BrowserConf { return BrowserConf{Origin: true} }),
		Warm:       maybe(t, func() bool { return rapid.Bool().Draw(t, "warm") }),
		Request:    maybe(t, func() FieldRuleSet { return FieldRuleSet{Set: []ConstField{{"x-a", oddText(t)}}} }),
	}
	if rapid.Bool().Draw(t, "withhold") {
		r.Withhold = &KeyConf{Tracking: true, HasQuery: true, Query: []KeyItem{{Name: oddText(t)}}}
	}
	if rapid.Bool().Draw(t, "params") {
		r.Params = &ParamsConf{ByName: map[string][]string{"id": distinctTexts(t, 1)}}
	}
	return r
}

// anyKey is a key in which each kind has been written or not.
func anyKey(t *rapid.T) KeyConf {
	k := KeyConf{HasCookies: true, Cookies: []KeyItem{}} // a key says something
	for i, name := range distinctTexts(t, 0) {
		item := KeyItem{Name: name}
		if i%2 == 1 && !strings.Contains(name, "${") { // variables are not expanded in keys
			item.Values = distinctTexts(t, 1)
		}
		k.Cookies = append(k.Cookies, item)
	}
	if rapid.Bool().Draw(t, "query") {
		k.HasQuery, k.Query = true, []KeyItem{{Name: oddText(t)}}
	}
	return k
}
