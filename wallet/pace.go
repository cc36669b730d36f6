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

// maxPace bounds how long an answer is held back, should the device have been
// busy once. A device that is slower than it ever was of late still shows it.
const maxPace = 10 * time.Second

// prepareTimed prepares and remembers the longest that it took of late: one slow
// hour fades with every proof that follows.
func (w *Wallet) prepareTimed(ctx context.Context, h *holding, mine *zkp.Credential, epoch *epochAt) (*zkp.Prepared, error) {
	started := time.Now()
	p, err := w.prepareNow(ctx, h, mine, epoch)
	if err != nil {
		return nil, err
	}
	took := min(time.Since(started), maxPace)
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

// holdBack waits until preparing so many proofs on the spot would have been done,
// whether or not there was anything to prepare: what a wallet has in its pool is
// nobody's to learn from a clock.
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
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(started.Add(slowest * time.Duration(proofs)))):
		return nil
	}
}
