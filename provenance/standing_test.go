package provenance_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/provenance"
)

const (
	vct    = "urn:test:resident:1"
	region = "110101"
)

// party is an agency with its keys.
type party struct {
	object    *ledger.DID
	key, next crypto.Signer
}

// nation is a ledger in memory: a root agency, a bureau that it lets accredit, and
// an office that the bureau lets issue.
type nation struct {
	t                    *testing.T
	rand                 *mathrand.Rand
	now                  time.Time
	store                *machine.Memory
	machine              *machine.Machine
	founding             ledger.Founding
	trust                *ledger.TrustFile
	log, witness         *ledger.NoteSigner
	root, bureau, office *party
	links                [2]*ledger.Accreditation // the bureau's, the office's
}

func newNation(t *testing.T, seed uint64) *nation {
	n := &nation{
		t: t, rand: mathrand.New(mathrand.NewPCG(seed, 5)), store: machine.NewMemory(),
		now: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC),
	}
	var create [3]*ledger.Operation
	parties := []**party{&n.root, &n.bureau, &n.office}
	for i, p := range parties {
		*p, create[i] = n.party()
	}
	n.founding = ledger.Founding{Origin: "ledger.example", RootDID: n.root.object.ID, First: [32]byte{1}}
	var err error
	n.machine, err = machine.New(ledgertest.ZK{}, n.founding, machine.Options{})
	none(t, err)
	_, a, _ := ed25519.GenerateKey(rand.Reader)
	_, b, _ := ed25519.GenerateKey(rand.Reader)
	n.log, err = ledger.NewLogSigner("ledger.example", a)
	none(t, err)
	n.witness, err = ledger.NewCosigner("witness.example", b, func() time.Time { return n.now })
	none(t, err)
	n.trust, err = ledger.NewTrust(ledger.TrustFile{
		Origin: "ledger.example", LogKey: n.log.VerifierKey(), WitnessKeys: []string{n.witness.VerifierKey()}, K: 1, RootDID: n.root.object.ID, First: n.founding.First,
	})
	none(t, err)
	for i, p := range parties {
		op, err := ledger.Sign(n.founding.ID(), create[i], (*p).key)
		none(t, err)
		none(t, n.apply(op))
	}
	n.links[0] = &ledger.Accreditation{
		Agency: n.bureau.object.ID, Action: ledger.ActionAccredit, Region: "110000", Type: vct, Accreditor: n.root.object.ID, State: ledger.StateActive,
		Subject: ledgertest.SubjectOf(n.bureau.object.ID),
	}
	n.links[1] = &ledger.Accreditation{
		Agency: n.office.object.ID, Action: ledger.ActionIssue, Region: region, Type: vct,
		Accreditor: n.bureau.object.ID, Via: n.links[0].Key(), State: ledger.StateActive,
		Subject: ledgertest.SubjectOf(n.office.object.ID),
	}
	none(t, n.submit(n.root, &ledger.Schema{ID: "resident", Version: 1, VCT: vct, Owner: n.root.object.ID}))
	none(t, n.submit(n.root, n.links[0]))
	none(t, n.submit(n.bureau, n.links[1]))
	return n
}

func (n *nation) signer() (crypto.Signer, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(n.t, err)
	b, err := ledger.DefaultSuites().MarshalKey(key.Public())
	none(n.t, err)
	return key, b
}

// party is a DID with a key of its own and one pair of keys to issue with.
func (n *nation) party() (*party, *ledger.Operation) {
	p := new(party)
	var own, next []byte
	p.key, own = n.signer()
	p.next, next = n.signer()
	p.object = &ledger.DID{
		Keys: []ledger.PublicKey{{ID: "own", Purpose: ledger.PurposeSignature, Public: own}},
		Next: [][32]byte{ledger.KeyHash(next)},
	}
	n.addPair(p.object, 0)
	op, err := ledger.NewOperation(p.object)
	none(n.t, err)
	p.object.ID, err = ledger.DIDOf(op)
	none(n.t, err)
	return p, op
}

