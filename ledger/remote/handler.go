package remote

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
)

// HandlerOptions changes what is served. The zero value serves everything.
type HandlerOptions struct {
	// ReadOnly serves neither submit nor the two paths for witnesses.
	ReadOnly bool
	// Patience is how long a submission may wait for the ledger; zero means 30 seconds.
	// Then the answer is 503, and the operations may be on the ledger or not.
	Patience time.Duration
	// Waiting is how many submissions may wait at once; zero means 1,024. The answer to
	// others is 503.
	Waiting int
}

// Defaults of HandlerOptions.
const (
	defaultPatience = 30 * time.Second
	defaultWaiting  = 1024
)

var (
	errPatience = errors.New("the ledger has not answered in time, and the operations may be on it or not: send the same request again, here or to another server")
	errCrowded  = errors.New("too many submissions wait: send the same request again later, or to another server")
)

// maxKeys bounds the number of keys in one request for a proof.
const maxKeys = 256

// maxBody caps a request: an encoded batch.
const maxBody = 1 << 20

type handler struct {
	ledger   ledger.Ledger
	patience time.Duration
	places   chan struct{} // one for each submission that waits
}

// NewHandler serves a ledger and its trust file, and a [ledger.Witnessed] to its
// witnesses. It keeps nothing of a request and writes no log; the caller may.
func NewHandler(l ledger.Ledger, trust *ledger.TrustFile, options HandlerOptions) http.Handler {
	h := &handler{
		ledger: l, patience: cmp.Or(options.Patience, defaultPatience),
		places: make(chan struct{}, cmp.Or(options.Waiting, defaultWaiting)),
	}
	mux := http.NewServeMux()
	if !options.ReadOnly {
		mux.HandleFunc("POST /v1/submit", h.submit)
	}
	if witnessed, ok := l.(ledger.Witnessed); ok && !options.ReadOnly {
		mux.HandleFunc("GET /v1/pending", func(w http.ResponseWriter, r *http.Request) { sendPending(w, r, witnessed) })
		mux.HandleFunc("POST /v1/cosignature", func(w http.ResponseWriter, r *http.Request) { takeCosignature(w, r, witnessed) })
	}
	mux.HandleFunc("POST /v1/prove", h.proveAll)
	mux.HandleFunc("GET /v1/prove", h.prove)
	mux.HandleFunc("GET /v1/checkpoint", h.checkpoint)
	mux.HandleFunc("GET /v1/consistency", h.consistency)
	mux.HandleFunc("GET /v1/inclusion/{index}", h.inclusion)
	mux.HandleFunc("GET /v1/entries", h.entries)
	mux.HandleFunc("GET /v1/keys", h.keys)
	mux.HandleFunc("GET /v1/tile/{path...}", h.tile)
	mux.HandleFunc("GET /v1/history", h.history)
	mux.HandleFunc("GET /v1/agreements", h.agreements)
	mux.HandleFunc("GET /v1/registry/{epoch}", h.registry)
	mux.HandleFunc("GET /v1/revoked/{epoch}", h.revoked)
	mux.HandleFunc("GET /v1/trust", func(w http.ResponseWriter, _ *http.Request) {
		send(w, "application/json", trust.Bytes())
	})
	return mux
}

func (h *handler) submit(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, bodyError(err))
		return
	}
	ops, err := ledger.ParseBatch(b)
	if err != nil {
		fail(w, err)
		return
	}
	receipt, err := h.wait(r.Context(), ops)
	var refused *ledger.RefusedError
	switch {
	case errors.As(err, &refused):
		sendJSON(w, http.StatusConflict, refusalOf(refused))
	case err != nil:
		fail(w, err)
	default:
		sendJSON(w, http.StatusOK, toWire(receipt))
	}
}

// wait submits operations, for as long as the handler's patience lasts.
func (h *handler) wait(ctx context.Context, ops []*ledger.SignedOperation) (*ledger.Receipt, error) {
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	default:
		return nil, errCrowded
	}
	ctx, stop := context.WithTimeoutCause(ctx, h.patience, errPatience)
	defer stop()
	receipt, err := h.ledger.Submit(ctx, ops...)
	if err != nil && errors.Is(context.Cause(ctx), errPatience) {
		err = errors.Join(errPatience, err)
	}
	return receipt, err
}

func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return ledger.ErrTooLarge
	}
	return ledger.ErrFormat
}

func (h *handler) proveAll(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limits.Message))
	if err != nil {
		fail(w, bodyError(err))
		return
	}
	var asked wireProve
	if err := strictjson.Read(b, limits.Message, &asked); err != nil {
		fail(w, ledger.ErrFormat)
		return
	}
	h.sendProof(w, r, asked.Keys)
}

func (h *handler) prove(w http.ResponseWriter, r *http.Request) {
	h.sendProof(w, r, r.URL.Query()["key"])
}

func (h *handler) sendProof(w http.ResponseWriter, r *http.Request, keys []string) {
	if len(keys) > maxKeys {
		fail(w, ledger.ErrTooLarge)
		return
	}
	proof, err := h.ledger.Prove(r.Context(), keys...)
	if err != nil {
		fail(w, err)
		return
	}
	send(w, "application/octet-stream", proof.Bytes())
}

