package ledger_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

// agreement makes the n-th agreement of a chain, signed. before is the one before, nil for
// the first.
func agreement(t testing.TB, w *world, n uint64, before *ledger.SignedOperation, threshold uint32, agencies []crypto.Signer, signers ...crypto.Signer) *ledger.SignedOperation {
	t.Helper()
	trust := &ledger.Agreement{Number: n, Previous: first, Witnesses: []string{w.witnesses[0].VerifierKey()}, K: 1, Threshold: threshold}
	if before != nil {
		trust.Previous = sha256.Sum256(before.Operation.Body)
	}
	for _, a := range agencies {
		key := must(ledger.DefaultSuites().MarshalKey(a.Public()))(t)
		trust.Deciders = append(trust.Deciders, ledger.Decider{Key: key, Next: nextHash(t, a, n+1)})
	}
	var promised []crypto.Signer
	for _, s := range signers {
		promised = append(promised, nextKey(t, s, n))
	}
	return must(ledger.SignObject(ledgerID, trust, promised...))(t)
}

// nextKey is the key with which an agency signs the n-th agreement. It is made of the
// agency's own.
func nextKey(t testing.TB, agency crypto.Signer, n uint64) crypto.Signer {
	t.Helper()
	seed := sha256.Sum256(fmt.Append(must(ledger.DefaultSuites().MarshalKey(agency.Public()))(t), n))
	return must(ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:]))(t)
}

func nextHash(t testing.TB, agency crypto.Signer, n uint64) [32]byte {
	t.Helper()
	return ledger.KeyHash(must(ledger.DefaultSuites().MarshalKey(nextKey(t, agency, n).Public()))(t))
}

