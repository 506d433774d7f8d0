package policy

import (
	"strings"
	"unicode/utf8"
)

// ErrorPages are pages by status, or by its first digit for all of a class. Nil
// has none. It is read-only.
type ErrorPages map[int]ErrorPage

// ErrorPage is one page: HTML in UTF-8.
type ErrorPage struct {
	// File is where it is from, as it is written.
	File string
	Body []byte
}

// Of returns the page for an error status, and false when there is none.
func (p ErrorPages) Of(status int) (ErrorPage, bool) {
	page, ok := p[status]
	if !ok {
		page, ok = p[status/100]
	}
	return page, ok
}

// Intercepts reports whether an answer of the origin with this status may be
// given to clients with another body: it then depends on Accept.
func (r *Route) Intercepts(status int) bool {
	if status < 400 || !r.InterceptErrors {
		return false
	}
	_, ok := r.ErrorPages.Of(status)
	return ok
}

// PrefersHTML reports whether who sends these lines of Accept would rather have
// HTML than a document for programs (RFC 9110 section 12.5.1): it names
// text/html, with more weight than any kind of JSON it names. Ranges with a
// wildcard say nothing: programs send them as well.
func PrefersHTML(accept []string) bool {
	page, program := 0, 0
	for _, line := range accept {
		for value, q := range members(line) {
			kind, _, _ := strings.Cut(value, ";")
			switch kind = strings.ToLower(strings.TrimSpace(kind)); {
			case kind == "text/html":
				page = max(page, q)
			case kind == "application/json", strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"):
				program = max(program, q)
			}
		}
	}
	return page > program
}

// errorPages compiles error_pages and intercept_errors.
func (b *routeCompiler) errorPages() {
	r := b.route
	for _, conf := range b.conf.ErrorPages {
		text, ok := b.files[conf.File]
		option := "error_pages." + conf.Status
		switch {
		case !ok: // a problem already
			continue
		case len(text) == 0:
			b.reject(option, "write a page into it", "%s is empty", conf.File)
		case !utf8.Valid(text):
			b.reject(option, "save it as UTF-8", "%s is not text in UTF-8", conf.File)
		}
		if r.ErrorPages == nil {
			r.ErrorPages = ErrorPages{}
		}
		r.ErrorPages[statusOrClass(conf.Status)] = ErrorPage{conf.File, text}
	}
	r.InterceptErrors = given(b.conf.InterceptErrors, false)
	if b.written.InterceptErrors != nil && r.InterceptErrors && b.conf.ErrorPages == nil && !b.written.answersAlone() {
		b.reject("intercept_errors", "write error_pages, here or in defaults", "intercept_errors has no pages to give instead")
	}
}

// statusOrClass is the number of a key of error_pages: that of "5xx" is 5.
func statusOrClass(key string) int {
	number := 0
	for _, digit := range strings.TrimSuffix(key, "xx") {
		number = 10*number + int(digit-'0') // reading has let digits through only
	}
	return number
}
