package telemetry

import "edge/internal/rfc9111"

// Method is a request method as a label: its cardinality is bounded.
type Method uint8

const (
	MethodOther Method = iota
	MethodGet
	MethodHead
	MethodPost
	MethodPut
	MethodPatch
	MethodDelete
	MethodOptions

	NumMethods
)

var methodWords = [NumMethods]string{
	MethodOther: "other", MethodGet: "GET", MethodHead: "HEAD", MethodPost: "POST",
	MethodPut: "PUT", MethodPatch: "PATCH", MethodDelete: "DELETE", MethodOptions: "OPTIONS",
}

// MethodOf returns the label of a method. Methods are case-sensitive.
func MethodOf(method string) Method {
	for m := MethodGet; m < NumMethods; m++ {
		if methodWords[m] == method {
			return m
		}
	}
	return MethodOther
}

// String returns the method, or "other".
func (m Method) String() string { return methodWords[m] }

// Served is how a request was answered, as the cache sees it.
type Served uint8

const (
	ServedByEdge    Served = iota // refused or answered by edge itself
	ServedHit                     // from the store, fresh
	ServedStale                   // from the store, stale
	ServedMiss                    // from a fetch it began
	ServedCollapsed               // from a fetch that another request began
	ServedPass                    // from the origin, past the store

	NumServed
)

var servedWords = [NumServed]string{
	ServedByEdge: "edge", ServedHit: "hit", ServedStale: "stale",
	ServedMiss: "miss", ServedCollapsed: "collapsed", ServedPass: "pass",
}

// String returns the word that stands in metrics and in the access log.
func (s Served) String() string { return servedWords[s] }

// fromMemory reports whether the answer came from the store: such requests are
// too many, and too fast, for the histograms of the others.
func (s Served) fromMemory() bool { return s == ServedHit || s == ServedStale }

// class is a status as a label.
type class uint8

const numClasses = 6

var classWords = [numClasses]string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"}

func classOf(status int) class {
	if status < 100 || status > 599 {
		return 0
	}
	return class(status / 100)
}

// withheldWords are the kinds of withheld data, by bit of policy.Withheld.
var withheldWords = [...]string{"query", "cookie", "header", "authorization"}

// reasonWord returns the label of a reason.
func reasonWord(r rfc9111.Reason) string {
	if r == rfc9111.NoReason {
		return "none"
	}
	return r.String()
}
