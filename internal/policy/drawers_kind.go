package policy

import "edge/internal/rfc9111"

// dataKind is a kind of request data.
type dataKind uint8

const (
	queryData dataKind = iota
	headerData
	cookieData
)

// String returns the word of the policy file.
func (k dataKind) String() string { return [...]string{"query", "headers", "cookies"}[k] }

// bit returns the bit for withheld data. Fields that practically every client
// sends, and those that edge speaks for itself, count for nothing: otherwise
// every request would have the bit.
func (k dataKind) bit(name string) Withheld {
	switch {
	case k == queryData:
		return WithheldQuery
	case k == cookieData:
		return WithheldCookie
	case isAmbient(name):
		return 0
	case sameName(authorization, name, foldedName):
		return WithheldAuthorization
	default:
		return WithheldHeader
	}
}

func (k dataKind) reason(name string) rfc9111.Reason {
	switch {
	case k == queryData:
		return rfc9111.DynamicQuery
	case k == cookieData:
		return rfc9111.DynamicCookie
	case sameName(authorization, name, foldedName):
		return rfc9111.DynamicAuth
	default:
		return rfc9111.DynamicHeader
	}
}

const authorization = "authorization"
