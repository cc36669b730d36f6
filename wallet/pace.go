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

// holdGrid is what an answer's time is rounded up to: an exact one would tell devices
// apart.
const holdGrid = 250 * time.Millisecond

// defaultHoldBack is Config.MaxHoldBack where that is zero.
const defaultHoldBack = 4 * time.Second

// pace is how long preparing a proof on the spot takes here. It is read before anything is
// prepared, which changes it.
func (w *Wallet) pace(ctx context.Context) (slowest time.Duration, err error) {
	err = w.store.View(ctx, func(tx vault.Tx) (err error) {
		slowest, err = readPace(tx)
		return err
	})
	return slowest + slowest/4, err // the next one may be slower
}

// holdBack waits as long as preparing this many proofs on the spot takes at a pace, whether
// or not anything had to be prepared: a clock must not tell what is in the pool. It returns
// how long the answer takes from its start. Where that is above the bound, whoever waits
// may tell a device so slow, or so busy.
func (w *Wallet) holdBack(ctx context.Context, started time.Time, pace time.Duration, proofs int) (time.Duration, error) {
	passed := w.cfg.Clock().Sub(started)
	hold := min(onGrid(pace*time.Duration(proofs)), w.cfg.MaxHoldBack)
	hold = max(hold, onGrid(passed))
	return hold, w.cfg.Wait(ctx, hold-passed)
}

func onGrid(d time.Duration) time.Duration { return (d + holdGrid - 1) / holdGrid * holdGrid }
