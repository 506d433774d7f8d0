package policy

import (
	"testing"

	"pgregory.net/rapid"
)

func TestExpand(t *testing.T) {
	env := map[string]string{"A": "a", "EMPTY": "", "_b1": "b", "DOLLAR": "${A}$$", "BAD": "\xff"}
	tests := []struct {
		name, text string
		want       string
		fault      string
	}{
		{name: "no variable", text: "plain", want: "plain"},
		{name: "a value", text: "x${A}y", want: "xay"},
		{name: "a value that is empty", text: "x${EMPTY}y", want: "xy"},
		{name: "a name with digits", text: "${_b1}", want: "b"},
		{name: "a value is not expanded again", text: "${DOLLAR}", want: "${A}$$"},
		{name: "a default for what is not set", text: "${NO:-d}", want: "d"},
		{name: "a default for what is empty", text: "${EMPTY:-d}", want: "d"},
		{name: "a default that is not needed", text: "${A:-d}", want: "a"},
		{name: "an empty default", text: "${NO:-}", want: ""},
		{name: "a default with a variable", text: "${NO:-${A}-${NO:-d}}", want: "a-d"},
		{name: "a default with a dollar sign", text: "${NO:-$$}", want: "$"},
		{name: "a message that is not needed", text: "${A:?say}", want: "a"},
		{name: "an escaped dollar sign", text: "$${A}", want: "${A}"},
		{name: "a dollar sign alone", text: "$5 and $", want: "$5 and $"},
		{name: "not set", text: "${NO}", fault: "NO is not set"},
		{name: "a message", text: "${NO:?say why}", fault: "NO: say why"},
		{name: "a message for what is empty", text: "${EMPTY:?say why}", fault: "EMPTY: say why"},
		{name: "no message", text: "${NO:?}", fault: "NO: it must be set and not empty"},
		{name: "not closed", text: "${A", fault: "variable is not closed"},
		{name: "a default that is not closed", text: "${NO:-${A}", fault: "variable is not closed"},
		{name: "no name", text: "${}", fault: "variable has no name"},
		{name: "a name that begins with a digit", text: "${1A}", fault: "variable has no name"},
		{name: "another operator", text: "${A-d}", fault: "variable ${A-d} cannot be understood"},
		{name: "a value that is not text", text: "${BAD}", fault: "the value of BAD is not valid UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, fault := expand(tt.text, sourceOf(nil, env).Env)
			message := ""
			if fault != nil {
				message = fault.message
			}
			if got != tt.want || message != tt.fault {
				t.Errorf("expand(%q) = %q, %q; want %q, %q", tt.text, got, message, tt.want, tt.fault)
			}
		})
	}
}

func TestEscapedTextExpandsToItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[${}A:?\- ]{0,12}`).Draw(t, "text")
		if got, fault := expand(escapeVariables(text), sourceOf(nil, nil).Env); got != text || fault != nil {
			t.Fatalf("%q became %q, %v", text, got, fault)
		}
	})
}
