package endpoint

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/qrimage"
	"github.com/hufu-id/hufu/verifier"
)

// errBody means a body of another type, above the cap, or that is not what belongs here.
var errBody = fmt.Errorf("%w: body", openid.ErrJSON)

// asking is the body of POST /api/requests.
type asking struct {
	Policy      string              `json:"policy"`
	Query       jsontext.Value      `json:"dcql"`
	Mode        openid.ResponseMode `json:"response_mode"`
	Client      openid.ClientPrefix `json:"client_id_prefix"`
	Method      string              `json:"request_uri_method"`
	Correlation string              `json:"correlation"`
	RedirectURI string              `json:"redirect_uri"`
	Session     string              `json:"session"`
	Documents   []authorising       `json:"transaction_data"`
}

// authorising is a document whose signature the holder is to authorise.
type authorising struct {
	CredentialIDs []string           `json:"credential_ids"`
	Label         openid.PurposeText `json:"label"`
	Document      string             `json:"document_hash"`
}

// asked is the answer.
type asked struct {
	ID  string `json:"id"`
	URI string `json:"uri"`
	QR  string `json:"qr"`
}

// readBody reads a JSON body.
func readBody(r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fmt.Errorf("%w: not application/json", errBody)
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, limits.Message+1))
	if err != nil {
		return fmt.Errorf("%w: above its cap, or cut short", errBody)
	}
	if err := strictjson.Read(b, limits.Message, v, strictjson.RefuseNull); err != nil {
		return fmt.Errorf("%w: %w", errBody, err)
	}
	return nil
}

// options says the same to the library.
func (a *asking) options(h *handler) (verifier.RequestOptions, error) {
	opts := verifier.RequestOptions{
		Policy: a.Policy, Client: h.client(a.Client), Mode: a.Mode, ResponseURI: h.cfg.Base + "/response",
		Correlation: a.Correlation, RedirectURI: a.RedirectURI, Session: a.Session,
	}
	if a.Method != "" && a.Method != openid.MethodGet && a.Method != openid.MethodPost {
		return opts, fmt.Errorf("%w: request_uri_method", errBody)
	}
	if a.Query != nil {
		query, err := openid.ParseQuery(a.Query)
		if err != nil {
			return opts, err
		}
		opts.Query = query
	}
	for _, d := range a.Documents {
		hash, err := base64.RawURLEncoding.Strict().DecodeString(d.Document)
		if err != nil || len(hash) != sha256.Size {
			return opts, fmt.Errorf("%w: document_hash is no SHA-256 in base64url", openid.ErrTransactionData)
		}
		opts.Transactions = append(opts.Transactions, &openid.Transaction{CredentialIDs: d.CredentialIDs, Label: d.Label, Document: [sha256.Size]byte(hash)})
	}
	return opts, nil
}

// ask makes a request.
func (h *handler) ask(w http.ResponseWriter, r *http.Request) {
	var body asking
	err := readBody(r, &body)
	var opts verifier.RequestOptions
	if err == nil {
		opts, err = body.options(h)
	}
	var request *verifier.Request
	if err == nil {
		request, err = h.cfg.Verifier.NewRequest(r.Context(), opts)
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	link := &openid.RequestLink{ClientID: request.ClientID, URI: h.cfg.Base + "/request/" + request.ID, Method: body.Method}
	answer := asked{ID: request.ID, URI: link.String()}
	code, err := qrimage.EncodeLink(answer.URI)
	if err != nil {
		h.failed(w, r, errors.Join(verifier.ErrConfig, err))
		return
	}
	answer.QR = "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(code.SVG())
	writeJSON(w, http.StatusOK, answer)
}

// outcome says what became of a request.
func (h *handler) outcome(w http.ResponseWriter, r *http.Request) {
	outcome, err := h.cfg.Verifier.Outcome(r.Context(), r.PathValue("id"))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, outcome)
}

// redeem unseals a result.
func (h *handler) redeem(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Code    string `json:"response_code"`
		Session string `json:"session"`
	}
	err := readBody(r, &body)
	var outcome *verifier.Outcome
	if err == nil {
		outcome, err = h.cfg.Verifier.Redeem(r.Context(), r.PathValue("id"), body.Code, body.Session)
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, outcome)
}
