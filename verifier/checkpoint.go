package verifier

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
)

// keyCache keeps parsed verifying keys by their pinned hash: precomputing the
// pairing lines costs more than a verification.
type keyCache struct {
	mu   sync.Mutex
	keys map[[32]byte]*zkp.VerifyingKey
}

func (c *keyCache) parse(b []byte, pin [32]byte, opts zkp.KeyOptions) (*zkp.VerifyingKey, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.keys[pin]; ok {
		return k, nil
	}
	k, err := zkp.ParseVerifyingKey(b, pin, opts)
	if err != nil {
		return nil, err
	}
	if c.keys == nil {
		c.keys = map[[32]byte]*zkp.VerifyingKey{}
	}
	c.keys[pin] = k
	return k, nil
}

// advance holds the checkpoint just used against the highest one ever seen: a
// ledger that went back, or shows two faces, is refused with both as evidence.
func (v *Verifier) advance(ctx context.Context, newer *ledger.Head) error {
	for {
		raw, err := v.store.Checkpoint(ctx, v.trust.Origin)
		if err != nil {
			return &Unchecked{CheckCheckpoint, err}
		}
		if raw == nil {
			err = v.store.AdvanceCheckpoint(ctx, v.trust.Origin, nil, newer.Checkpoint)
		} else {
			err = v.extend(ctx, raw, newer)
		}
		if !errors.Is(err, ErrCheckpointMoved) {
			return err
		}
	}
}

func (v *Verifier) extend(ctx context.Context, raw []byte, newer *ledger.Head) error {
	older, err := ledger.OpenCheckpoint(v.trust, raw)
	if err != nil {
		return &Unchecked{CheckCheckpoint, fmt.Errorf("stored checkpoint: %w", err)}
	}
	if newer.Size == older.Size && newer.Root == older.Root {
		return nil
	}
	var proof []tlog.Hash
	if newer.Size > older.Size {
		if proof, err = v.ledger.ProveConsistency(ctx, older.Size, newer.Size); err != nil {
			return &Unchecked{CheckCheckpoint, err}
		}
	}
	if err := ledger.CheckConsistency(older, newer, proof); err != nil {
		return &Rejected{CheckCheckpoint, err}
	}
	return v.store.AdvanceCheckpoint(ctx, v.trust.Origin, raw, newer.Checkpoint)
}
