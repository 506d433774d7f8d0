package proxy_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// httpDate writes a date in one of the three forms, mostly the first.
func httpDate(rng *rand.Rand, t time.Time) string {
	layout := http.TimeFormat
	switch rng.IntN(10) {
	case 0:
		layout = "Monday, 02-Jan-06 15:04:05 GMT"
	case 1:
		layout = time.ANSIC
	}
	return t.UTC().Format(layout)
}

// noDates are no dates, though some parsers take them.
var noDates = []string{
	"0", "-1", "", "tomorrow", "Sat, 1 Jan 2050 00:00:00 GMT", "Sat, 01 Jan 2050 00:00:00 +0000",
	"Sat, 01 Jan 2050 00:00:00 CET", "Sat, 01 Jan 2050 00:00:00", "2050-01-01T00:00:00Z",
	"Sat, 01 Jan 2050 24:61:00 GMT", "Sat, 01 Jan 2050 00:00 GMT", "Sat, 01 Jan 2050 00:00:00 GMT x",
}

// describe writes the fields of an answer about a version.
func (o *modelOrigin) describe(c *contact, v *version) {
	h, rng := c.answered, o.rng
	h.Set("Content-Type", "text/plain")
	h.Set("X-Version", v.name)
	h.Set("X-Extra", fmt.Sprint("extra ", c.id))
	if v.etag != "" {
		h.Set("Etag", v.etag)
	}
	if v.modified != "" {
		h.Set("Last-Modified", v.modified)
	}
	o.control(h)
	o.times(h, c.got)
	o.vary(h, c)
	if oneIn(rng, 25) {
		h.Set("Set-Cookie", "session="+v.name)
	}
	if oneIn(rng, 20) {
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "only for the next")
	}
}

// times writes Date, Age and Expires.
func (o *modelOrigin) times(h http.Header, now time.Time) {
	rng := o.rng
	shift := time.Duration(0)
	switch rng.IntN(16) {
	case 0:
		shift = -time.Duration(rng.IntN(100)) * time.Second
	case 1:
		shift = time.Duration(rng.IntN(100)) * time.Second
	}
	switch rng.IntN(30) {
	case 0:
		h.Set("Date", pick(rng, noDates...))
	case 1, 2:
	default:
		h.Set("Date", httpDate(rng, now.Add(shift)))
	}
	switch rng.IntN(40) {
	case 0, 1, 2, 3:
		h.Set("Age", fmt.Sprint(rng.IntN(30)))
	case 4:
		h.Set("Age", pick(rng, "0", "007", "3600", "2147483648", "99999999999", "99999999999999999999999"))
	case 5:
		h["Age"] = pick(rng, []string{"-1"}, []string{"x"}, []string{"1.5"}, []string{""}, []string{"0, 0"}, []string{"0", "0"}, []string{"0, 3600"}, []string{"3600", "0"}, []string{"x, 5"}, []string{", 5"}, []string{"1 2"}, []string{"+5"})
	}
	switch rng.IntN(8) {
	case 0:
		h.Set("Expires", httpDate(rng, now.Add(shift+time.Duration(rng.IntN(600))*time.Second)))
	case 1:
		switch rng.IntN(5) {
		case 0:
			h.Set("Expires", pick(rng, noDates...))
		case 1:
			h.Add("Expires", httpDate(rng, now.Add(600*time.Second)))
			h.Add("Expires", httpDate(rng, now.Add(time.Duration(rng.IntN(1200))*time.Second)))
		case 2:
			h.Add("Expires", httpDate(rng, now.Add(600*time.Second)))
			h.Add("Expires", pick(rng, noDates...))
		}
	}
}

// varyOf is what resources vary on, by their path.
var varyOf = map[string]string{
	"/plain": "", "/steady": "", "/coding": "Accept-Encoding", "/language": "accept-language",
	"/kind": "X-Kind", "/two": "Accept-Encoding, X-Kind",
}

func (o *modelOrigin) vary(h http.Header, c *contact) {
	v := varyOf[c.path()]
	switch o.rng.IntN(60) {
	case 0:
		v = pick(o.rng, "*", "X-Kind, *", "a b", "*,", "X Kind", "Accept-Encoding;q=1")
	case 1:
		v = pick(o.rng, "", "X-Kind", "accept-encoding,x-kind")
	}
	if a, b, ok := strings.Cut(v, ","); ok && oneIn(o.rng, 2) {
		h["Vary"] = []string{strings.TrimSpace(a), strings.TrimSpace(b)}
		return
	}
	if v != "" {
		h.Set("Vary", v)
	}
}

