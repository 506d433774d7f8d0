package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"slices"
	"strings"

	"edge/internal/request"
)

// answers compiles respond and redirect.
func (b *routeCompiler) answers() {
	respond, redirect := b.conf.Respond, b.conf.Redirect
	if redirect != nil {
		if respond != nil && !respond.Off {
			b.reject("redirect", "keep one of them", "a route either responds or redirects")
		}
		b.redirect(redirect)
		return
	}
	if respond != nil && !respond.Off {
		b.respond(respond)
	}
}

// redirect compiles redirect.
func (b *routeCompiler) redirect(c *RedirectConf) {
	option := "redirect"
	if _, ok := b.written.Places["redirect.to"]; ok {
		option = "redirect.to"
	}
	t, f := parseRedirection(c.To, b.route.ParamNames)
	if f != nil {
		b.failWith(b.at(option), f)
		return
	}
	t.status = given(c.Status, http.StatusTemporaryRedirect)
	t.keep = c.Query != "drop"
	if b.leadsBack(t) {
		b.reject(option, "redirect to another path, or limit the route with hosts to the ones that are left", "%s is redirected to itself", b.route.Pattern)
	}
	b.route.redirection = t
}

// leadsBack reports whether a redirect is to the route itself, as far as can be
// said of all requests.
func (b *routeCompiler) leadsBack(t *redirection) bool {
	if t.path.text != b.route.Pattern {
		return false
	}
	host := b.hosts.bare(t.host())
	switch {
	case t.site == "":
		return true
	case b.route.Hosts != nil:
		return slices.Contains(b.route.Hosts, host)
	}
	return b.hosts.limited() && b.hosts.allows(host)
}

// bodiless are the statuses of answers that have no body, and besides statuses
// that mean nothing without a request for them.
var (
	bodiless = []int{http.StatusNoContent, http.StatusResetContent}
	unasked  = []int{http.StatusPartialContent, http.StatusNotModified}
)

// respond compiles respond.
func (b *routeCompiler) respond(c *RespondConf) {
	a := &FixedAnswer{Status: given(c.Status, http.StatusOK)}
	a.except = b.compiler.networks(c.ExceptFrom, func(i int) Place { return b.at(item("respond.except_from", i)) })
	hasBody := c.Body != nil || c.File != ""
	switch redirects := a.Status >= 300 && a.Status < 400 && a.Status != http.StatusNotModified; {
	case redirects:
		b.reject("respond.status", "write redirect: {to: …, status: …}", "respond with %d sends nobody anywhere", a.Status)
	case slices.Contains(unasked, a.Status):
		b.reject("respond.status", "", "%d answers nobody who has not asked for it", a.Status)
	case hasBody && slices.Contains(bodiless, a.Status):
		b.reject("respond.status", "remove body and file", "answers with status %d have no body", a.Status)
	case c.Body != nil && c.File != "":
		b.reject("respond.file", "keep one of them", "respond has both body and file")
	}
	if a.Problem = a.Status >= http.StatusBadRequest && !hasBody; a.Problem && c.Headers != nil {
		b.reject("respond.headers", `write body: "" for an answer without any`,
			"respond without a body answers as edge answers its own errors, which have their own headers")
	}
	a.Body = b.files[c.File]
	if c.Body != nil {
		a.Body = []byte(*c.Body)
	}
	if len(a.Body) > maxDocument {
		b.reject("respond.body", "let an origin serve what is large", "body has more than %s", formatSize(maxDocument))
	}
	b.answerFields(a, c)
	b.route.Respond = a
}

// answerFields makes the head of a fixed answer: what is written, and what an
// answer needs besides.
func (b *routeCompiler) answerFields(a *FixedAnswer, c *RespondConf) {
	written := b.fieldRules("respond.headers", &FieldRuleSet{Set: c.Headers}).Set
	has := func(name string) bool {
		return slices.ContainsFunc(written, func(f request.Field) bool { return f.Name == name })
	}
	add := func(name, value string) {
		if !has(name) {
			a.Fields = append(a.Fields, request.Field{Name: name, Value: value})
		}
	}
	if c.Body != nil || c.File != "" {
		kind := contentType(c.File)
		if kind == "" && !has("Content-Type") {
			b.reject("respond.file", "write headers: {content-type: …}", "nobody can tell from %q what type its content has", c.File)
		}
		add("Content-Type", kind)
	}
	if a.Status == http.StatusOK {
		sum := sha256.Sum256(a.Body)
		add("Etag", `"`+hex.EncodeToString(sum[:8])+`"`)
	}
	add("Cache-Control", a.controlOf())
	a.Fields = append(a.Fields, written...)
}

// contentTypes are the types of what is worth answering by oneself, by extension.
// The system's table would make the same policy mean different things.
var contentTypes = map[string]string{
	"":      "text/plain; charset=utf-8", // body
	".txt":  "text/plain; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".htm":  "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".mjs":  "text/javascript; charset=utf-8",
	".json": "application/json",
	".xml":  "application/xml",
	".svg":  "image/svg+xml",
	".ico":  "image/x-icon",
	".png":  "image/png",
	".jpg":  "image/jpeg",
	".jpeg": "image/jpeg",
	".gif":  "image/gif",
	".webp": "image/webp",
	".pdf":  "application/pdf",
	".wasm": "application/wasm",

	".webmanifest": "application/manifest+json",
}

// contentType is the type of a file's content by its name, or of a body's
// without one; "" for nobody knows.
func contentType(file string) string {
	extension := strings.ToLower(path.Ext(file))
	if file != "" && extension == "" {
		return ""
	}
	return contentTypes[extension]
}
