package policy

import "edge/internal/request"

// secured is the URL of a request in https, on the port where edge speaks it.
func (p *Policy) secured(v *request.View) string {
	host, _, _ := cutPort(v.Host)
	url := "https://" + host + p.httpsPort + v.Path
	if v.HasQuery {
		url += "?" + v.Query
	}
	return url
}