// oddControls are Cache-Control fields as they should not be; each element is
// the lines of one.
var oddControls = [][]string{
	{"max-age=abc"}, {"max-age=-5"}, {"max-age=1.5"}, {"max-age"}, {"max-age="}, {`max-age="60"`}, {"max-age='60'"},
	{"max-age = 60"}, {"max-age= 60"}, {"max-age =60"}, {"max-age=60 public"}, {"max-age=60;public"}, {"max-age=0060"},
	{"max-age=60, max-age=20"}, {"max-age=20, max-age=60"}, {"max-age=20", "max-age=60"}, {"max-age=0, max-age=0"},
	{"max-age=60, max-age=abc"}, {"max-age=99999999999"}, {"max-age=99999999999999999999999"}, {"max-age=2147483648"},
	{"s-maxage=abc, max-age=60"}, {"s-maxage=0, max-age=60"}, {"max-age=60, s-maxage=20, s-maxage=40"}, {`s-maxage="20"`},
	{`ext="max-age=60"`}, {`ext="a, max-age=60, b"`}, {`ext="no-store", max-age=60`}, {`ext="a\"b, c", max-age=60`},
	{"MAX-AGE=60"}, {"Max-Age=60, Public"}, {"max-age=60,,, ,public,"}, {",max-age=60"}, {"max-age=60\t"}, {"x-max-age=60"},
	{"max-age=60", "NO-STORE"}, {"No-Store"}, {"no-store=1, max-age=60"}, {`no-store="x", max-age=60`}, {"PRIVATE, max-age=60"},
	{"max-age=60, private"}, {`private="x-extra", max-age=60`}, {`private="x-absent", max-age=60`}, {"private=x-extra, max-age=60"},
	{`private="set-cookie", max-age=60`}, {`no-cache="x-other, Set-Cookie", max-age=60`},
	{`no-cache="x-extra", max-age=60`}, {`no-cache="x-absent", max-age=60`}, {"no-cache=x-extra, max-age=60"}, {"no-cache, max-age=60"},
	{"max-age=60", "no-cache"}, {"max-age=60, unknown=1"}, {"pre-check=0, post-check=0, max-age=60"}, {"maxage=60"},
	{"max-age=60, must-understand"}, {"max-age=60, must-understand, no-store"}, {"max-age=60, stale-while-revalidate=x"},
	{"max-age=5, stale-if-error=x"}, {"max-age=5, stale-while-revalidate=30, stale-while-revalidate=5"}, {"stale-while-revalidate=60"},
	{"max-age=0, stale-while-revalidate=60"}, {"max-age=5, stale-if-error=0"}, {"", "max-age=60"}, {"max-age==60"}, {"=60, max-age=30"},
}

// targetedControls are CDN-Cache-Control fields, good and bad.
var targetedControls = []string{
	"max-age=60", "max-age=5", "no-store", "private, max-age=60", "max-age=60, public", "max-age=30, must-revalidate",
	`max-age="60"`, "max-age=60, &&&", "", "max-age=60;x=1", "no-cache", "max-age=?1", "max-age=5, stale-while-revalidate=60",
	"Max-Age=60", "max-age = 60", "no-store=?0, max-age=60", "s-maxage=40, max-age=5",
}

// control writes Cache-Control, and now and then a targeted field.
func (o *modelOrigin) control(h http.Header) {
	rng := o.rng
	age := "max-age=" + pick(rng, "1", "5", "20", "60", "60", "300", "300", "600")
	value := age
	switch n := rng.IntN(100); {
	case n < 30:
	case n < 36:
		value = "s-maxage=" + pick(rng, "5", "60", "300") + pick(rng, "", ", "+age)
	case n < 44:
		return // Expires may be there
	case n < 48:
		value = pick(rng, "no-cache", "no-cache, "+age, "max-age=0")
	case n < 54:
		value = pick(rng, "no-store", "private", "private, "+age, "no-store, "+age, "no-store, no-cache, must-revalidate")
	case n < 60:
		value += pick(rng, ", must-revalidate", ", proxy-revalidate", ", must-revalidate, stale-while-revalidate=60", ", proxy-revalidate, stale-if-error=60")
	case n < 83:
		value += pick(rng, ", stale-while-revalidate=", ", stale-if-error=", ", s-maxage=10, stale-while-revalidate=", ", s-maxage=10, stale-if-error=") +
			pick(rng, "5", "60", "600", "3600")
	case n < 87:
		value = "public, " + value
	default:
		h["Cache-Control"] = slices.Clone(pick(rng, oddControls...))
	}
	if h["Cache-Control"] == nil {
		h.Set("Cache-Control", value)
	}
	if oneIn(rng, 20) {
		h.Set("Cdn-Cache-Control", pick(rng, targetedControls...))
	}
}
