package remote

import (
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
)

const (
	// maxKeys bounds the number of keys in one request for a proof.
	maxKeys = 256
	// fewKeys is how many keys a cheap proof has, and fewBytes how long its request is.
	fewKeys  = 8
	fewBytes = 4 << 10
)

func (h *handler) proveAll(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limits.Message))
	if err != nil {
		fail(w, bodyError(err))
		return
	}
	places := h.cheap
	if len(b) > fewBytes {
		places = h.dear // to read it already is
	}
	answers(places, func(r *http.Request) (*reply, error) {
		var asked wireProve
		if err := strictjson.Read(b, limits.Message, &asked); err != nil {
			return nil, ledger.ErrFormat
		}
		if len(asked.Keys) > fewKeys && places != h.dear {
			leave, err := h.dear.Enter(r.Context())
			if err != nil {
				return nil, err
			}
			defer leave()
		}
		return h.proof(r, asked.Keys)
	})(w, r)
}

func (h *handler) prove(w http.ResponseWriter, r *http.Request) {
	keys, places := r.URL.Query()["key"], h.cheap
	if len(keys) > fewKeys {
		places = h.dear
	}
	answers(places, func(r *http.Request) (*reply, error) { return h.proof(r, keys) })(w, r)
}

func (h *handler) proof(r *http.Request, keys []string) (*reply, error) {
	if len(keys) > maxKeys {
		return nil, ledger.ErrTooLarge
	}
	proof, err := h.ledger.Prove(r.Context(), keys...)
	if err != nil {
		return nil, err
	}
	return replyBytes(proof.Bytes()), nil
}

func (h *handler) checkpoint(r *http.Request) (*reply, error) {
	signed, err := h.ledger.Checkpoint(r.Context())
	return &reply{contentType: "text/plain; charset=utf-8", body: signed}, err
}

func (h *handler) consistency(r *http.Request) (*reply, error) {
	from, err1 := number(r.FormValue("from"))
	to, err2 := number(r.FormValue("to"))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	hashes, err := h.ledger.ProveConsistency(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	out := wireHashes{Hashes: [][]byte{}}
	for _, hash := range hashes {
		out.Hashes = append(out.Hashes, hash[:])
	}
	return replyJSON(out)
}

func (h *handler) inclusion(r *http.Request) (*reply, error) {
	index, err := number(r.PathValue("index"))
	if err != nil {
		return nil, err
	}
	proof, err := h.ledger.ProveInclusion(r.Context(), index)
	if err != nil {
		return nil, err
	}
	return replyBytes(proof.Bytes()), nil
}

func (h *handler) entries(r *http.Request) (*reply, error) {
	from, err := number(r.FormValue("from"))
	if err != nil {
		return nil, err
	}
	leaves, err := h.ledger.Entries(r.Context(), from)
	if err != nil {
		return nil, err
	}
	return replyJSON(wireLeaves{leaves})
}

func (h *handler) tile(r *http.Request) (*reply, error) {
	tile, err := tlog.ParseTilePath("tile/" + r.PathValue("path"))
	if err != nil {
		return nil, ledger.ErrFormat
	}
	hashes, err := h.ledger.Tile(r.Context(), tile)
	if err != nil {
		return nil, err
	}
	answer := replyBytes(hashes)
	answer.forEver = true // a tile of this width never changes
	return answer, nil
}

func (h *handler) keys(r *http.Request) (*reply, error) {
	keys, err := h.ledger.Keys(r.Context(), r.FormValue("prefix"), r.FormValue("after"))
	if err != nil {
		return nil, err
	}
	return replyJSON(wireProve{Keys: append([]string{}, keys...)})
}

func (h *handler) history(r *http.Request) (*reply, error) {
	from, err := number(r.FormValue("from"))
	if err != nil {
		return nil, err
	}
	changes, err := h.ledger.History(r.Context(), r.FormValue("key"), from)
	if err != nil {
		return nil, err
	}
	out := wireChanges{Changes: []wireChange{}}
	for _, c := range changes {
		out.Changes = append(out.Changes, wireChange(c))
	}
	return replyJSON(out)
}

func (h *handler) agreements(r *http.Request) (*reply, error) {
	from, err := number(r.FormValue("from"))
	if err != nil {
		return nil, err
	}
	chain, err := h.ledger.TrustChain(r.Context(), from)
	if err != nil {
		return nil, err
	}
	out := wireOperations{Operations: [][]byte{}}
	for _, op := range chain {
		out.Operations = append(out.Operations, op.Bytes())
	}
	return replyJSON(out)
}

func (h *handler) registry(r *http.Request) (*reply, error) {
	epoch, err := number(r.PathValue("epoch"))
	if err != nil {
		return nil, err
	}
	leaves, err := h.ledger.Registry(r.Context(), epoch)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 32*len(leaves))
	for _, leaf := range leaves {
		b = append(b, leaf[:]...)
	}
	answer := replyBytes(b)
	answer.forEver = true // a closed epoch does not change
	return answer, nil
}

func (h *handler) revoked(r *http.Request) (*reply, error) {
	epoch, err := number(r.PathValue("epoch"))
	if err != nil {
		return nil, err
	}
	after, err := hex.DecodeString(r.FormValue("after"))
	if err != nil || len(after) != 0 && len(after) != ledger.HandleSize {
		return nil, ledger.ErrFormat
	}
	if len(after) == 0 {
		after = nil
	}
	page, err := h.ledger.RevokedAfter(r.Context(), epoch, after)
	if err != nil {
		return nil, err
	}
	out := wireRevoked{Handles: []byte{}, Next: page.Next}
	for _, handle := range page.Handles {
		out.Handles = append(out.Handles, handle[:]...)
	}
	answer, err := replyJSON(out)
	answer.forEver = true // a closed epoch does not change, and a page leaves nothing out
	return answer, err
}

// number reads a decimal number in its only spelling; empty means 0.
func number(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, ledger.ErrFormat
	}
	return n, nil
}
