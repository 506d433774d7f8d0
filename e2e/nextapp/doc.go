// Package nextapp is a small Next.js application, and the tests that put edge in
// front of it as its owner would: "next build", "next start", edge.yaml.
//
// Between the two stands a recorder that sees every request edge sends, so that
// what the origin was asked is counted, not guessed. Beside it the application
// is also asked directly, to show what edge keeps from happening.
//
// It also runs as a fleet, two replicas behind two edges that share one Redis, and
// is looked at with headless Chromium: "go test -tags nextapp -run Browser
// -artifacts -outputdir DIR ./e2e/nextapp" keeps the screenshots.
package nextapp
