package nextjs

// hintedError is an error with what to do about it.
type hintedError struct {
	error
	hint string
}

// Unwrap returns the error without the hint.
func (e hintedError) Unwrap() error { return e.error }

// Hint says what to do.
func (e hintedError) Hint() string { return e.hint }
