package policy

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// respondOptions are the options of respond.
var respondOptions = []optionOf[RespondConf]{
	option("status", optional(whole("503", 200, 599)), func(r *RespondConf) **int { return &r.Status }, "200",
		"The status. Redirects are written with redirect."),
	option("body", optional(prose()), func(r *RespondConf) **string { return &r.Body }, "",
		"The body. Without it and without file, an error status is answered as edge answers its own errors: with a problem document, or a page of error_pages."),
	option("file", text("the name of a file", "maintenance.html"), func(r *RespondConf) *string { return &r.File }, "",
		"A file with the body, instead of body; relative to the policy file, at most 1MiB, and read again when it changes."),
	option("headers", constants("{content-type: text/plain}"), func(r *RespondConf) *[]ConstField { return &r.Headers }, "",
		"Response fields. Without content-type, the file's extension decides; a body is text/plain. Without cache-control, caches may keep the answer and have to ask each time; errors, and all answers of a route with except_from, are no-store."),
	option("except_from", textList("a list of networks", "[10.0.0.0/8, 192.0.2.7]"), func(r *RespondConf) *[]string { return &r.ExceptFrom }, "",
		"Networks whose clients do not get this answer, but what the route does without it: for maintenance. A client's address is that of the connection, or the one that a trusted proxy names."),
}

// redirectOptions are the options of redirect.
var redirectOptions = []optionOf[RedirectConf]{
	need(option("to", text("a path or a URL", "/new/[id]"), func(r *RedirectConf) *string { return &r.To }, "",
		"A path of the same site, or an http or https URL. [id] stands for the parameter of that name in path, query or fragment, escaped so that it stays what it is; never in the host.")),
	option("status", optional(redirectStatus()), func(r *RedirectConf) **int { return &r.Status }, "307",
		"307 and 308 keep the method, 301 and 308 are for good: browsers remember them."),
	option("query", oneOf("keep", "drop"), func(r *RedirectConf) *string { return &r.Query }, "keep",
		"keep appends the query of the request, but for parameters that to itself has."),
}

// respondShape is respond: a mapping, a status alone, or false.
func respondShape() shape[RespondConf] {
	full := mapping(respondOptions, `{status: 503, body: "We are back at noon."}`)
	short := scalar("a mapping, a status or false", `503, false or {status: 503, body: "…"}`, []yamlKind{yamlNumber, yamlBool},
		parseShortAnswer, nil, jsonSchema{"type": "integer", "minimum": 200, "maximum": 599}, jsonSchema{"const": false})
	return shape[RespondConf]{
		wants: short.wants, write: short.write,
		decode: func(d *decoder, v *yamlValue) (RespondConf, bool) {
			if v.kind == yamlMapping {
				return full.decode(d, v)
			}
			return short.decode(d, v)
		},
		encode: func(r RespondConf) *yamlValue {
			if r.Off {
				return plainValue("false")
			}
			return full.encode(r)
		},
		schema: anyOf(full.schema, short.schema),
	}
}

var errAnswer = errors.New("is neither false nor a status from 200 to 599")

// parseShortAnswer reads a status, or false.
func parseShortAnswer(s string) (RespondConf, error) {
	if s == "false" {
		return RespondConf{Off: true}, nil
	}
	status, err := strconv.Atoi(s)
	if err != nil || status < 200 || status > 599 {
		return RespondConf{}, errAnswer
	}
	return RespondConf{Status: &status}, nil
}

// redirectShape is redirect: a mapping, or the target alone.
func redirectShape() shape[RedirectConf] {
	full := mapping(redirectOptions, "{to: /new, status: 308}")
	target := text("a path or a URL, or a mapping", "/new or {to: /new, status: 308}")
	return shape[RedirectConf]{
		wants: target.wants, write: target.write,
		decode: func(d *decoder, v *yamlValue) (RedirectConf, bool) {
			if v.kind == yamlMapping {
				return full.decode(d, v)
			}
			to, ok := target.decode(d, v)
			return RedirectConf{To: to}, ok
		},
		encode: func(r RedirectConf) *yamlValue {
			if r.Status == nil && r.Query == "" {
				return target.encode(r.To)
			}
			return full.encode(r)
		},
		schema: anyOf(full.schema, target.schema),
	}
}

var errRedirectStatus = errors.New("is not a status that redirects")

// redirectStatus is one of the statuses with a Location (RFC 9110 section 15.4).
func redirectStatus() shape[int] {
	const write = "301, 302, 303, 307 or 308"
	parse := func(s string) (int, error) {
		switch s {
		case "301", "302", "303", "307", "308":
			return strconv.Atoi(s)
		}
		return 0, errRedirectStatus
	}
	encode := func(n int) *yamlValue { return plainValue(strconv.Itoa(n)) }
	return scalar("a status", write, []yamlKind{yamlNumber}, parse, encode, jsonSchema{"enum": []int{301, 302, 303, 307, 308}})
}

// errorStatuses are the keys of error_pages.
var errorStatuses = keyRule{
	pattern: regexp.MustCompile(`^[45]([0-9][0-9]|xx)$`),
	wants:   "an error status such as 404, or 4xx or 5xx for all of them",
}

// errorPages are files by status.
func errorPages() shape[[]PageConf] {
	return byName(errorStatuses, text("the name of a file", "errors/404.html"), "{404: errors/404.html, 5xx: errors/5xx.html}",
		func(status, file string) PageConf { return PageConf{status, file} },
		func(p PageConf) (string, string) { return p.Status, p.File })
}

var errProse = errors.New("contains a control character other than a line end or a tab")

// prose is text of any number of lines, perhaps none.
func prose() shape[string] {
	parse := func(s string) (string, error) {
		odd := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }
		if strings.ContainsFunc(s, odd) {
			return "", errProse
		}
		return s, nil
	}
	return scalar("text", "text in quotes, or lines after |", textOnly, parse, textValue, jsonSchema{"type": "string"})
}
