package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Refresh reads what the wallet needs of the ledger and its public files, so that
// ResolveRequest, Draft and Present ask nobody: the newest checkpoint and agreements, the
// newest epoch with the trees and key windows of the credentials held, and the list of
// agencies. Call it on the app's own clock, as KeepPrepared and Prepare do, never because
// of a request: whoever serves the ledger sees when.
//
// First it fetches, through Config.Reissuer, what issuers signed in place of credentials
// whose keys are void, as ReceiveReissue does.
//
// What is not to be had is reported after the rest was read, and what was read before
// stands. A ledger without a closed epoch, and public files without a list of agencies,
// are no error.
func (w *Wallet) Refresh(ctx context.Context) (err error) {
	defer w.ended(ctx, "refresh", w.cfg.Clock(), &err)
	defer judge(&err, CheckCheckpoint)
	anew := w.fetchReissued(ctx)
	err = w.refreshLedger(ctx)
	if len(anew) == 0 {
		return err
	}
	if err != nil {
		anew = append([]error{err}, anew...)
	}
	return joined(anew, CheckCheckpoint)
}

func (w *Wallet) refreshLedger(ctx context.Context) error {
	epoch, err := w.newestEpoch(ctx)
	if errors.Is(err, ErrNoEpoch) {
		return errors.Join(w.refreshAgencies(ctx), w.keepSnapshot(ctx, epoch))
	}
	if err != nil {
		return err
	}
	held, err := w.deck(ctx)
	if err != nil {
		return err
	}
	failed, err := w.refresh(ctx, held, epoch)
	if err != nil {
		return err
	}
	// A record that does not read is named where cards are listed, and hurts nothing here.
	maps.DeleteFunc(failed, func(_ string, err error) bool { return errors.Is(err, vault.ErrDamaged) })
	return joined(slices.Collect(maps.Values(failed)), CheckFeed)
}

// agenciesFailed is the list of agencies among what could not be read.
const agenciesFailed = ""

// refresh reads everything else that answers of this epoch rest on. What could not be
// read it returns by credential. What was read in the epoch it does not read again. Where
// nothing can be proved in the epoch, the one before stands.
func (w *Wallet) refresh(ctx context.Context, held *deck, epoch *epochAt) (failed map[string]error, err error) {
	failed = map[string]error{}
	if err := w.refreshAgencies(ctx); err != nil {
		failed[agenciesFailed] = err
	}
	if w.cfg.Prover == nil {
		return failed, nil
	}
	wanted := 0
	var lacking []*provable
	for _, c := range held.all {
		if !c.Provable || c.holds(w.cfg.Clock()) != nil {
			continue
		}
		wanted++
		if w.readFor(c, epoch) {
			continue
		}
		p, err := w.provable(ctx, c)
		if err != nil {
			failed[c.ID] = err
			continue
		}
		lacking = append(lacking, p)
	}
	w.refreshProvable(ctx, epoch, lacking, failed)
	lost := len(failed)
	if failed[agenciesFailed] != nil {
		lost--
	}
	if wanted > 0 && wanted == lost {
		return failed, nil
	}
	return failed, w.keepSnapshot(ctx, epoch)
}

// readFor reports whether a round of this epoch has read what proofs of a credential need.
func (w *Wallet) readFor(c *card, epoch *epochAt) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.readyOf != epoch.Number || w.ready == nil {
		w.readyOf, w.ready = epoch.Number, map[pooled]bool{}
	}
	return w.ready[c.pooled()]
}

// provable is a credential of which proofs are to be made.
type provable struct {
	*card
	*zkp.Credential
}

func (w *Wallet) provable(ctx context.Context, c *card) (*provable, error) {
	h, err := w.open(ctx, c)
	if err != nil {
		return nil, err
	}
	mine, err := w.zkCredential(ctx, h)
	return &provable{c, mine}, err
}

func (p *provable) registration() registration {
	return registration{p.card.Issuer, p.Endorsement.Issuer, p.Type, p.Endorsement.Region, p.Credential.Schema}
}

// refreshProvable reads what proofs of some credentials need: the sets for all of them at
// once, because whoever serves these is not to see how many there are.
func (w *Wallet) refreshProvable(ctx context.Context, epoch *epochAt, list []*provable, failed map[string]error) {
	if len(list) == 0 {
		return
	}
	handles := make([]zkp.Handle, len(list))
	for i, p := range list {
		handles[i] = p.Endorsement.Handle()
	}
	err := w.readTrees(ctx, epoch, handles)
	for _, p := range list {
		if err == nil {
			_, failed[p.ID] = w.windowIn(ctx, epoch, p.registration())
		} else {
			failed[p.ID] = err
		}
		if failed[p.ID] != nil {
			continue
		}
		delete(failed, p.ID)
		w.mu.Lock()
		w.ready[p.pooled()] = true
		w.mu.Unlock()
	}
}

