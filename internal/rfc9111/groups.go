package rfc9111

import (
	"net/http"

	"github.com/dunglas/httpsfv"
)

// Groups returns the groups of RFC 9875 that a response belongs to: the members
// of Cache-Groups. A group is of one origin, that is scheme and host: the caller
// keeps groups of different origins apart. A field that is not a List of Strings
// is ignored.
func Groups(h http.Header) []string { return stringList(h["Cache-Groups"]) }

// InvalidatedGroups returns the groups whose responses a response to method
// makes out of date: the members of Cache-Group-Invalidation, if the response
// Invalidates at all. They are groups of the origin that sent it.
func InvalidatedGroups(method string, status int, h http.Header) []string {
	if !Invalidates(method, status) {
		return nil
	}
	return stringList(h["Cache-Group-Invalidation"])
}

// stringList reads a List of Strings, with parameters ignored.
func stringList(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	list, err := httpsfv.UnmarshalList(lines)
	if err != nil {
		return nil
	}
	var members []string
	for _, member := range list {
		item, _ := member.(httpsfv.Item)
		s, ok := item.Value.(string)
		if !ok {
			return nil
		}
		members = append(members, s)
	}
	return members
}
