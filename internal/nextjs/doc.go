// Package nextjs reads a Next.js app and writes the routes of a policy for it.
//
// It reads what "next build" has left (the manifests), and the sources of Route
// Handlers: which methods they export, and which data of a request each of them
// reads. It runs no code of the app and needs no Node.js. Where it does not know
// it assumes what is safe: that a handler reads everything and that its answers
// are nobody else's.
//
// Call Import for an app as a whole; App.YAML is the file for a policy's
// include, with a comment behind each line that says how sure it is and where it
// comes from, App.Warnings what its author should know, and Check what the code
// reads and a policy withholds.
//
// Facts about Next.js are those of version 16.4.6, observed and read in its
// code; older ones are told apart where they differ.
package nextjs
