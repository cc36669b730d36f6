package machine_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// TestUnauthorised tries every kind of object with everybody's key but the
// right one, and then with the right one.
func TestUnauthorised(t *testing.T) {
	for kind, c := range map[string]func(w *world, a *agency) (object ledger.Object, right, wrong crypto.Signer){
		"did, current key is not the next": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return a.change(w), a.next, a.key
		},
		"accr": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return w.accreditation(a, ledger.ActionVerify, beijing), w.root.key, a.key
		},
		"schema": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return schemaOf(a, 1), a.key, w.root.key
		},
		"status": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return statusOf(a, 1), a.key, w.root.key
		},
		"revoke": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			w.accept(w.sign(statusOf(a, 1), a.key))
			return &ledger.Revocation{ProofKey: proofKey(7).Public, List: listURI, Index: 5}, a.key, w.root.key
		},
		"vk": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return vkOf("prepare"), w.root.key, a.key
		},
		"anchor": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return anchorOf(a, 1), a.key, w.root.key
		},
		"trust": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return w.consortium(1, 1, a.key), w.promised(1, w.root.key), w.root.key
		},
		"rule": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return ruleOf(a), a.key, w.root.key
		},
		"purpose": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return w.purposeOf(a), w.root.key, a.key
		},
		"audit": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return &ledger.Audit{Agency: a.did, Hash: [32]byte{4}}, a.key, w.root.key
		},
		"keyfile": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return &ledger.KeyFile{File: []byte{1}, Agency: a.did}, a.key, w.root.key
		},
		"use": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			return useOf(a, w.counting(a), 1), a.key, w.root.key
		},
		"trail": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			w.accept(w.sign(ruleOf(a), a.key))
			first := trailOf(w, a, a.next)
			w.accept(w.sign(first, a.key, a.next))
			return step(first, "noted"), a.key, w.root.key
		},
		"grant": func(w *world, a *agency) (ledger.Object, crypto.Signer, crypto.Signer) {
			key := newKey(w)
			g := w.grantOf(a, key)
			w.accept(w.sign(g, key, a.key))
			g.State = ledger.GrantRevoked
			return g, key, a.key
		},
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			a := w.accredited(proofKey(7))
			object, right, wrong := c(w, a)
			w.refuse(ledger.ErrUnauthorised, w.sign(object, wrong))
			w.refuse(ledger.ErrUnauthorised, w.sign(object, newKey(t)))
			w.refuse(ledger.ErrUnsigned, w.sign(object))
			w.accept(w.sign(object, right))
		})
	}
}

func vkOf(circuit string) *ledger.VK {
	return &ledger.VK{Circuit: circuit, TranscriptHash: [32]byte{1}, Setup: ledger.SetupCeremony, State: ledger.VKActive}
}

func TestCreatedByOwnKey(t *testing.T) {
	w := newWorld(t)
	a, _ := w.newAgency()
	a.object.ID = ""
	w.refuse(ledger.ErrUnauthorised, w.sign(a.object, newKey(t)))
	a.object.Sequence = 1
	w.refuse(ledger.ErrConflict, w.sign(a.object, a.key))
}

func TestBadSignature(t *testing.T) {
	w := newWorld(t)
	op := w.sign(anchorOf(w.root, 1), w.root.key)
	op.Signatures[0].Signature[5] ^= 1
	w.refuse(ledger.ErrSignature, op)

	other := w.sign(anchorOf(w.root, 2), w.root.key)
	op.Signatures = other.Signatures
	w.refuse(ledger.ErrSignature, op)
}

func TestUnknownKind(t *testing.T) {
	w := newWorld(t)
	op := w.sign(anchorOf(w.root, 1), w.root.key).Operation
	op.Kind = "coin"
	w.refuse(ledger.ErrUnknownKind, must(ledger.Sign(w.founding.ID(), op, w.root.key))(t))
}

