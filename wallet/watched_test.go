package wallet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// watched is everything that a wallet can ask, with a note of each question in order: all
// that whoever serves it sees but the time and the address.
type watched struct {
	ledger.Ledger
	files publish.Source
	seen  []string
	since []uint64 // sizes of the log from which it asked for consistency
}

func (w *watched) note(format string, args ...any) {
	w.seen = append(w.seen, fmt.Sprintf(format, args...))
}

func (w *watched) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	w.note("prove %v", keys)
	return w.Ledger.Prove(ctx, keys...)
}

func (w *watched) ProveConsistency(ctx context.Context, from, to uint64) ([]tlog.Hash, error) {
	w.note("consistency")
	w.since = append(w.since, from)
	return w.Ledger.ProveConsistency(ctx, from, to)
}

func (w *watched) TrustChain(ctx context.Context, from uint64) ([]*ledger.SignedOperation, error) {
	w.note("agreements from %d", from)
	return w.Ledger.TrustChain(ctx, from)
}

func (w *watched) Registry(ctx context.Context, epoch uint64) ([][32]byte, error) {
	w.note("registry of %d", epoch)
	return w.Ledger.Registry(ctx, epoch)
}

func (w *watched) Revoked(ctx context.Context, epoch uint64) ([][zkp.HandleSize]byte, error) {
	w.note("revoked of %d", epoch)
	return w.Ledger.Revoked(ctx, epoch)
}

func (w *watched) Read(ctx context.Context, name publish.Name) ([]byte, error) {
	w.note("file %s", name)
	return w.files.Read(ctx, name)
}

// took returns what was seen since it was last called.
func (w *watched) took() string {
	out := strings.Join(w.seen, "\n")
	w.seen = nil
	return out
}

// watch opens a holder's wallet anew over a source of files, watched. What it read of the
// ledger before it has forgotten, like every wallet that starts.
func watch(t *testing.T, c *hufutest.Country, h *hufutest.Holder, files publish.Source) (*hufutest.Holder, *watched) {
	t.Helper()
	w := &watched{Ledger: c.Log, files: files}
	cfg := c.WalletConfig(h)
	cfg.Ledger, cfg.Sets, cfg.Public, cfg.Reissuer = c.Client(w), w, w, unasked{t}
	opened, err := wallet.New(cfg)
	none(t, err)
	return &hufutest.Holder{Wallet: opened, Store: h.Store, Keys: h.Keys, Code: h.Code}, w
}

// unasked is a way to issuers who have signed nothing anew.
type unasked struct{ *testing.T }

func (u unasked) Reissue(context.Context, string, []byte) ([]byte, error) {
	u.Error("an issuer is asked though its key is in force")
	return nil, vault.ErrNotFound
}

// classes counts how many sorts of transcripts there are.
func classes(seen map[string]string) int {
	sorts := map[string]bool{}
	for _, s := range seen {
		sorts[s] = true
	}
	return len(sorts)
}

// divide splits a feed into 2^bits parts, as if very many were revoked.
func divide(t *testing.T, dir string, bits int) fstest.MapFS {
	t.Helper()
	files := filesOf(t, dir)
	index, err := feed.ParseIndex(files["index"].Data)
	none(t, err)
	for i := range index.Generations {
		g := &index.Generations[i]
		g.Bits = bits
		for _, epoch := range g.Epochs {
			whole, err := feed.ParseHandles(files[hex16(g.First())+"/00/"+hex16(epoch)+".handles"].Data)
			none(t, err)
			for part := range 1 << bits {
				split := &feed.Handles{From: whole.From, To: whole.To, Bits: bits, Part: part}
				split.Handles = slices.DeleteFunc(slices.Clone(whole.Handles), func(h feed.Handle) bool { return feed.Part(h, bits) != part })
				files[fmt.Sprintf("%s/%02x/%s.handles", hex16(g.First()), part, hex16(epoch))] = &fstest.MapFile{Data: split.Bytes()}
			}
		}
	}
	files["index"] = &fstest.MapFile{Data: index.Bytes()}
	return files
}

// inACrowd lets a wallet believe that every part is large: it has seen the proof.
func inACrowd(t *testing.T, h *hufutest.Holder, bits int) {
	t.Helper()
	none(t, h.Store.Update(t.Context(), func(tx vault.Tx) error { return tx.Put("feed", fmt.Sprintf("crowd-%d", bits), []byte{1}) }))
}
