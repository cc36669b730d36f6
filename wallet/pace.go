package wallet

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// kindPace remembers how long preparing a proof takes on this device.
const (
	kindPace = "pace"
	paceID   = "prepare"
)

// maxPace caps the delay at 10 s a proof. If this run is slower than all recent ones,
// the extra time is still visible.
const maxPace = 10 * time.Second

// prepareTimed prepares and remembers the longest recent duration, which fades by an
// eighth with every proof.
func (w *Wallet) prepareTimed(ctx context.Context, h *holding, mine *zkp.Credential, epoch *epochAt) (*zkp.Prepared, error) {
	started := w.cfg.Clock()
	p, err := w.prepareNow(ctx, h, mine, epoch)
	if errors.Is(err, zkp.ErrRevoked) {
		return nil, errors.Join(err, w.revoked(ctx, h.card.ID))
	}
	if err != nil {
		return nil, err
	}
	took := min(w.cfg.Clock().Sub(started), maxPace)
	return p, w.store.Update(ctx, func(tx vault.Tx) error {
		slowest, err := readPace(tx)
		if err != nil {
			return err
		}
		took = max(took, slowest-slowest/8)
		return tx.Put(kindPace, paceID, binary.BigEndian.AppendUint64(nil, uint64(took)))
	})
}

func readPace(tx vault.Tx) (time.Duration, error) {
	r, err := tx.Get(kindPace, paceID)
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(r.Value) != 8:
		return maxPace, nil
	}
	return min(time.Duration(binary.BigEndian.Uint64(r.Value)), maxPace), nil
}

// holdBack waits as long as preparing this many proofs on the spot takes, whether or
// not anything had to be prepared: a clock must not tell what is in the pool.
func (w *Wallet) holdBack(ctx context.Context, started time.Time, proofs int) error {
	var slowest time.Duration
	err := w.store.View(ctx, func(tx vault.Tx) (err error) {
		slowest, err = readPace(tx)
		return err
	})
	if err != nil {
		return err
	}
	slowest += slowest / 4 // the next one may be slower
	return w.cfg.Wait(ctx, slowest*time.Duration(proofs)-w.cfg.Clock().Sub(started))
}
