package endpoint

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
)

// objectType is the media type of a request object (RFC 9101 section 10.2).
const objectType = "application/oauth-authz-req+jwt"

// object serves a request object, as often as it is asked for.
func (h *handler) object(w http.ResponseWriter, r *http.Request) { h.serve(w, r, "") }

// objectWithNonce serves it with what the wallet sent. Some wallets send their metadata as
// bare fields, and no nonce: only the nonce is read.
func (h *handler) objectWithNonce(w http.ResponseWriter, r *http.Request) {
	fields, err := readForm(r)
	if err != nil || len(fields["wallet_nonce"]) > 1 {
		h.failed(w, r, fmt.Errorf("%w: body", openid.ErrRequest))
		return
	}
	h.serve(w, r, fields.Get("wallet_nonce"))
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request, nonce string) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	object, err := h.cfg.Verifier.RequestObject(r.Context(), r.PathValue("id"), nonce)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	w.Header().Set("Content-Type", objectType)
	_, _ = w.Write(object)
}

// readForm reads the fields of a body. Those of the address do not count.
func readForm(r *http.Request) (url.Values, error) {
	if r.ContentLength == 0 {
		return url.Values{}, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errBody
	}
	if err := r.ParseForm(); err != nil {
		return nil, errBody
	}
	return r.PostForm, nil
}

// answer takes what a wallet posts. An error that it sends is taken note of, and answered
// like an answer (OpenID4VP 1.0 section 8.2).
func (h *handler) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	fields, err := readForm(r)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	result, err := h.cfg.Verifier.VerifyForm(r.Context(), fields)
	if errors.Is(err, verifier.ErrDeclined) {
		writeJSON(w, http.StatusOK, openid.PostReply{})
		return
	}
	var reply openid.PostReply
	if err == nil {
		reply.RedirectURI, err = h.cfg.Verifier.RedirectURI(r.Context(), result.Request)
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, reply)
}
