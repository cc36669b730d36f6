package oauth

import (
	"net"
	"net/url"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
)

// isEndpoint accepts the address of an endpoint: https, or http to a loopback address,
// without fragment.
func isEndpoint(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= limits.Identifier && isSecure(u) && u.Fragment == ""
}

func isSecure(u *url.URL) bool {
	if u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

// isRedirect accepts what an authorization server sends a browser to: an endpoint, or the
// link of an app, whose scheme has a dot (RFC 8252 section 7.1). So javascript and data,
// which a browser runs, are none.
func isRedirect(text string) bool {
	u, err := url.Parse(text)
	if err != nil || len(text) > limits.Identifier || u.Fragment != "" || u.User != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return isSecure(u)
	}
	return strings.Contains(u.Scheme, ".")
}
