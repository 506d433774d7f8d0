package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds the body of a request.
const maxBody = 1 << 20

// readObject reads the JSON object in the body of r into targets: pointers to
// []string, string or bool, by name. It is strict where encoding/json is not:
// names count in their case, and nothing may be unknown, null, given twice or
// left over. A purge that was misread would be worse than one refused.
func readObject(w http.ResponseWriter, r *http.Request, targets map[string]any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return wrong(err, "the body is not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return wrong(err, "the body is not valid JSON")
		}
		name := token.(string) // the only token there can be
		if seen[name] {
			return fmt.Errorf("%q is given twice", name)
		}
		seen[name] = true
		if err := readField(d, name, targets); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return wrong(err, "the body is not valid JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return wrong(err, "there is something after the JSON object")
	}
	return nil
}

func readField(d *json.Decoder, name string, targets map[string]any) error {
	target, ok := targets[name]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(targets)), ", ")
		return fmt.Errorf("unknown field %q: there are %s", name, known)
	}
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return wrong(err, "the body is not valid JSON")
	}
	// encoding/json takes null for anything, also inside a list.
	var list []*string
	null := string(raw) == "null"
	if _, isList := target.(*[]string); isList && json.Unmarshal(raw, &list) == nil {
		null = null || slices.Contains(list, nil)
	}
	if null || json.Unmarshal(raw, target) != nil {
		return fmt.Errorf("%q must be %s", name, wanted(target))
	}
	return nil
}

func wanted(target any) string {
	switch target.(type) {
	case *[]string:
		return "a list of strings"
	case *bool:
		return "true or false"
	}
	return "a string"
}

// wrong says what is wrong with a body, unless reading it failed.
func wrong(err error, what string) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	if err == nil || err == io.EOF {
		return errors.New(what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// badBody answers a request whose body is wrong.
func badBody(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes: send it in parts", maxBody))
		return
	}
	problem(w, http.StatusBadRequest, err.Error())
}
