package sqlitevault

import (
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/vault"
)

// ErrNoGeneration means that the file beside the vault that tells how new the vault
// must be is missing, damaged or another vault's. It wraps vault.ErrRolledBack.
var ErrNoGeneration = fmt.Errorf("vault/sqlitevault: nothing tells how new the vault must be: %w", vault.ErrRolledBack)

const generationSuffix = ".generation"

// A Counter counts up and never back, where nobody who can replace the vault's files can
// change it: in a TPM, or at a service. It is for one vault.
type Counter interface {
	// Read returns the value.
	Read(ctx context.Context) (uint64, error)
	// Raise returns when the value is at least to.
	Raise(ctx context.Context, to uint64) error
}

// generation is the head file that tells how new a vault must be.
type generation struct{ *headfile.File }

func newGeneration(path string, k *keys, counter Counter) generation {
	return generation{headfile.New(path+generationSuffix, k.Derive("generation", nil), counter)}
}

// create makes the file of a new vault. The error is fs.ErrExist or the system's own.
func (g generation) create() error { return g.Create(headfile.Head{Counter: 1}) }

// read returns how new the vault must be; with ErrNoGeneration, what the Counter says. Other
// errors are the Counter's and the system's own.
func (g generation) read(ctx context.Context) (uint64, error) {
	h, err := g.Read(ctx)
	if errors.Is(err, headfile.ErrMissing) {
		return h.Counter, ErrNoGeneration
	}
	return h.Counter, err
}

// note writes down a counter that was committed, before the commit is acknowledged. What
// cannot be written now must not make a failure of the commit: settle tries again before
// the next.
func (g generation) note(ctx context.Context, counter uint64) {
	_ = g.Note(context.WithoutCancel(ctx), headfile.Head{Counter: counter})
}

// settle writes what could not be written before.
func (g generation) settle(ctx context.Context) error {
	return describe("write generation", g.Settle(ctx))
}
