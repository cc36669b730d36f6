package remote

import "net/http"

// keepAnonymous tells the browser's fetch, which sends the request, to leave out
// what tells one reader from another, and to follow no redirect.
func keepAnonymous(r *http.Request) {
	r.Header.Set("js.fetch:credentials", "omit")
	r.Header.Set("js.fetch:redirect", "error")
}
