package wallet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
)

// ErrNoEpoch means that the ledger has closed no epoch yet.
var ErrNoEpoch = errors.New("wallet: the ledger has closed no epoch yet")

// pool has the prepared proofs of each credential, in memory alone: a vault that is
// copied, or restored from an older copy, holds none that could be shown twice. After a
// start they are made anew in the background.
type pool struct {
	mu    sync.Mutex
	epoch uint64
	of    map[pooled][]*zkp.Prepared
}

// pooled names one text of a credential: one that came anew has another.
type pooled struct {
	id   string
	text [32]byte
}

func (c *card) pooled() pooled { return pooled{c.ID, c.Text} }

// turn drops the proofs of other epochs.
func (p *pool) turn(epoch uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turnLocked(epoch)
}

func (p *pool) turnLocked(epoch uint64) {
	if p.of == nil || p.epoch != epoch {
		p.epoch, p.of = epoch, map[pooled][]*zkp.Prepared{}
	}
}

// newest is the epoch of the pool, 0 before the first.
func (p *pool) newest() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.epoch
}

func (p *pool) count(of pooled) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.of[of])
}

// put keeps a proof, unless its epoch is over.
func (p *pool) put(of pooled, made *zkp.Prepared) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of != nil && p.epoch == made.Epoch {
		p.of[of] = append(p.of[of], made)
	}
}

// take removes a proof of an epoch for good, before it is used.
func (p *pool) take(of pooled, epoch uint64) *zkp.Prepared {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turnLocked(epoch)
	list := p.of[of]
	if len(list) == 0 {
		return nil
	}
	taken := list[len(list)-1]
	list[len(list)-1] = nil
	p.of[of] = list[:len(list)-1]
	return taken
}

// drop deletes the proofs of every text of a credential.
func (p *pool) drop(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.of, func(of pooled, _ []*zkp.Prepared) bool { return of.id == id })
}

// Prepare refreshes, as Refresh does, and fills the pool: want prepared proofs for every
// provable credential in the newest epoch. Proofs of older epochs are discarded. It is called while the app is
// open, never on request, so that timing tells nobody what is held. It returns how
// many proofs it made; a credential that cannot be prepared (zkp.ErrRevoked,
// zkp.ErrNotRegistered) is reported after the others are done. The pool is in memory:
// it ends with the wallet. A round in which nothing is missing opens no credential.
func (w *Wallet) Prepare(ctx context.Context, want int) (_ int, err error) {
	defer w.ended(ctx, "prepare", w.cfg.Clock(), &err)
	defer judge(&err, CheckPrepare)
	anew := w.fetchReissued(ctx)
	epoch, err := w.newestEpoch(ctx)
	if err != nil {
		return 0, err
	}
	held, err := w.deck(ctx)
	if err != nil {
		return 0, err
	}
	w.pool.turn(epoch.Number)
	failed, err := w.refresh(ctx, held, epoch)
	if err != nil {
		return 0, err
	}
	made, failures := 0, anew
	if err := failed[agenciesFailed]; err != nil {
		failures = append(failures, err)
	}
	for _, c := range held.all {
		if !c.Provable || w.cfg.Prover == nil {
			continue
		}
		if err := failed[c.ID]; err != nil {
			failures = append(failures, err)
			continue
		}
		n, err := w.fill(ctx, c, epoch, want)
		made += n
		if err != nil {
			failures = append(failures, err)
		}
	}
	return made, joined(failures, CheckPrepare)
}

func (w *Wallet) fill(ctx context.Context, c *card, epoch *epochAt, want int) (made int, err error) {
	if c.State == StateRevoked {
		w.pool.drop(c.ID)
		return 0, zkp.ErrRevoked
	}
	have := w.pool.count(c.pooled())
	if have >= want || c.holds(w.cfg.Clock()) != nil {
		return 0, nil
	}
	h, err := w.open(ctx, c)
	if err != nil {
		return 0, err
	}
	mine, err := w.zkCredential(ctx, h)
	if err != nil {
		return 0, err
	}
	for ; have+made < want; made++ {
		p, err := w.prepareTimed(ctx, h, mine, epoch)
		if err != nil {
			return made, err
		}
		w.pool.put(c.pooled(), p)
	}
	return made, nil
}

// takePrepared removes one prepared proof from the pool before it is used; with none
// left it prepares on the spot.
func (w *Wallet) takePrepared(ctx context.Context, h *holding, mine *zkp.Credential, epoch *epochAt) (*zkp.Prepared, error) {
	if taken := w.pool.take(h.card.pooled(), epoch.Number); taken != nil {
		return taken, nil
	}
	return w.prepareTimed(ctx, h, mine, epoch)
}

// prepareNow places the credential in the trees of the epoch, as the last round read
// them, and proves.
func (w *Wallet) prepareNow(ctx context.Context, h *holding, mine *zkp.Credential, epoch *epochAt) (*zkp.Prepared, error) {
	if w.cfg.Prover == nil {
		return nil, fmt.Errorf("%w: no prover", ErrConfig)
	}
	registry, revocation, err := w.treesHere(ctx, epoch, mine.Endorsement.Handle())
	if err != nil {
		return nil, err
	}
	window, known := w.windowHere(epoch, (&provable{h.card, mine}).registration())
	if !known {
		return nil, fmt.Errorf("%w: no key window", ErrRefresh)
	}
	witness, err := zkp.NewPrepareWitness(mine, epoch.Epoch, window.from, window.until, registry, revocation, nil)
	if errors.Is(err, zkp.ErrEpoch) {
		return nil, feedError(err) // of the trees, and not of the credential
	}
	if err != nil {
		return nil, err
	}
	return w.cfg.Prover.Prepare(ctx, witness)
}

// zkCredential joins a stored credential with the holder secret.
func (w *Wallet) zkCredential(ctx context.Context, h *holding) (*zkp.Credential, error) {
	secret, err := w.secret(ctx)
	if err != nil {
		return nil, err
	}
	return provableOf(h.origin(), secret)
}

// newestEpoch reads the newest closed epoch, proved under a fresh checkpoint: everyone
// who shows in an epoch shows the same roots. With ErrNoEpoch it returns when it looked.
func (w *Wallet) newestEpoch(ctx context.Context) (*epochAt, error) {
	var out *epochAt
	err := w.resolve(ctx, func(view *ledger.View) error {
		out = &epochAt{asOf: view.Head.Time, read: w.cfg.Clock()}
		if view.Head.State.Day == 0 {
			return ErrNoEpoch
		}
		object, err := view.Epoch(view.Head.State.Epoch)
		if err != nil {
			return err
		}
		registry, err := zkp.ParseElement(object.RegistryRoot[:])
		if err != nil {
			return err
		}
		revocation, err := zkp.ParseElement(object.RevocationRoot[:])
		if err != nil {
			return err
		}
		out.closed = object.ClosedAt(w.cfg.Ledger.Trust())
		out.Epoch = zkp.Epoch{Number: object.Number, Day: zkp.Day(object.Day), Registry: registry, Revocation: revocation}
		return nil
	})
	return out, err
}
