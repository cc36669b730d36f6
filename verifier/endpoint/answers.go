package endpoint

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
)

// refusal is the JSON of every answer but a good one.
type refusal struct {
	Error       string       `json:"error"`
	Code        verdict.Code `json:"code,omitempty"`
	Description string       `json:"error_description,omitempty"`
}

// write sends JSON.
func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true), json.FormatNilSliceAsNull(true))
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	write(w, status, body)
}

// refuse says what an error means, in the language that the asker prefers. The error's own
// text stays inside.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, status int, answer refusal, err error) {
	if err != nil {
		v, _ := verifier.Verdicts().Classify(err)
		lang, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
		answer.Code, answer.Description = v.Code, v.Describe(lang)
	}
	writeJSON(w, status, answer)
}

// failed sorts an error by what it means to an HTTP client: what was checked and is false,
// what nobody here knows, and what could not be checked.
func (h *handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	var rejected *verifier.Rejected
	switch {
	case errors.Is(err, verifier.ErrUnknownRequest) && !errors.As(err, &rejected):
		h.refuse(w, r, http.StatusNotFound, refusal{Error: "not_found"}, err)
	case errors.Is(err, verifier.ErrExpired) && !errors.As(err, &rejected):
		h.refuse(w, r, http.StatusGone, refusal{Error: "expired"}, err)
	case errors.Is(err, verifier.ErrSession):
		h.refuse(w, r, http.StatusForbidden, refusal{Error: "access_denied"}, err)
	case isBad(err):
		h.refuse(w, r, http.StatusBadRequest, refusal{Error: openid.ErrorInvalidRequest}, err)
	default:
		w.Header().Set("Retry-After", "5")
		h.refuse(w, r, http.StatusServiceUnavailable, refusal{Error: "temporarily_unavailable"}, err)
	}
}

// isBad reports whether the sender is at fault.
func isBad(err error) bool {
	var rejected *verifier.Rejected
	if errors.As(err, &rejected) {
		return true
	}
	for _, reason := range []error{
		errBody, verifier.ErrConfig, verifier.ErrPolicy, openid.ErrRequest, openid.ErrQuery, openid.ErrTransactionData,
		openid.ErrUnsupportedFormat, openid.ErrJSON, openid.ErrTooLarge, openid.ErrResponse,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}