// refreshAgencies reads the list of agencies anew when half its life is over.
func (w *Wallet) refreshAgencies(ctx context.Context) error {
	now := w.cfg.Clock()
	view, err := w.agencies(ctx, now)
	if view != nil && now.Sub(view.Head.Time) < w.maxCheckpointAge()/2 {
		return nil
	}
	if err != nil && !errors.Is(err, ErrRefresh) {
		return err
	}
	bundle, err := publish.Agencies(ctx, w.cfg.Public)
	if errors.Is(err, publish.ErrNotAtHand) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := w.verifyAgencies(bundle, now); err != nil {
		return err
	}
	return w.keepRound(ctx, recordAgencies, bundle.Bytes())
}

// snapshot is what the last round found of the newest epoch, for other processes over
// the same vault and for the next start.
type snapshot struct {
	Read       time.Time      `json:"read"`  // on this device's clock
	AsOf       time.Time      `json:"as_of"` // of the checkpoint
	Number     uint64         `json:"epoch"`
	Day        uint32         `json:"day"`
	Closed     time.Time      `json:"closed"`
	Registry   [32]byte       `json:"registry"`
	Revocation [32]byte       `json:"revocation"`
	Windows    []storedWindow `json:"windows"`
}

type storedWindow struct {
	Key   string `json:"key"` // issuer ‖ proof key, in hexadecimal
	From  uint32 `json:"from"`
	Until uint32 `json:"until"`
}

func parseSnapshot(b []byte) (*snapshot, error) {
	s := new(snapshot)
	return s, strictjson.Read(b, limits.Record, s)
}

// windows are the key windows, by the names of their registrations.
func (s *snapshot) windows() (map[string]keyWindow, error) {
	out := map[string]keyWindow{}
	for _, stored := range s.Windows {
		name, err := hex.DecodeString(stored.Key)
		if err != nil {
			return nil, fmt.Errorf("%w: snapshot: %w", vault.ErrDamaged, err)
		}
		out[string(name)] = keyWindow{zkp.Day(stored.From), zkp.Day(stored.Until)}
	}
	return out, nil
}

func (w *Wallet) keepSnapshot(ctx context.Context, epoch *epochAt) error {
	s := snapshot{
		Read: w.cfg.Clock().UTC(), AsOf: epoch.asOf.UTC(), Number: epoch.Number, Day: uint32(epoch.Day), Closed: epoch.closed.UTC(),
		Registry: epoch.Registry.Bytes(), Revocation: epoch.Revocation.Bytes(),
	}
	w.mu.Lock()
	for name, window := range w.windows {
		s.Windows = append(s.Windows, storedWindow{hex.EncodeToString([]byte(name)), uint32(window.from), uint32(window.until)})
	}
	w.mu.Unlock()
	value, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		return err
	}
	return w.keepRound(ctx, recordSnapshot, value)
}

// Records of what the last round read.
const (
	recordAgencies = "agencies"
	recordSnapshot = "snapshot"
)

func (w *Wallet) keepRound(ctx context.Context, id string, value []byte) error {
	return w.store.Update(ctx, func(tx vault.Tx) error { return tx.Put(kindRound, id, value) })
}

// storedRound reads one of them; nil where there is none.
func storedRound[T any](ctx context.Context, store vault.Store, id string, parse func([]byte) (*T, error)) (out *T, err error) {
	return storedAs(ctx, store, kindRound, id, parse)
}

// epochHere is the epoch that the last round found. The error is ErrRefresh where there
// was none, or where its checkpoint has aged out, and ErrNoEpoch where the ledger had
// closed none.
func (w *Wallet) epochHere(ctx context.Context) (*epochAt, error) {
	s, err := storedRound(ctx, w.store, recordSnapshot, parseSnapshot)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, fmt.Errorf("%w: no epoch was read", ErrRefresh)
	}
	if s.Day == 0 {
		return nil, ErrNoEpoch
	}
	if age := w.cfg.Clock().Sub(s.AsOf); age > w.maxCheckpointAge() {
		return nil, fmt.Errorf("%w: %w", ErrRefresh, &ledger.StaleError{AsOf: s.AsOf, Age: age, MaxAge: w.maxCheckpointAge()})
	}
	return w.recall(s)
}

// recall makes the key windows of a snapshot the wallet's.
func (w *Wallet) recall(s *snapshot) (*epochAt, error) {
	registry, err := zkp.ParseElement(s.Registry[:])
	if err != nil {
		return nil, fmt.Errorf("%w: snapshot: %w", vault.ErrDamaged, err)
	}
	revocation, err := zkp.ParseElement(s.Revocation[:])
	if err != nil {
		return nil, fmt.Errorf("%w: snapshot: %w", vault.ErrDamaged, err)
	}
	windows, err := s.windows()
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.windowsOf != s.Number || w.windows == nil {
		w.windowsOf, w.windows = s.Number, windows
	}
	return &epochAt{
		Epoch:  zkp.Epoch{Number: s.Number, Day: zkp.Day(s.Day), Registry: registry, Revocation: revocation},
		closed: s.Closed, asOf: s.AsOf, read: s.Read,
	}, nil
}
