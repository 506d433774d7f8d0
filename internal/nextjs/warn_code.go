package nextjs

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// warnCode tells what the source of a handler shows to be wrong, or not to do
// what it looks like.
func (p *project) warnCode(h *handlerCode) []Warning {
	if h == nil {
		return nil
	}
	if h.unreadable != nil {
		return []Warning{unreadable(h.file, h.unreadable, "the route is force-dynamic; write one for it in the policy")}
	}
	list := h.warnings
	if len(h.methods) == 0 {
		list = append(list, warnAt(h.file, "export GET, POST or another method", "it exports no method"))
	}
	for _, name := range configNames {
		if c, ok := h.config[name]; ok && !c.known {
			list = append(list, at(c.at, "write a plain value", "%s is computed: Next.js wants a value that it can read without running code", name))
		}
	}
	if w, ok := p.warnUncached(h); ok {
		list = append(list, w)
	}
	return list
}

// warnUncached tells of a GET that Next.js will not cache though nothing says
// that it is not to.
func (p *project) warnUncached(h *handlerCode) (Warning, bool) {
	get := h.methods[http.MethodGet]
	dynamic, revalidate := h.config["dynamic"], h.config["revalidate"]
	if get == nil || dynamic.text == "force-dynamic" || revalidate.text == "0" || h.computed() {
		return Warning{}, false
	}
	switch writes := h.writes(); {
	case dynamic.text == "force-static" && len(writes) > 0:
		return at(dynamic.at, "move "+strings.Join(writes, ", ")+" to a file of its own, or let edge cache GET",
			"force-static beside %s: Next.js never caches this GET", strings.Join(writes, ", ")), true
	case dynamic.text == "force-static":
		return Warning{}, false
	case get.readsRequest() && p.mayBeStatic(h):
		return at(get.at, "let edge cache it by what it reads", "Next.js does not cache this GET: it reads %s", firstReads(get.reads)), true
	case h.onEdgeRuntime():
		return at(get.at, "leave out runtime, or let edge cache it", "Next.js does not cache this GET: nothing on its edge runtime is rendered ahead"), true
	case !p.mayBeStatic(h) && !p.cacheComponents():
		return at(get.at, "export one of them, or dynamic = 'force-dynamic' to say that it is meant",
			"Next.js does not cache this GET: since version 15 it wants dynamic = 'force-static' or 'error', revalidate, or generateStaticParams"), true
	}
	return Warning{}, false
}

// computed reports whether a constant that decides is not one.
func (h *handlerCode) computed() bool {
	for _, name := range configNames {
		if c, ok := h.config[name]; ok && !c.known {
			return true
		}
	}
	return false
}

// unreadable is a warning of a source that cannot be read.
func unreadable(file string, err error, hint string) Warning {
	at, text := Position{}, err.Error()
	var e sourceError
	if errors.As(err, &e) {
		at, text = e.at, e.text
	}
	return Warning{file, max(at.Line, 1), at.Column, "the source cannot be read: " + text, hint}
}

// cacheComponents reports whether Next.js decides by what code does, whatever
// it exports.
func (p *project) cacheComponents() bool { return p.built != nil && p.built.config.CacheComponents }

// firstReads names some of the reads.
func firstReads(reads []Read) string {
	const most = 3
	var list []string
	for _, r := range reads {
		if len(list) == most {
			list = append(list, "more")
			break
		}
		list = append(list, r.short())
	}
	return strings.Join(list, ", ")
}

// at is a warning at a place.
func at(p Position, hint, format string, args ...any) Warning {
	return Warning{p.File, p.Line, p.Column, fmt.Sprintf(format, args...), hint}
}

// warnBeside tells of handlers with a page beside them.
func warnBeside(files map[string]string) []Warning {
	both := beside(files)
	var list []Warning
	for _, file := range sortedKeys(both) {
		list = append(list, Warning{File: file, Line: 1, Message: "there is a page beside it (" + both[file] + "): Next.js builds one or the other", Hint: "move one of them"})
	}
	return list
}
