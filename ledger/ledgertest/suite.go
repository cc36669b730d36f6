// Package ledgertest is what every engine of a ledger must pass: the same
// operations lead to the same answers, the same refusals and the same proofs,
// whoever keeps the ledger.
//
// An engine's test makes a fresh ledger, with ZK for its zero knowledge, for each
// part of the suite:
//
//	func TestConformance(t *testing.T) {
//		ledgertest.Run(t, func(t *testing.T) *ledgertest.World { … })
//	}
//
// Not covered: what an engine promises of its own, such as durability, group
// commit, or going on when a node is lost.
package ledgertest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// World is a fresh ledger to test.
type World struct {
	// Engines lead to the same ledger: the nodes of a consortium, or one.
	Engines []ledger.Ledger
	// Trust is the ledger's trust file.
	Trust *ledger.TrustFile
	// Root is the signature key of the root agency, which alone decides under the
	// first agreement. Next is the key that signs the next one.
	Root, Next crypto.Signer
	// Agreement returns the agreement that holds.
	Agreement func() *ledger.Agreement
	// CloseEpoch waits, or turns a clock, until an epoch is closed that began
	// after the call.
	CloseEpoch func()
	// Now is the time at which proofs are judged.
	Now func() time.Time
}

// Run runs the suite against ledgers that fresh makes.
func Run(t *testing.T, fresh func(t *testing.T) *World) {
	for name, part := range map[string]func(*world){
		"Proofs":      (*world).proofs,
		"Replay":      (*world).replay,
		"Receipts":    (*world).receipts,
		"Refusals":    (*world).refusals,
		"Atomic":      (*world).atomic,
		"Elsewhere":   (*world).elsewhere,
		"Consistency": (*world).consistency,
		"History":     (*world).history,
		"Agreements":  (*world).agreements,
		"Epochs":      (*world).epochs,
		"UseOnce":     (*world).useOnce,
		"Auditor":     (*world).auditor,
		"Bundle":      (*world).bundle,
		"Tiles":       (*world).tiles,
		"Names":       (*world).names,
		"Stolen":      (*world).stolen,
	} {
		t.Run(name, func(t *testing.T) { part(&world{World: fresh(t), TB: t}) })
	}
}

// patience is how long an engine may take for one batch.
const patience = time.Minute

type world struct {
	*World
	testing.TB
}

// agency is a DID with its key.
type agency struct {
	did string
	key crypto.Signer
}

func (w *world) newKey() crypto.Signer {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	return key
}

func (w *world) sign(object ledger.Object, signers ...crypto.Signer) *ledger.SignedOperation {
	w.Helper()
	signed, err := ledger.SignObject(w.Trust.ID(), object, signers...)
	if err != nil {
		w.Fatal(err)
	}
	return signed
}

// successor is the next agreement, of the same witnesses.
func (w *world) successor() *ledger.Agreement {
	w.Helper()
	next := w.Agreement().Successor()
	next.Deciders[0], _ = Decider(w, w.Root)
	return next
}

func (w *world) try(engine int, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.Engines[engine%len(w.Engines)].Submit(ctx, ops...)
}

func (w *world) submit(ops ...*ledger.SignedOperation) *ledger.Receipt {
	w.Helper()
	r, err := w.try(0, ops...)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) refuse(want error, ops ...*ledger.SignedOperation) {
	w.Helper()
	r, err := w.try(0, ops...)
	var refused *ledger.RefusedError
	if r != nil || !errors.As(err, &refused) || !errors.Is(err, want) {
		w.Errorf("got %v, want %v", err, want)
	}
}

// agency makes a DID with an accreditation to issue.
func (w *world) agency(extra ...ledger.PublicKey) *agency {
	return w.agencyOf(w.newKey(), nil, extra...)
}

// agencyOf makes one whose next change another key may sign.
func (w *world) agencyOf(key crypto.Signer, next [][32]byte, extra ...ledger.PublicKey) *agency {
	w.Helper()
	a := &agency{key: key}
	create := w.sign(&ledger.DID{Keys: append([]ledger.PublicKey{w.signatureKey("sig-1", key)}, extra...), Next: next}, key, w.Root)
	var err error
	if a.did, err = ledger.DIDOf(create.Operation); err != nil {
		w.Fatal(err)
	}
	w.submit(create, w.sign(&ledger.Accreditation{
		Agency: a.did, Action: ledger.ActionIssue, Region: region, Type: credentialType, Accreditor: w.Trust.RootDID, State: ledger.StateActive, Subject: SubjectOf(a.did),
	}, w.Root))
	return a
}

func (w *world) signatureKey(id string, key crypto.Signer) ledger.PublicKey {
	w.Helper()
	public, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		w.Fatal(err)
	}
	return ledger.PublicKey{ID: id, Purpose: ledger.PurposeSignature, Public: public}
}

const (
	region         = "110000"
	credentialType = "urn:hufu:test"
	listURI        = "https://example.org/status/1"
)

func numbered(n int) [32]byte { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n))) }

func (w *world) anchor(n int) *ledger.SignedOperation {
	return w.sign(&ledger.Anchor{Hash: numbered(n), Count: 1, Agency: w.Trust.RootDID}, w.Root)
}

// anchorKey is where that anchor stands.
func (w *world) anchorKey(n int) string { return ledger.AnchorKey(w.Trust.RootDID, numbered(n)) }

// view proves keys at every engine and verifies them; the last one's view is
// returned.
func (w *world) view(keys ...string) (v *ledger.View) {
	w.Helper()
	for _, engine := range w.Engines {
		proof, err := engine.Prove(context.Background(), keys...)
		if err != nil {
			w.Fatal(err)
		}
		if v, err = ledger.Verify(w.Trust, proof, ledger.VerifyOptions{Now: w.Now()}); err != nil {
			w.Fatal(err)
		}
	}
	return v
}
