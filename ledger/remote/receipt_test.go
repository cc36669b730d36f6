package remote_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
)

// receipt is the answer to a submission.
type receipt struct {
	Operations []struct {
		ID       []byte `json:"id"`
		Index    uint64 `json:"index"`
		Height   uint64 `json:"height"`
		Replayed bool   `json:"replayed,omitempty"`
	} `json:"operations"`
	Height     uint64 `json:"height"`
	Size       uint64 `json:"size"`
	Checkpoint []byte `json:"checkpoint"`
}

// liar is a server that changes what a ledger answers.
type liar struct {
	honest  http.Handler
	receipt func(r *receipt)
	tile    func(b []byte)
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	told := httptest.NewRecorder()
	l.honest.ServeHTTP(told, r)
	b := told.Body.Bytes()
	switch {
	case r.URL.Path == "/v1/submit" && l.receipt != nil:
		var said receipt
		if err := json.Unmarshal(b, &said); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		l.receipt(&said)
		b, _ = json.Marshal(said)
	case strings.HasPrefix(r.URL.Path, "/v1/tile/") && l.tile != nil:
		b = bytes.Clone(b)
		l.tile(b)
	}
	w.WriteHeader(told.Code)
	w.Write(b)
}

// TestLyingReceipt: a submitter believes no receipt that the ledger does not bear out.
func TestLyingReceipt(t *testing.T) {
	log, root := newLog(t)
	honest := remote.NewHandler(log, log.Trust(), remote.HandlerOptions{})
	server := &liar{honest: honest}
	at := httptest.NewServer(server)
	t.Cleanup(at.Close)
	c := client(t, at.URL)
	reader, err := ledger.NewClient(t.Context(), log.Trust(), c, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	submitter := reader.Submitter(c)
	var batch []*ledger.SignedOperation
	for n := range byte(9) {
		batch = append(batch, anchor(t, log, root, n))
	}
	r, err := submitter.Submit(t.Context(), batch...)
	if err != nil || len(r.Operations) != 9 {
		t.Fatal("an honest receipt:", err)
	}
	// The first one followed the ledger. The second does not.
	if r, err = submitter.Submit(t.Context(), anchor(t, log, root, 50)); err != nil {
		t.Fatal(err)
	}
	if head := reader.Head(); head == nil || head.Size != r.Size {
		t.Error("the receipt is forgotten")
	}
	if r, err = submitter.Submit(t.Context(), batch[3]); err != nil || !r.Operations[0].Replayed {
		t.Error("an honest receipt of what the ledger had:", err)
	}
	older := r.Checkpoint
	stranger, _ := newLog(t)
	strange, err := stranger.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := byte(100)
	for name, c := range map[string]struct {
		lie  liar
		want error
	}{
		"another place":       {liar{receipt: func(r *receipt) { r.Operations[0].Index-- }}, ledger.ErrReceipt},
		"beyond the log":      {liar{receipt: func(r *receipt) { r.Operations[0].Index = r.Size }}, ledger.ErrReceipt},
		"another size":        {liar{receipt: func(r *receipt) { r.Size++ }}, ledger.ErrReceipt},
		"a checkpoint before": {liar{receipt: func(r *receipt) { r.Checkpoint = older }}, ledger.ErrReceipt},
		"not in that checkpoint": {liar{receipt: func(r *receipt) {
			r.Checkpoint, r.Size = older, r.Operations[0].Index
		}}, ledger.ErrReceipt},
		"a stranger's checkpoint": {liar{receipt: func(r *receipt) { r.Checkpoint = strange }}, ledger.ErrSignature},
		"no checkpoint":           {liar{receipt: func(r *receipt) { r.Checkpoint = nil }}, ledger.ErrFormat},
		"other hashes":            {liar{tile: func(b []byte) { b[0]++ }}, ledger.ErrReceipt},
	} {
		n++
		server.receipt, server.tile = c.lie.receipt, c.lie.tile
		if _, err := submitter.Submit(t.Context(), anchor(t, log, root, n)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	server.receipt, server.tile = nil, nil
	if _, err := submitter.Submit(t.Context(), batch[1], anchor(t, log, root, 200)); err != nil {
		t.Error("honest again:", err)
	}
	wrong := &ledger.Receipt{Operations: []ledger.OperationReceipt{{}}}
	if err := reader.VerifyReceipt(t.Context(), wrong, batch[:2]...); !errors.Is(err, ledger.ErrReceipt) {
		t.Error("of another batch:", err)
	}
	for name, change := range map[string]func(op *ledger.OperationReceipt){
		"of another operation":   func(op *ledger.OperationReceipt) { op.ID[0]++ },
		"at an impossible place": func(op *ledger.OperationReceipt) { op.Index = 1 << 63 },
	} {
		full, err := log.Submit(t.Context(), batch[0])
		if err != nil {
			t.Fatal(err)
		}
		change(&full.Operations[0])
		if err := reader.VerifyReceipt(t.Context(), full, batch[0]); !errors.Is(err, ledger.ErrReceipt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReceiptOfAFork: the ledger's own keys sign a second story. Who was told the first
// notices.
func TestReceiptOfAFork(t *testing.T) {
	dir := t.TempDir()
	log, root := newLogIn(t, dir, time.Now)
	fork := openCopy(t, dir)
	server := &liar{honest: remote.NewHandler(log, log.Trust(), remote.HandlerOptions{})}
	at := httptest.NewServer(server)
	t.Cleanup(at.Close)
	c := client(t, at.URL)
	reader, err := ledger.NewClient(t.Context(), log.Trust(), c, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Submitter(c).Submit(t.Context(), anchor(t, log, root, 1)); err != nil {
		t.Fatal(err)
	}
	server.honest = remote.NewHandler(fork, log.Trust(), remote.HandlerOptions{})
	if _, err := reader.Submitter(c).Submit(t.Context(), anchor(t, log, root, 2)); !errors.Is(err, ledger.ErrInconsistent) {
		t.Error("a second story is believed:", err)
	}
	late, err := ledger.NewClient(t.Context(), log.Trust(), c, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: func() time.Time { return time.Now().Add(48 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Submitter(c).Submit(t.Context(), anchor(t, log, root, 3)); !errors.Is(err, ledger.ErrStale) {
		t.Error("an old checkpoint is believed:", err)
	}
}
