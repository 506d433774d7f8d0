// Package conformance lets people who are not us judge edge: it runs the public
// HTTP caching tests (http-cache-tests on npm, the tests behind
// cache-tests.fyi) against the built binary and holds the verdicts against a
// ledger: with the policy of edge.yaml against ledger.txt, and as "edge run
// --origin" runs it against default.txt.
//
// A ledger may only get better. A test that passed and does not is a failure
// that no flag excuses. One that passes now, or a behaviour that changed, fails
// until "make conformance UPDATE=1" has written it down; docs/conformance.md is
// generated from the same verdicts.
package conformance