// TestKeyOfAnother moves each object under a key that is not its own.
func TestKeyOfAnother(t *testing.T) {
	w := newWorld(t)
	a := w.accredited(proofKey(7))
	w.accept(w.sign(statusOf(a, 1), a.key))
	did := a.change(t)
	for _, c := range []struct {
		object ledger.Object
		signer crypto.Signer
		key    string
	}{
		{did, a.next, ledger.DIDKey(w.root.did)[:20]},
		{w.accreditation(a, ledger.ActionVerify, beijing), w.root.key, ledger.AccreditationKey(a.did, ledger.ActionVerify, shanghai, vct)},
		{schemaOf(a, 1), a.key, ledger.SchemaKey("resident", 2)},
		{statusOf(a, 2), a.key, ledger.StatusKey(a.did, "https://example.org/status/2")},
		{&ledger.Revocation{ProofKey: proofKey(7).Public, List: listURI}, a.key, ledger.EpochKey(1)},
		{vkOf("prepare"), w.root.key, ledger.VKKey("show")},
		{anchorOf(a, 1), a.key, ledger.EpochKey(1)},
		{w.consortium(1, 1, a.key), w.promised(1, w.root.key), ledger.AgreementKey(2)},
		{ruleOf(a), a.key, ledger.RuleKey(a.did, "title", 2)},
		{trailOf(t, a, a.next), a.key, ledger.TrailKey(a.did, [32]byte{9})},
		{w.purposeOf(a), w.root.key, ledger.PurposeKey(a.did, "other")},
		{w.grantOf(a, a.key), a.key, ledger.GrantKey(a.did, [32]byte{9})},
		{&ledger.Audit{Agency: a.did}, a.key, ledger.EpochKey(1)},
		{&ledger.KeyFile{File: []byte{1}, Agency: a.did}, a.key, ledger.KeyFileKey([32]byte{9})},
		{useOf(a, new(ledger.Epoch), 1), a.key, ledger.UseKey([32]byte{9})},
	} {
		op := must(ledger.NewOperation(c.object))(t)
		op.Key = c.key
		w.refuse(ledger.ErrKey, must(ledger.Sign(w.founding.ID(), op, c.signer))(t))
	}
}

func TestWriteOnce(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	w.accept(w.sign(schemaOf(a, 1), a.key), w.sign(anchorOf(a, 1), a.key))
	w.refuse(ledger.ErrConflict, w.sign(schemaOf(a, 1), a.key))
	w.refuse(ledger.ErrConflict, w.sign(anchorOf(a, 1), a.key))
}

func TestVerifyingKeyOnlyRetires(t *testing.T) {
	w := newWorld(t)
	vk := vkOf("prepare")
	w.accept(w.sign(vk, w.root.key))
	changed := *vk
	changed.KeyHash[0] = 1
	w.refuse(ledger.ErrConflict, w.sign(&changed, w.root.key))
	retired := *vk
	retired.State = ledger.VKRetired
	w.accept(w.sign(&retired, w.root.key))
	w.refuse(ledger.ErrConflict, w.sign(vk, w.root.key))
}

func TestStatusGrows(t *testing.T) {
	w := newWorld(t)
	a, b := w.accredited(), w.accredited()
	w.accept(w.sign(statusOf(a, 5), a.key))
	w.refuse(ledger.ErrConflict, w.sign(statusOf(a, 5), a.key))
	w.refuse(ledger.ErrConflict, w.sign(statusOf(a, 4), a.key))
	w.accept(w.sign(statusOf(b, 2), b.key)) // another list of the same URI
	w.accept(w.sign(statusOf(a, 6), a.key))
}

// TestOnlyAgenciesPublish: a DID without an accreditation cannot fill the
// ledger, nor one that lost it.
func TestOnlyAgenciesPublish(t *testing.T) {
	w := newWorld(t)
	nobody := w.agency()
	a := w.accredited()
	suspended := w.accreditation(a, ledger.ActionIssue, beijing)
	suspended.State = ledger.StateSuspended
	w.accept(w.sign(suspended, w.root.key))
	for _, x := range []*agency{nobody, a} {
		w.refuse(ledger.ErrUnauthorised, w.sign(schemaOf(x, 1), x.key))
		w.refuse(ledger.ErrUnauthorised, w.sign(statusOf(x, 1), x.key))
		w.refuse(ledger.ErrUnauthorised, w.sign(anchorOf(x, 1), x.key))
	}
}

