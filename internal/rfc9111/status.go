package rfc9111

import "net/http"

// heuristicallyCacheable reports whether a status is cacheable by default
// (RFC 9110 section 15.1). What is stored of a body that is not whole has 206.
func heuristicallyCacheable(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusPartialContent,
		http.StatusMultipleChoices, http.StatusMovedPermanently, http.StatusPermanentRedirect,
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone,
		http.StatusRequestURITooLong, http.StatusNotImplemented:
		return true
	}
	return false
}

// understood reports whether edge knows what a final status asks of a cache,
// which must-understand wants (section 5.2.2.3): all that RFC 9110 defines.
// Others ask for things of their own, as 226 does.
func understood(status int) bool {
	switch {
	case status >= 200 && status <= 206, status >= 400 && status <= 417, status >= 500 && status <= 505:
		return true
	case status >= 300 && status <= 308:
		return status != 306 // unused
	}
	return status == http.StatusMisdirectedRequest || status == http.StatusUnprocessableEntity ||
		status == http.StatusUpgradeRequired
}

// forbidsStoring reports whether RFC 6585 says of a status that no cache may
// store it: it is about one client, or one network.
func forbidsStoring(status int) bool {
	switch status {
	case http.StatusPreconditionRequired, http.StatusTooManyRequests,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusNetworkAuthenticationRequired:
		return true
	}
	return false
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