func TestFollow(t *testing.T) {
	w := newWorld(t, 1, 1)
	a, b, c := newKey(t), newKey(t), newKey(t)
	pinned := *w.trust
	pinned.Next, pinned.Threshold = [][32]byte{nextHash(t, a, 1)}, 1
	file := must(ledger.NewTrust(pinned))(t)

	one := agreement(t, w, 1, nil, 2, []crypto.Signer{a, b, c}, a)
	two := agreement(t, w, 2, one, 1, []crypto.Signer{b}, a, c)
	last, err := file.Follow(one, two)
	if err != nil || last.Number != 2 || last.Threshold != 1 || last.Origin != file.Origin || last.LogKey != file.LogKey || last.RootDID != file.RootDID || last.ID() != file.ID() {
		t.Fatal(last, err)
	}
	if again := must(ledger.ParseTrust(last.Bytes()))(t); again.Number != 2 || again.Next[0] != last.Next[0] {
		t.Error("the followed file is read back as another")
	}
	if same := must(file.Follow())(t); same.Fingerprint() != file.Fingerprint() {
		t.Error("nothing to follow, yet another file")
	}
	// A thief of the keys in use, which is not what the agreement before committed to.
	stolen := must(ledger.Sign(ledgerID, one.Operation, a))(t)
	// One that counts again on the key that signs it.
	known := agreement(t, w, 1, nil, 1, []crypto.Signer{a}, a)
	body := must(ledger.ParseAgreement(known.Operation.Body))(t)
	body.Deciders[0].Next = nextHash(t, a, 1)
	known = must(ledger.SignObject(ledgerID, body, nextKey(t, a, 1)))(t)
	other := must(ledger.SignObject(ledgerID, anchorOf(1), a))(t)
	// The same agreement for a ledger of the same origin and root, founded anew.
	anew := ledger.Founding{Origin: origin, RootDID: didOf(1), First: [32]byte{2}}.ID()
	elsewhere := must(ledger.Sign(anew, one.Operation, nextKey(t, a, 1)))(t)
	forged := must(ledger.ParseSignedOperation(one.Bytes()))(t)
	forged.Signatures[0].Signature[5] ^= 1
	for name, c := range map[string]struct {
		chain []*ledger.SignedOperation
		want  error
	}{
		"skips one":         {[]*ledger.SignedOperation{two}, ledger.ErrTrustChain},
		"one twice":         {[]*ledger.SignedOperation{one, one}, ledger.ErrTrustChain},
		"a stranger":        {[]*ledger.SignedOperation{agreement(t, w, 1, nil, 1, []crypto.Signer{a}, b)}, ledger.ErrTrustChain},
		"too few":           {[]*ledger.SignedOperation{one, agreement(t, w, 2, one, 1, []crypto.Signer{b}, c)}, ledger.ErrTrustChain},
		"another before":    {[]*ledger.SignedOperation{one, agreement(t, w, 2, nil, 1, []crypto.Signer{b}, a, c)}, ledger.ErrTrustChain},
		"another ledger":    {[]*ledger.SignedOperation{elsewhere}, ledger.ErrSignature},
		"not an agreement":  {[]*ledger.SignedOperation{other}, ledger.ErrTrustChain},
		"keys in use":       {[]*ledger.SignedOperation{stolen}, ledger.ErrTrustChain},
		"known key":         {[]*ledger.SignedOperation{known}, ledger.ErrTrustChain},
		"signature altered": {[]*ledger.SignedOperation{forged}, ledger.ErrSignature},
	} {
		if got, err := file.Follow(c.chain...); !is(err, c.want) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.trust.Follow(one); !is(err, ledger.ErrTrustChain) {
		t.Error("a file without agencies was followed:", err)
	}
}

func TestTrustOfAConsortium(t *testing.T) {
	w := newWorld(t, 3, 4)
	file := *w.trust
	file.LogKey = ""
	consortium := must(ledger.NewTrust(file))(t)
	w.put(anchorOf(1))
	proof := w.prove(anchorOf(1).Key())
	if _, err := ledger.Verify(consortium, proof, ledger.VerifyOptions{Now: start}); err != nil {
		t.Error(err) // the log's line is not asked for
	}
	file.K = 2
	if _, err := ledger.NewTrust(file); !is(err, ledger.ErrValue) {
		t.Error("two of four nodes:", err)
	}
	if text, signatures, err := ledger.Cosignatures(consortium, proof.Checkpoint); err != nil || len(signatures) < 3 || text == "" {
		t.Error(len(signatures), err)
	}
	strangers := newWorld(t, 3, 4)
	strangers.put(anchorOf(1))
	if _, _, err := ledger.Cosignatures(consortium, strangers.prove().Checkpoint); !is(err, ledger.ErrSignature) {
		t.Error(err)
	}
}

func TestVerifyInclusion(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.put(anchorOf(1))
	leaf := w.prove(anchorOf(1).Key())
	good := &ledger.Inclusion{Checkpoint: leaf.Checkpoint, Leaf: leaf.StateLeaf, Path: leaf.Inclusion}
	head := must(ledger.OpenCheckpoint(w.trust, leaf.Checkpoint))(t)
	good.Index = head.Size - 1
	if _, err := ledger.VerifyInclusion(w.trust, must(ledger.ParseInclusion(good.Bytes()))(t), ledger.VerifyOptions{Now: start}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		alter func(p *ledger.Inclusion)
		want  error
	}{
		"leaf":          {func(p *ledger.Inclusion) { p.Leaf = append([]byte{}, p.Leaf[1:]...) }, ledger.ErrNotIncluded},
		"place":         {func(p *ledger.Inclusion) { p.Index-- }, ledger.ErrNotIncluded},
		"place outside": {func(p *ledger.Inclusion) { p.Index = head.Size }, ledger.ErrNotIncluded},
		"path":          {func(p *ledger.Inclusion) { p.Path = append(p.Path, tlog.Hash{}) }, ledger.ErrNotIncluded},
		"no checkpoint": {func(p *ledger.Inclusion) { p.Checkpoint = nil }, ledger.ErrFormat},
		"path too long": {func(p *ledger.Inclusion) { p.Path = make([]tlog.Hash, 64) }, ledger.ErrTooLarge},
	} {
		p := *good
		c.alter(&p)
		if _, err := ledger.VerifyInclusion(w.trust, &p, ledger.VerifyOptions{Now: start}); !is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ledger.VerifyInclusion(w.trust, good, ledger.VerifyOptions{Now: start.Add(48 * time.Hour)}); !is(err, ledger.ErrStale) {
		t.Error("two days later:", err)
	}
	if _, err := ledger.VerifyInclusion(w.trust, nil, ledger.VerifyOptions{Now: start}); !is(err, ledger.ErrFormat) {
		t.Error("nothing:", err)
	}
}