// TestRevokeWithoutAccreditation: an agency that lost its accreditation goes on with the
// lists that it has, and begins none.
func TestRevokeWithoutAccreditation(t *testing.T) {
	w := newWorld(t)
	a := w.accredited(proofKey(7))
	w.accept(w.sign(statusOf(a, 1), a.key))
	lost := w.accreditation(a, ledger.ActionIssue, beijing)
	lost.State = ledger.StateRevoked
	w.accept(w.sign(lost, w.root.key))
	revocation := &ledger.Revocation{ProofKey: proofKey(7).Public, List: listURI, Index: 5}
	w.accept(w.sign(statusOf(a, 2), a.key), w.sign(revocation, a.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(statusOf(a, 3), newKey(t)))
	begun := statusOf(a, 1)
	begun.URI += "0"
	w.refuse(ledger.ErrUnauthorised, w.sign(begun, a.key))
}

func TestRevokeIsTheOwners(t *testing.T) {
	w := newWorld(t)
	a, b := w.accredited(proofKey(7)), w.accredited(proofKey(8))
	r := &ledger.Revocation{ProofKey: proofKey(7).Public, List: listURI, Index: 5}
	w.refuse(ledger.ErrMissing, w.sign(r, a.key))
	w.accept(w.sign(statusOf(b, 1), b.key))
	w.refuse(ledger.ErrMissing, w.sign(r, a.key)) // the list is another's
	r.ProofKey = proofKey(9).Public
	w.refuse(ledger.ErrMissing, w.sign(r, a.key))
}

func TestTrustByThreshold(t *testing.T) {
	w := newWorld(t)
	a, b, c := newKey(t), newKey(t), newKey(t)
	w.refuse(ledger.ErrUnauthorised, w.sign(w.consortium(1, 2, a, b, c), w.root.key)) // a thief of the key in use
	w.accept(w.sign(w.consortium(1, 2, a, b, c), w.promised(1, w.root.key)))
	a2, b2, c2 := w.promised(2, a), w.promised(2, b), w.promised(2, c)
	w.refuse(ledger.ErrConflict, w.sign(w.consortium(1, 1, a), a2, b2))
	w.refuse(ledger.ErrConflict, w.sign(w.consortium(3, 1, a), a2, b2))
	w.refuse(ledger.ErrUnauthorised, w.sign(w.consortium(2, 1, a), a2))
	w.refuse(ledger.ErrUnauthorised, w.sign(w.consortium(2, 1, a), a2, newKey(t)))
	w.refuse(ledger.ErrUnauthorised, w.sign(w.consortium(2, 1, a), a, b, c))
	w.refuse(ledger.ErrUnauthorised, w.sign(vkOf("show"), w.root.key)) // no longer in the consortium
	fork := w.consortium(2, 1, a)
	fork.Previous = w.consortium(0, 1, a).Hash()
	w.refuse(ledger.ErrConflict, w.sign(fork, b2, c2)) // after another agreement 1
	again := w.consortium(2, 1, a)
	again.Deciders[0].Next = ledger.KeyHash(marshal(t, b2))
	w.refuse(ledger.ErrConflict, w.sign(again, b2, c2)) // counts on a key that is known
	w.refuse(ledger.ErrUnauthorised, w.sign(vkOf("show"), a2, b2))
	w.accept(w.sign(vkOf("show"), a, c))
	w.accept(w.sign(w.consortium(2, 1, a), b2, c2))
	w.accept(w.sign(vkOf("prepare"), a))
}

// TestRulesAtAHeight: from the height on at which newer rules hold, a program that does not
// know them makes no checkpoint.
func TestRulesAtAHeight(t *testing.T) {
	w := newWorld(t)
	height := must(machine.ReadHead(w.store))(t).State.Height
	propose := func(version uint32, from uint64) *ledger.SignedOperation {
		next := w.consortium(1, 1, w.root.key)
		next.Rules = ledger.Rules{Version: version, From: from}
		return w.sign(next, w.promised(1, w.root.key))
	}
	w.refuse(ledger.ErrConflict, propose(2, height+3))
	w.refuse(ledger.ErrConflict, propose(1, height+1)) // the checkpoint that has the agreement
	w.accept(propose(1, height+3))
	soon := w.consortium(2, 1, w.root.key)
	soon.Rules = ledger.Rules{Version: 2, From: height + 9}
	w.refuse(ledger.ErrConflict, w.sign(soon, w.promised(2, w.root.key))) // before the first holds
	w.accept(w.sign(anchorOf(w.root, 1), w.root.key))
	before := dump(t, w.store)
	if _, err := w.machine.Apply(w.store, w.now, w.sign(anchorOf(w.root, 2), w.root.key)); !is(err, ledger.ErrRules) {
		t.Error(err)
	}
	if _, err := w.machine.Apply(w.store, w.now); !is(err, ledger.ErrRules) || !bytes.Equal(before, dump(t, w.store)) {
		t.Error("a heartbeat:", err)
	}
}

// TestAgreementThatStrands: no agreement leaves a consortium that cannot go on.
func TestAgreementThatStrands(t *testing.T) {
	for name, c := range map[string]struct {
		before      int // nodes
		left, joins int
		want        error
	}{
		"one of four replaced": {4, 1, 1, nil},
		"one joins one":        {1, 0, 1, nil},
		"one of three leaves":  {3, 1, 0, nil},
		"two of six replaced":  {6, 2, 2, nil},
		"all leave":            {4, 4, 0, ledger.ErrConflict},
		"all are replaced":     {4, 4, 4, ledger.ErrConflict},
		"two of four leave":    {4, 2, 0, ledger.ErrConflict},
		"two join three":       {3, 0, 2, ledger.ErrConflict},
		"an embedded ledger":   {0, 0, 1, ledger.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			w := unfounded(t, ledgertest.ZK{})
			a := w.consortium(0, 1, w.root.key)
			if c.before > 0 {
				nodes(w, a, 0, c.before)
			}
			w.root.object.ID = "" // founded once more
			var err error
			w.founding, w.first, err = ledger.Found("ledger.example", w.root.object, a, w.root.key)
			if err != nil {
				t.Fatal(err)
			}
			w.machine = w.with(ledgertest.ZK{})
			w.accept(w.first...)
			next := w.consortium(1, 1, w.root.key)
			if c.before > 0 || c.joins > 0 {
				nodes(w, next, c.left, c.before+c.joins)
			}
			if len(next.Witnesses) == 0 { // no voter at all, though others sign
				next = w.consortium(1, 1, w.root.key)
			}
			op := w.sign(next, w.promised(1, w.root.key))
			if c.want != nil {
				w.refuse(c.want, op)
			} else {
				w.accept(op)
			}
		})
	}
}

