package policy

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestProblemString(t *testing.T) {
	tests := []struct {
		name    string
		problem Problem
		want    []string
	}{
		{
			name:    "with a place and a hint",
			problem: Problem{File: "edge.yaml", Line: 12, Column: 5, Source: "    mode: x", Message: "bad", Hint: "good"},
			want: []string{
				"edge.yaml:12:5: bad",
				"   12 |     mode: x",
				"      |     ^",
				"      = good",
			},
		},
		{
			name:    "the caret keeps tabs",
			problem: Problem{File: "f", Line: 1, Column: 4, Source: "\ta\tb", Message: "bad"},
			want:    []string{"f:1:4: bad", "    1 | \ta\tb", "      | \t \t^"},
		},
		{
			name:    "the caret counts characters, not bytes, and wide ones twice",
			problem: Problem{File: "f", Line: 1, Column: 6, Source: "ü日e\u0301x", Message: "bad"},
			want:    []string{"f:1:6: bad", "    1 | ü日e\u0301x", "      |      ^"},
		},
		{
			name:    "one past the end of the line",
			problem: Problem{File: "f", Line: 1, Column: 6, Source: "tags:", Message: "bad"},
			want:    []string{"f:1:6: bad", "    1 | tags:", "      |      ^"},
		},
		{
			name:    "what steers a terminal is replaced",
			problem: Problem{File: "f", Line: 1, Column: 1, Source: "\x1b[2Jx", Message: "bad"},
			want:    []string{"f:1:1: bad", "    1 | \ufffd[2Jx", "      | ^"},
		},
		{
			name:    "a long line is cut on both sides",
			problem: Problem{File: "f", Line: 1, Column: 151, Source: strings.Repeat("a", 150) + "b" + strings.Repeat("c", 150), Message: "bad"},
			want: []string{
				"f:1:151: bad",
				"    1 | …" + strings.Repeat("a", 50) + "b" + strings.Repeat("c", 49) + "…",
				"      | " + strings.Repeat(" ", 51) + "^",
			},
		},
		{
			name:    "the end of a long line",
			problem: Problem{File: "f", Line: 1, Column: 201, Source: strings.Repeat("a", 200), Message: "bad"},
			want: []string{
				"f:1:201: bad",
				"    1 | …" + strings.Repeat("a", 100),
				"      | " + strings.Repeat(" ", 101) + "^",
			},
		},
		{
			name:    "without a line",
			problem: Problem{File: "edge.yaml", Message: "cannot read edge.yaml", Hint: "look"},
			want:    []string{"edge.yaml: cannot read edge.yaml", " = look"},
		},
		{
			name:    "without a file",
			problem: Problem{Message: "bad"},
			want:    []string{"bad"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := tt.problem.String(), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestProblemsUnwrapErrorsOfFiles(t *testing.T) {
	err := error(Problems{{Message: "one"}, {Message: "two", Err: fs.ErrNotExist}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("errors.Is does not find the error of the file")
	}
	if errors.Is(Problems{{Message: "one"}}, fs.ErrNotExist) {
		t.Error("errors.Is finds an error that is not there")
	}
}

func TestSortByPlace(t *testing.T) {
	problems := Problems{
		{File: "b", Line: 1, Message: "5"},
		{File: "a", Line: 2, Column: 1, Message: "4"},
		{File: "main", Line: 2, Column: 7, Message: "2"},
		{File: "main", Line: 10, Column: 1, Message: "3"},
		{File: "main", Line: 2, Column: 3, Message: "1"},
	}
	sortByPlace(problems, "main")
	for i, p := range problems {
		if want := string(rune('1' + i)); p.Message != want {
			t.Errorf("problem %d is %s, want %s", i, p.Message, want)
		}
	}
}
