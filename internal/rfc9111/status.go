package rfc9111

import "net/http"

// heuristicallyCacheable reports whether a status is cacheable by default
// (RFC 9110 section 15.1). 206 is among them there; edge stores no parts.
func heuristicallyCacheable(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent,
		http.StatusMultipleChoices, http.StatusMovedPermanently, http.StatusPermanentRedirect,
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone,
		http.StatusRequestURITooLong, http.StatusNotImplemented:
		return true
	}
	return false
}

// understood reports whether edge knows what a final status asks of a cache,
// which must-understand wants (section 5.2.2.3): all that RFC 9110 defines.
func understood(status int) bool {
	return status >= 200 && http.StatusText(status) != ""
}

// neverStored reports whether responses of a status are never kept, whatever
// they say. 1xx are not final. 206, 304, 412 and 416 answer the preconditions
// and the range of one request, which are in no key.
func neverStored(status int) bool {
	switch status {
	case http.StatusPartialContent, http.StatusNotModified,
		http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return true
	}
	return status < 200 || status > 599
}

// isRedirect reports whether a status sends the client to Location.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