func (h *handler) checkpoint(w http.ResponseWriter, r *http.Request) {
	signed, err := h.ledger.Checkpoint(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	send(w, "text/plain; charset=utf-8", signed)
}

func (h *handler) consistency(w http.ResponseWriter, r *http.Request) {
	from, err1 := number(r.FormValue("from"))
	to, err2 := number(r.FormValue("to"))
	if err := errors.Join(err1, err2); err != nil {
		fail(w, err)
		return
	}
	hashes, err := h.ledger.ProveConsistency(r.Context(), from, to)
	if err != nil {
		fail(w, err)
		return
	}
	out := wireHashes{Hashes: [][]byte{}}
	for _, hash := range hashes {
		out.Hashes = append(out.Hashes, hash[:])
	}
	sendJSON(w, http.StatusOK, out)
}

func (h *handler) inclusion(w http.ResponseWriter, r *http.Request) {
	index, err := number(r.PathValue("index"))
	if err != nil {
		fail(w, err)
		return
	}
	proof, err := h.ledger.ProveInclusion(r.Context(), index)
	if err != nil {
		fail(w, err)
		return
	}
	send(w, "application/octet-stream", proof.Bytes())
}

func (h *handler) entries(w http.ResponseWriter, r *http.Request) {
	from, err := number(r.FormValue("from"))
	if err != nil {
		fail(w, err)
		return
	}
	leaves, err := h.ledger.Entries(r.Context(), from)
	if err != nil {
		fail(w, err)
		return
	}
	sendJSON(w, http.StatusOK, wireLeaves{leaves})
}

func (h *handler) tile(w http.ResponseWriter, r *http.Request) {
	tile, err := tlog.ParseTilePath("tile/" + r.PathValue("path"))
	if err != nil {
		fail(w, ledger.ErrFormat)
		return
	}
	hashes, err := h.ledger.Tile(r.Context(), tile)
	if err != nil {
		fail(w, err)
		return
	}
	forEver(w) // a tile of this width never changes
	send(w, "application/octet-stream", hashes)
}

// forEver lets caches keep an answer.
func forEver(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
}

func sendPending(w http.ResponseWriter, r *http.Request, log ledger.Witnessed) {
	from, err := number(r.FormValue("from"))
	if err != nil {
		fail(w, err)
		return
	}
	signed, leaves, err := log.Pending(r.Context(), from)
	if err != nil {
		fail(w, err)
		return
	}
	sendJSON(w, http.StatusOK, wirePending{signed, leaves})
}

func takeCosignature(w http.ResponseWriter, r *http.Request, log ledger.Witnessed) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limits.Checkpoint))
	if err != nil {
		fail(w, bodyError(err))
		return
	}
	if err := log.AddCosignature(r.Context(), b); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h *handler) keys(w http.ResponseWriter, r *http.Request) {
	keys, err := h.ledger.Keys(r.Context(), r.FormValue("prefix"), r.FormValue("after"))
	if err != nil {
		fail(w, err)
		return
	}
	sendJSON(w, http.StatusOK, wireProve{Keys: append([]string{}, keys...)})
}

func (h *handler) history(w http.ResponseWriter, r *http.Request) {
	from, err := number(r.FormValue("from"))
	if err != nil {
		fail(w, err)
		return
	}
	changes, err := h.ledger.History(r.Context(), r.FormValue("key"), from)
	if err != nil {
		fail(w, err)
		return
	}
	out := wireChanges{Changes: []wireChange{}}
	for _, c := range changes {
		out.Changes = append(out.Changes, wireChange(c))
	}
	sendJSON(w, http.StatusOK, out)
}

func (h *handler) agreements(w http.ResponseWriter, r *http.Request) {
	from, err := number(r.FormValue("from"))
	if err != nil {
		fail(w, err)
		return
	}
	chain, err := h.ledger.TrustChain(r.Context(), from)
	if err != nil {
		fail(w, err)
		return
	}
	out := wireOperations{Operations: [][]byte{}}
	for _, op := range chain {
		out.Operations = append(out.Operations, op.Bytes())
	}
	sendJSON(w, http.StatusOK, out)
}

func (h *handler) registry(w http.ResponseWriter, r *http.Request) {
	sendSet(w, r, h.ledger.Registry, func(b []byte, leaf [32]byte) []byte { return append(b, leaf[:]...) })
}

func (h *handler) revoked(w http.ResponseWriter, r *http.Request) {
	sendSet(w, r, h.ledger.Revoked, func(b []byte, handle [ledger.HandleSize]byte) []byte { return append(b, handle[:]...) })
}

func sendSet[T any](w http.ResponseWriter, r *http.Request, read func(context.Context, uint64) ([]T, error), add func([]byte, T) []byte) {
	epoch, err := number(r.PathValue("epoch"))
	if err != nil {
		fail(w, err)
		return
	}
	set, err := read(r.Context(), epoch)
	if err != nil {
		fail(w, err)
		return
	}
	var b []byte
	for _, element := range set {
		b = add(b, element)
	}
	forEver(w) // a closed epoch does not change
	send(w, "application/octet-stream", b)
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
	for _, known := range []error{errPatience, errCrowded} {
		if errors.Is(err, known) {
			status, text = http.StatusServiceUnavailable, known.Error()
		}
	}
	if pause := new(ledger.PauseError); errors.As(err, &pause) {
		text = pause.Error() // its operator reads what to do
	}
	sendJSON(w, status, wireError{text})
}
