package remote

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/httpserve"
	"github.com/hufu-id/hufu/ledger"
)

// reply is an answer that is ready to be sent.
type reply struct {
	contentType string
	body        []byte
	// forEver lets caches keep it.
	forEver bool
}

func replyBytes(b []byte) *reply { return &reply{contentType: "application/octet-stream", body: b} }

func replyJSON(v any) (*reply, error) {
	b, err := json.Marshal(v)
	return &reply{contentType: "application/json", body: b}, err
}

// answers makes an answer in a place of a limiter, and sends it outside: a reader who
// takes his time holds nobody up.
func answers(places *httpserve.Limiter, find func(*http.Request) (*reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		leave, err := places.Enter(r.Context())
		if err != nil {
			fail(w, err)
			return
		}
		answer, err := find(r)
		leave()
		if err != nil {
			fail(w, err)
			return
		}
		answer.send(w)
	}
}

func (a *reply) send(w http.ResponseWriter) {
	if a.forEver {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	send(w, a.contentType, a.body)
}

func send(w http.ResponseWriter, contentType string, b []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Access-Control-Allow-Origin", "*") // public data, no cookies
	w.Write(b)                                         // the reader is gone
}

func sendJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	w.Write(b) // the reader is gone
}

// retryAfter is after how many seconds the same request may succeed where the answer is
// 503.
const retryAfter = "1"

// fail answers with the status code of an error. The engine's own texts about
// itself stay here.
func fail(w http.ResponseWriter, err error) {
	status, text := http.StatusServiceUnavailable, "the ledger cannot answer now"
	for _, c := range []struct {
		err    error
		status int
	}{
		{ledger.ErrTooLarge, http.StatusRequestEntityTooLarge},
		{ledger.ErrFormat, http.StatusBadRequest},
		{ledger.ErrKey, http.StatusBadRequest},
		{ledger.ErrSignature, http.StatusBadRequest},
		{ledger.ErrOrigin, http.StatusBadRequest},
		{ledger.ErrAbsent, http.StatusNotFound},
		{ledger.ErrNotIncluded, http.StatusNotFound},
	} {
		if errors.Is(err, c.err) {
			status, text = c.status, c.err.Error()
			break
		}
	}
	for _, known := range []error{errPatience, errCrowded, errBusy} {
		if errors.Is(err, known) {
			status, text = http.StatusServiceUnavailable, known.Error()
		}
	}
	if pause := new(ledger.PauseError); errors.As(err, &pause) {
		text = pause.Error() // its operator reads what to do
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	sendJSON(w, status, wireError{text})
}