// addPair adds a signature key and a proof key that live and die together.
func (n *nation) addPair(d *ledger.DID, from int64) {
	_, public := n.signer()
	proof := make([]byte, 32)
	binary.BigEndian.PutUint64(proof, n.rand.Uint64()|1)
	name := len(d.Keys)
	d.Keys = append(d.Keys,
		ledger.PublicKey{ID: fmt.Sprint("sig-", name), Purpose: ledger.PurposeSignature, Public: public, From: from},
		ledger.PublicKey{ID: fmt.Sprint("zk-", name), Purpose: ledger.PurposeProof, Public: proof, From: from})
}

func (n *nation) apply(ops ...*ledger.SignedOperation) error {
	_, err := n.machine.Apply(n.store, n.now, ops...)
	return err
}

func (n *nation) submit(by *party, object ledger.Object) error {
	op, err := ledger.SignObject(n.founding.ID(), object, by.key)
	none(n.t, err)
	return n.apply(op)
}

// change changes a DID; the ledger may refuse it.
func (n *nation) change(p *party, edit func(*ledger.DID)) error {
	d, err := ledger.ParseDID(p.object.ID, p.object.Bytes())
	none(n.t, err)
	next, public := n.signer()
	d.Sequence, d.Next = d.Sequence+1, [][32]byte{ledger.KeyHash(public)}
	edit(d)
	op, err := ledger.SignObject(n.founding.ID(), d, p.next)
	if err != nil {
		return err
	}
	if err := n.apply(op); err != nil {
		return err
	}
	p.object, p.next = d, next
	return nil
}

// moment is a time around now, often the beginning of a day.
func (n *nation) moment() int64 {
	at := n.now.Unix() + n.rand.Int64N(6*86400) - 3*86400
	if n.rand.IntN(2) == 0 {
		at = (at+8*3600)/86400*86400 - 8*3600
	}
	return at
}

// states are drawn from: mostly good ones.
var states = []string{
	ledger.StateActive, ledger.StateActive, ledger.StateActive, ledger.StateActive,
	ledger.StateEnded, ledger.StateEnded, ledger.StateSuspended, ledger.StateRevoked,
}

// happen lets one thing happen, or nothing where the ledger refuses it.
func (n *nation) happen() {
	n.now = n.now.Add(time.Duration(n.rand.IntN(40*3600)) * time.Second)
	pair := 1 + 2*n.rand.IntN((len(n.office.object.Keys)-1)/2)
	switch what := n.rand.IntN(24); {
	case what < 10:
		i := n.rand.IntN(2)
		next := *n.links[i]
		next.State = states[n.rand.IntN(len(states))]
		switch {
		case next.State == ledger.StateEnded || n.rand.IntN(3) == 0:
			next.Until = n.moment()
		case next.State == ledger.StateActive:
			next.Until = 0
		}
		if next.State == ledger.StateActive && n.rand.IntN(3) == 0 {
			next.From = n.moment()
		}
		if next.Check() == nil && n.submit([]*party{n.root, n.bureau}[i], &next) == nil {
			n.links[i] = &next
		}
	case what < 18:
		_ = n.change(n.office, func(d *ledger.DID) { // rotates
			from := n.moment()
			for i := range d.Keys[1:] {
				if k := &d.Keys[1+i]; k.Until == 0 {
					k.Until = max(from, k.From+1)
				}
			}
			n.addPair(d, from)
		})
	case what < 21:
		at := n.moment()
		_ = n.change(n.office, func(d *ledger.DID) { d.Keys[pair].Until, d.Keys[pair+1].Until = at, at })
	case what < 23:
		at := n.moment()
		_ = n.change(n.office, func(d *ledger.DID) { d.Keys[pair].CompromisedFrom, d.Keys[pair+1].CompromisedFrom = at, at })
	case n.rand.IntN(4) == 0:
		p := []*party{n.office, n.bureau}[n.rand.IntN(2)]
		_ = n.change(p, func(d *ledger.DID) { d.Deactivated, d.Next = true, nil })
	}
}

