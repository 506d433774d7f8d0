package policy

import (
	"regexp"
	"strings"
)

// secret is an option with a value that is secret, or has a secret in it. written is
// where its text goes as it stands in the file: Print shows that, as far as shown
// lets it, so that what a variable held is never printed.
func secret[T any](o optionOf[T], written func(*T) *string, shown func(string) string) optionOf[T] {
	decode := o.decode
	o.decode = func(d *decoder, v *yamlValue, into *T) bool {
		if _, err := checkLine(v.text); err != nil {
			d.fail(v.place, "remove it: most often it is the line end of a file that the value was read from", "%s %v", d.path, err) // what it holds stays out of the log
			return false
		}
		*written(into) = v.written
		return decode(d, v, into)
	}
	o.encode = func(from *T) *yamlValue {
		if *written(from) == "" {
			return nil
		}
		text := shown(*written(from))
		return &yamlValue{kind: yamlText, text: text, written: text}
	}
	return o
}

// asWritten shows all of a text: what is printed has to load again.
func asWritten(text string) string { return text }

// passwords are those of a URL: before the "@", and in parameters.
var passwords = regexp.MustCompile(`(://[^/?]*?:)(.+)(@)|([?&]sentinel_password=)([^&]+)()`)

// hiddenPassword stands where a password was written out.
const hiddenPassword = "***"

// hidePasswords replaces what a URL has as passwords, unless it is a variable.
func hidePasswords(url string) string {
	return passwords.ReplaceAllStringFunc(url, func(match string) string {
		parts := passwords.FindStringSubmatch(match)
		before, secret, after := parts[1]+parts[4], parts[2]+parts[5], parts[3]+parts[6]
		if strings.HasPrefix(secret, "${") && strings.HasSuffix(secret, "}") {
			return match
		}
		return before + hiddenPassword + after
	})
}
