package remote

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"time"

	"github.com/hufu-id/hufu/internal/httpserve"
	"github.com/hufu-id/hufu/internal/limits"
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
	// Reads is how many dear reads run at once: sets, lists, leaves, and proofs of more
	// than eight keys. Zero means one for each two processors. Others wait for two
	// seconds, and then the answer is 503.
	Reads int
}

// Defaults of HandlerOptions.
const (
	defaultPatience = 30 * time.Second
	defaultWaiting  = 1024
)

const (
	// cheapReads is how many reads run at once that are not dear.
	cheapReads = 256
	// witnessReads is how many of what only witnesses ask run at once.
	witnessReads = 2
)

var (
	errPatience = errors.New("the ledger has not answered in time, and the operations may be on it or not: send the same request again, here or to another server")
	errCrowded  = errors.New("too many submissions wait: send the same request again later, or to another server")
)

// maxBody caps a request: an encoded batch.
const maxBody = 1 << 20

type handler struct {
	ledger   ledger.Ledger
	patience time.Duration
	places   chan struct{} // one for each submission that waits
	// cheap and dear are for reads, witnesses for what witnesses ask.
	cheap, dear, witnesses *httpserve.Limiter
}

// NewHandler serves a ledger and its trust file, and a [ledger.Witnessed] to its
// witnesses. It keeps nothing of a request and writes no log; the caller may.
func NewHandler(l ledger.Ledger, trust *ledger.TrustFile, options HandlerOptions) http.Handler {
	h := &handler{
		ledger: l, patience: cmp.Or(options.Patience, defaultPatience),
		places: make(chan struct{}, cmp.Or(options.Waiting, defaultWaiting)),
		cheap:  newLimiter(cheapReads), dear: newLimiter(cmp.Or(options.Reads, max(1, runtime.GOMAXPROCS(0)/2))),
		witnesses: newLimiter(witnessReads),
	}
	mux := http.NewServeMux()
	if !options.ReadOnly {
		mux.HandleFunc("POST /v1/submit", h.submit)
	}
	if witnessed, ok := l.(ledger.Witnessed); ok && !options.ReadOnly {
		mux.HandleFunc("GET /v1/pending", answers(h.witnesses, func(r *http.Request) (*reply, error) { return pending(r, witnessed) }))
		mux.HandleFunc("POST /v1/cosignature", func(w http.ResponseWriter, r *http.Request) { takeCosignature(w, r, witnessed) })
	}
	mux.HandleFunc("POST /v1/prove", h.proveAll)
	mux.HandleFunc("GET /v1/prove", h.prove)
	mux.HandleFunc("GET /v1/checkpoint", answers(h.cheap, h.checkpoint))
	mux.HandleFunc("GET /v1/consistency", answers(h.cheap, h.consistency))
	mux.HandleFunc("GET /v1/inclusion/{index}", answers(h.cheap, h.inclusion))
	mux.HandleFunc("GET /v1/entries", answers(h.dear, h.entries))
	mux.HandleFunc("GET /v1/keys", answers(h.dear, h.keys))
	mux.HandleFunc("GET /v1/tile/{path...}", answers(h.cheap, h.tile))
	mux.HandleFunc("GET /v1/history", answers(h.dear, h.history))
	mux.HandleFunc("GET /v1/agreements", answers(h.dear, h.agreements))
	mux.HandleFunc("GET /v1/registry/{epoch}", answers(h.dear, h.registry))
	mux.HandleFunc("GET /v1/revoked/{epoch}", answers(h.dear, h.revoked))
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

func pending(r *http.Request, log ledger.Witnessed) (*reply, error) {
	from, err := number(r.FormValue("from"))
	if err != nil {
		return nil, err
	}
	signed, leaves, err := log.Pending(r.Context(), from)
	if err != nil {
		return nil, err
	}
	return replyJSON(wirePending{signed, leaves})
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
