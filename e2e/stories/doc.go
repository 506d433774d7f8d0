// Package stories holds what users see on the wire, one story a file. A story
// is a testscript with an origin that says what it is told and the built edge
// in front of it:
//
//	origin [-cut] [-chunked] [METHOD] PATH [STATUS] ['name: value' …] [-- BODY]
//		From now on the origin answers PATH so, whatever the query. With
//		METHOD only for that method. It answers 304 when If-None-Match is the
//		etag given here. With -cut it breaks the connection before the body's
//		end; with -chunked it does not announce how long the body is.
//	edge FILE
//		Starts edge with FILE, in which ${ORIGIN} is the origin's URL.
//	reload FILE
//		Puts FILE in the place of the running one, and waits until edge has
//		taken or refused it.
//	get [-X METHOD] [-H 'name: value'] [-d BODY] [-h2] [-broken] PATH [PATTERN …]
//		Sends a request. Every pattern is a regular expression that must match
//		somewhere in "HTTP 200 OK", the field lines in lower case, an empty
//		line and the body; one that begins with "!" must not. With -broken
//		the answer has to break off, or to be an error.
//	saw COUNT PATH [PATTERN …]
//		Says how often the origin was asked for PATH since the story began, or
//		since the last forget; the patterns are held against the head of the
//		last request.
//	forget
//		Empties the origin's memory.
//	purge ARG …
//		Runs "edge purge" against the running edge.
//	idle
//		Waits until no fetch is under way.
//	metric NAME VALUE
//		Waits until the series of a metric add up to a value.
//
// Time does not pass in a story: the origin's Age field moves it.
package stories