// resolve runs use over views that prove more and more.
func (n *nation) resolve(use func(*ledger.View) error) error {
	n.t.Helper()
	head, err := machine.ReadHead(n.store)
	none(n.t, err)
	root, err := machine.RootAt(n.store, head.Size)
	none(n.t, err)
	checkpoint, err := note.Sign(&note.Note{Text: ledger.FormatCheckpoint(n.trust.Origin, head.Size, root)}, n.log, n.witness)
	none(n.t, err)
	var keys []string
	for range 12 {
		proof, err := machine.Prove(n.store, checkpoint, keys...)
		none(n.t, err)
		view, err := ledger.Verify(n.trust, proof, ledger.VerifyOptions{Now: n.now})
		none(n.t, err)
		err = use(view)
		var missing *ledger.NotProvedError
		if !errors.As(err, &missing) {
			return err
		}
		keys = append(keys, missing.Keys...)
	}
	n.t.Fatal("a question without end")
	return nil
}

// shown reports whether a claims presentation counts of a credential that is dated
// by the beginning of a day.
func (n *nation) shown(key *ledger.PublicKey, day time.Time) bool {
	return n.resolve(func(view *ledger.View) error {
		source, id := provenance.Ledger(view), n.office.object.ID
		if _, err := source.Identify(context.Background(), provenance.Message{ID: id, Header: did.Header{Kid: id + "#" + key.ID}, At: day}); err != nil {
			return err
		}
		_, err := source.Vouch(context.Background(), &provenance.Origin{ID: id}, provenance.Deed{Action: ledger.ActionIssue, Type: vct, Region: region, At: day})
		return err
	}) == nil
}

// leaf is a proof key's leaf in the registry and the days that it is for.
func (n *nation) leaf(key *ledger.PublicKey) (leaf [32]byte, from, until uint32, ok bool) {
	none(n.t, n.resolve(func(view *ledger.View) (err error) {
		from, until, ok, err = view.IssuingDays(n.office.object.ID, key.Public, vct, region)
		return err
	}))
	leaf, _ = ledgertest.ZK{}.RegistryLeaf(key.Public, "resident", 1, region, from, until)
	return leaf, from, until, ok
}

// counts is the rule itself, in the words of docs/design.md.
func (n *nation) counts(key *ledger.PublicKey, day int64) bool {
	within := func(from, until int64) bool { return day >= from && (until == 0 || day < until) }
	for _, link := range n.links {
		lost := link.State == ledger.StateSuspended || link.State == ledger.StateRevoked
		if lost || !within(link.From, link.Until) {
			return false
		}
	}
	return key.CompromisedFrom == 0 && within(key.From, key.Until) && !n.office.object.Deactivated && !n.bureau.object.Deactivated
}

// TestBothWaysAgree: whatever happens to an office, a credential counts shown as
// claims exactly if it can be proved in zero knowledge.
func TestBothWaysAgree(t *testing.T) {
	histories := 120
	if testing.Short() {
		histories = 25
	}
	good, bad := 0, 0
	for seed := range histories {
		n := newNation(t, uint64(seed))
		for range 1 + n.rand.IntN(8) {
			n.happen()
		}
		n.now = n.now.Add(2 * time.Hour)
		none(t, n.apply()) // closes the epoch
		head, err := machine.ReadHead(n.store)
		none(t, err)
		registry, err := machine.Registry(n.store, head.State.Epoch)
		none(t, err)
		leaves := 0
		for i := 1; i < len(n.office.object.Keys); i += 2 {
			signature, proof := &n.office.object.Keys[i], &n.office.object.Keys[i+1]
			leaf, from, until, ok := n.leaf(proof)
			if ok {
				leaves++
			}
			if slices.Contains(registry, leaf) != ok {
				t.Fatalf("history %d: the wallet looks for another leaf of key %d than the ledger made", seed, i)
			}
			for d := ledger.Day(n.now) - 25; d < ledger.Day(n.now)+5; d++ {
				day := time.Unix((int64(d)-25567)*86400-8*3600, 0)
				shown, proved := n.shown(signature, day), ok && from <= d && d <= until
				if want := n.counts(signature, day.Unix()); shown != want || proved != want {
					t.Fatalf("history %d, key %d, day %d: counts %v, shown %v, proved %v", seed, i, d, want, shown, proved)
				}
				if shown {
					good++
				} else {
					bad++
				}
			}
		}
		if leaves != len(registry) {
			t.Fatalf("history %d: %d leaves, the office has %d", seed, len(registry), leaves)
		}
	}
	if good < 10*histories || bad < 10*histories {
		t.Errorf("the histories say little: %d good days, %d bad ones", good, bad)
	}
}