// nodes makes the nodes from one number up to another those of an agreement.
func nodes(w *world, a *ledger.Agreement, from, to int) {
	w.Helper()
	a.Witnesses, a.Nodes = nil, nil
	for n := from; n < to; n++ {
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(n + 1)}, 32))
		cosigner := must(ledger.NewCosigner(fmt.Sprint("node", n), key, nil))(w)
		a.Witnesses, a.Nodes = append(a.Witnesses, cosigner.VerifierKey()), append(a.Nodes, key.Public().(ed25519.PublicKey))
	}
	a.K = uint32(2*len(a.Nodes)/3 + 1)
}

func TestNoConsortiumYet(t *testing.T) {
	w := unfounded(t, ledgertest.ZK{})
	root, create, agree := w.root, w.first[0], w.first[1]
	w.accept(create)
	w.refuse(ledger.ErrMissing, w.sign(vkOf("prepare"), root.key))
	w.refuse(ledger.ErrConflict, w.sign(w.consortium(1, 1, root.key), root.key))
	w.refuse(ledger.ErrConflict, w.sign(w.consortium(0, 1, newKey(t)), root.key)) // not what the ledger is named by
	w.refuse(ledger.ErrUnauthorised, must(ledger.Sign(w.founding.ID(), agree.Operation, newKey(t)))(t))
	w.refuse(ledger.ErrSuite, w.sign(&ledger.Agreement{
		Witnesses: w.consortium(0, 1, root.key).Witnesses, K: 1, Deciders: []ledger.Decider{{Key: []byte{9}, Next: [32]byte{9}}}, Threshold: 1,
	}, root.key))
	w.accept(agree)
}

func TestOperationSizeIsCapped(t *testing.T) {
	w := newWorld(t)
	op := &ledger.Operation{Kind: ledger.KindAnchor, Key: anchorOf(w.root, 1).Key(), Body: make([]byte, 20_000)}
	w.refuse(ledger.ErrTooLarge, &ledger.SignedOperation{Operation: op})
}

func TestBatchSizeIsCapped(t *testing.T) {
	w := newWorld(t)
	_, err := w.machine.Apply(w.store, w.now, make([]*ledger.SignedOperation, ledger.MaxBatch+1)...)
	if !is(err, ledger.ErrTooLarge) {
		t.Fatal(err)
	}
}

// narrowZK has a revocation tree that is soon full.
type narrowZK struct {
	ledgertest.ZK
	bits, capacity int
}

func (z narrowZK) RevocationBucket() (bits, capacity int) { return z.bits, z.capacity }

// TestRevokeIntoAFullBucket is refused at once: accepted, it would keep every
// later epoch from closing.
func TestRevokeIntoAFullBucket(t *testing.T) {
	for _, c := range []struct{ bits, capacity int }{{0, 2}, {9, 1}} {
		w := newWorld(t)
		var err error
		if w.machine, err = machine.New(narrowZK{bits: c.bits, capacity: c.capacity}, w.founding, machine.Options{}); err != nil {
			t.Fatal(err)
		}
		a := w.accredited(proofKey(7))
		w.accept(w.sign(statusOf(a, 1), a.key))
		taken := map[[2]byte]int{}
		refused, accepted := 0, 0
		for n := byte(0); n < 200; n++ { // some share eight bits, some nine
			random := [16]byte{n}
			handle, err := ledgertest.ZK{}.Handle(proofKey(7).Public, random)
			if err != nil {
				t.Fatal(err)
			}
			bucket := [2]byte{handle[0], handle[1] >> 7}
			if c.bits == 0 {
				bucket = [2]byte{}
			}
			op := w.sign(&ledger.Revocation{ProofKey: proofKey(7).Public, Random: random, List: listURI, Index: uint64(n)}, a.key)
			if taken[bucket] < c.capacity {
				w.accept(op)
				accepted++
			} else {
				w.refuse(ledger.ErrFull, op)
				refused++
			}
			taken[bucket]++
		}
		if refused == 0 || accepted < 2 {
			t.Errorf("bits %d: %d accepted, %d refused", c.bits, accepted, refused)
		}
	}
}
