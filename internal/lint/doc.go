// Package lint checks the shape of the repository: who imports whom, that the
// pure packages are pure, that every package says what it is, and that the
// generated files are current.
//
// It holds tests only, and nothing imports it. Every failure says what to do.
package lint
