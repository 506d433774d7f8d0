package policy

// Problem is something wrong with a configuration file. Line and Column are
// from 1; 0 when the problem has no place in a file.
type Problem struct {
	File         string
	Line, Column int
	Source       string // the line itself
	Message      string // lower case, no full stop
	Hint         string // what to do; may be empty
}

// Problems is the error of Load: all problems at once, in the order of their
// places.
type Problems []Problem

// Error renders every problem with its place, source line, caret and hint.
func (p Problems) Error() string { panic("contract") }
