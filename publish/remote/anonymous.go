//go:build !js

package remote

import "net/http"

// keepAnonymous leaves out what tells one reader from another.
func keepAnonymous(r *http.Request) {
	r.Header.Set("User-Agent", "hufu") // and not which version of Go
}
