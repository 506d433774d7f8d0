// Package watch holds the queries of deploy/, alerts and dashboard, against what a
// running edge exports. That they are right in themselves, promtool says in e2e/deploy.
package watch
