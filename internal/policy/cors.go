package policy

import (
	"net/http"
	"time"

	"edge/internal/request"
)

// CORS are the compiled cors options of a route. Values are complete field
// values; an empty one is not sent.
type CORS struct {
	Origins     []string // exact origins; AnyOrigin for "*"
	AnyOrigin   bool
	Methods     string // value of Access-Control-Allow-Methods
	Headers     string // value of Access-Control-Allow-Headers
	Expose      string // value of Access-Control-Expose-Headers
	Credentials bool
	MaxAge      time.Duration // 0: Access-Control-Max-Age is not sent
}

// Allows returns the value of Access-Control-Allow-Origin for a request's
// Origin, and false when it is not allowed. A nil CORS allows nobody.
func (c *CORS) Allows(origin string) (string, bool) {
	if c == nil || origin == "" {
		return "", false
	}
	if c.AnyOrigin {
		return "*", true
	}
	for _, o := range c.Origins {
		if o == origin {
			return origin, true
		}
	}
	return "", false
}

// isPreflight reports whether v asks for permission (Fetch standard, section
// "CORS protocol").
func isPreflight(v *request.View) bool {
	return v.Method == http.MethodOptions &&
		v.Has(request.SlotOrigin) && v.Has(request.SlotAccessControlRequestMethod)
}
