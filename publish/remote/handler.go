package remote

import (
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/hufu-id/hufu/publish"
)

// NewHandler serves a folder of public files, and nothing else that lies in it. The
// path of a request is a slash and the name; see http.StripPrefix. Of a request
// nothing is kept.
func NewHandler(folder publish.Folder) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, folder) })
}

func serve(w http.ResponseWriter, r *http.Request, folder publish.Folder) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Access-Control-Allow-Origin", "*") // public data, no cookies
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	name, err := publish.ParseName(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		http.Error(w, "no such public file", http.StatusNotFound)
		return
	}
	file, err := folder.Open(name)
	if errors.Is(err, publish.ErrNotAtHand) {
		http.Error(w, "no such public file", http.StatusNotFound)
		return
	}
	if err != nil { // what the system says about itself stays here
		http.Error(w, "the file cannot be read now", http.StatusServiceUnavailable)
		return
	}
	defer file.Close()
	header.Set("Content-Type", contentType(name))
	header.Set("Cache-Control", caching(name))
	http.ServeContent(w, r, "", time.Time{}, file)
}

func contentType(name publish.Name) string {
	switch path.Ext(name.String()) {
	case ".json", ".type":
		return "application/json"
	case ".jwt":
		return "application/statuslist+jwt"
	}
	return "application/octet-stream"
}

func caching(name publish.Name) string {
	if name.Fixed() {
		return "public, max-age=31536000, immutable"
	}
	return "public, max-age=60"
}
