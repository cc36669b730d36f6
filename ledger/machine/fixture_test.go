package machine_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

var start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

const (
	vct      = "https://example.org/resident"
	beijing  = "110000"
	dongche  = "110101"
	shanghai = "310000"
	listURI  = "https://example.org/status/1"
	origin   = "ledger.example/test"
)

// agency is a DID with its keys.
type agency struct {
	did       string
	key, next crypto.Signer
	object    *ledger.DID
}

// world is a ledger in memory with a root agency and a clock.
type world struct {
	testing.TB
	now     time.Time
	store   *machine.Memory
	machine *machine.Machine
	root    *agency
	// founding names the ledger, and first are its first operations.
	founding ledger.Founding
	first    []*ledger.SignedOperation
	// promises are the keys that sign the next agreements.
	promises map[string]crypto.Signer
}

func newWorld(t testing.TB) *world { return newWorldWith(t, ledgertest.ZK{}) }

func newWorldWith(t testing.TB, zk ledger.ZK) *world {
	t.Helper()
	w := unfounded(t, zk)
	w.accept(w.first...)
	return w
}

// unfounded is a world whose first operations wait.
func unfounded(t testing.TB, zk ledger.ZK) *world {
	t.Helper()
	w := &world{TB: t, now: start, store: machine.NewMemory(), promises: map[string]crypto.Signer{}}
	w.root = newAgency(t)
	var err error
	w.founding, w.first, err = ledger.Found("ledger.example", w.root.object, w.consortium(0, 1, w.root.key), w.root.key)
	if err != nil {
		t.Fatal(err)
	}
	w.root.did, w.root.object.ID = w.founding.RootDID, w.founding.RootDID
	w.machine = w.with(zk)
	return w
}

// with is a machine of the same ledger.
func (w *world) with(zk ledger.ZK) *machine.Machine {
	w.Helper()
	return must(machine.New(zk, w.founding, machine.Options{}))(w)
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func marshal(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	b, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newAgency(t testing.TB, extra ...ledger.PublicKey) *agency {
	t.Helper()
	a := &agency{key: newKey(t), next: newKey(t)}
	a.object = &ledger.DID{
		Keys: append([]ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: marshal(t, a.key)}}, extra...),
		Next: [][32]byte{ledger.KeyHash(marshal(t, a.next))},
	}
	return a
}

// newAgency makes a DID that the root agency admits, not yet on the ledger.
func (w *world) newAgency(extra ...ledger.PublicKey) (*agency, *ledger.SignedOperation) {
	w.Helper()
	return w.newcomer([]crypto.Signer{w.root.key}, extra...)
}

// newcomer makes a DID that others countersign.
func (w *world) newcomer(admit []crypto.Signer, extra ...ledger.PublicKey) (*agency, *ledger.SignedOperation) {
	w.Helper()
	a := newAgency(w, extra...)
	create := w.sign(a.object, append([]crypto.Signer{a.key}, admit...)...)
	a.did = must(ledger.DIDOf(create.Operation))(w)
	a.object.ID = a.did
	return a, create
}

func (w *world) agency(extra ...ledger.PublicKey) *agency {
	w.Helper()
	a, create := w.newAgency(extra...)
	w.accept(create)
	return a
}

// change is the DID's next state, for the caller to alter.
func (a *agency) change(t testing.TB) *ledger.DID {
	d := must(ledger.ParseDID(a.did, a.object.Bytes()))(t)
	d.Sequence++
	d.Next = nil
	return d
}

func proofKey(n byte) ledger.PublicKey {
	return ledger.PublicKey{ID: "zk-1", Purpose: ledger.PurposeProof, Public: bytes.Repeat([]byte{n}, 32)}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// consortium is an agreement with the given agency keys, after the newest.
func (w *world) consortium(number uint64, threshold uint32, keys ...crypto.Signer) *ledger.Agreement {
	w.Helper()
	_, witness, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	cosigner := must(ledger.NewCosigner("witness.example", witness, nil))(w)
	trust := &ledger.Agreement{Number: number, Witnesses: []string{cosigner.VerifierKey()}, K: 1, Threshold: threshold}
	if last := must(machine.CurrentTrust(w.store))(w); number > 0 && last != nil {
		trust.Previous = last.Hash()
	} else if number > 0 {
		trust.Previous = [32]byte{1}
	}
	for _, key := range keys {
		trust.Deciders = append(trust.Deciders, ledger.Decider{Key: marshal(w, key), Next: ledger.KeyHash(marshal(w, w.promised(number+1, key)))})
	}
	return trust
}

// promised is the key with which an agency signs the agreement of a number, if the one
// before is w.consortium's.
func (w *world) promised(number uint64, key crypto.Signer) crypto.Signer {
	w.Helper()
	name := fmt.Sprintf("%d %x", number, marshal(w, key))
	if w.promises[name] == nil {
		w.promises[name] = newKey(w)
	}
	return w.promises[name]
}

func (w *world) sign(object ledger.Object, signers ...crypto.Signer) *ledger.SignedOperation {
	w.Helper()
	return must(ledger.SignObject(w.founding.ID(), object, signers...))(w)
}

func (w *world) accept(ops ...*ledger.SignedOperation) *machine.Commit {
	w.Helper()
	return must(w.machine.Apply(w.store, w.now, ops...))(w)
}

func (w *world) refuse(want error, ops ...*ledger.SignedOperation) {
	w.Helper()
	before := dump(w, w.store)
	_, err := w.machine.Apply(w.store, w.now, ops...)
	var refused *ledger.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, want) {
		w.Errorf("got %v, want %v", err, want)
	}
	if !bytes.Equal(before, dump(w, w.store)) {
		w.Error("a refused batch left something behind")
	}
}

func dump(t testing.TB, store machine.Store) []byte {
	h := sha256.New()
	for _, table := range machine.Tables() {
		h.Write([]byte(table))
		err := store.Scan(table, nil, func(key, value []byte) error {
			h.Write(append(bytes.Clone(key), value...))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return h.Sum(nil)
}

// accreditation by the root, for alteration.
func (w *world) accreditation(to *agency, action, region string) *ledger.Accreditation {
	return &ledger.Accreditation{
		Agency: to.did, Action: action, Region: region, Type: vct, Accreditor: w.root.did, State: ledger.StateActive,
		Subject: ledgertest.SubjectOf(to.did),
	}
}

// accredited is a new agency that may issue in Beijing.
func (w *world) accredited(extra ...ledger.PublicKey) *agency {
	w.Helper()
	a := w.agency(extra...)
	w.accept(w.sign(w.accreditation(a, ledger.ActionIssue, beijing), w.root.key))
	return a
}

func schemaOf(owner *agency, version uint32) *ledger.Schema {
	return &ledger.Schema{ID: "resident", Version: version, VCT: vct, Hash: sha256.Sum256([]byte("file")), Attributes: [16]string{"name", "birth"}, Owner: owner.did}
}

func statusOf(issuer *agency, sequence uint64) *ledger.Status {
	return &ledger.Status{URI: listURI, Issuer: issuer.did, Sequence: sequence, Root: sha256.Sum256([]byte{byte(sequence)})}
}

func anchorOf(a *agency, n byte) *ledger.Anchor {
	return &ledger.Anchor{Hash: sha256.Sum256([]byte{n}), Count: 1, Agency: a.did}
}

func ruleOf(owner *agency) *ledger.Rule {
	return &ledger.Rule{
		ID: "title", Version: 1, Hash: sha256.Sum256([]byte("rule")), Owner: owner.did, MaxAge: 7200, Type: vct,
		Question: ledger.Question{Schema: "resident", Version: 1, Statement: [32]byte{18}},
		Transitions: []ledger.Transition{
			{From: "", To: "held", Signers: ledger.SignerRegistrar | ledger.SignerNext},
			{From: "held", To: "closed", Signers: ledger.SignerHolder},
			{From: "held", To: "held", Signers: ledger.SignerRegistrar | ledger.SignerHolder | ledger.SignerNext},
			{From: "held", To: "noted", Signers: ledger.SignerRegistrar},
		},
	}
}

func trailOf(t testing.TB, registrar *agency, holder crypto.Signer) *ledger.Trail {
	return &ledger.Trail{
		Record: [32]byte{1}, Founder: registrar.did, RuleOwner: registrar.did, Rule: "title", Version: 1, State: "held", Commitment: [32]byte{1}, Holder: marshal(t, holder),
		Registrar: registrar.did, Region: dongche,
	}
}

// step is what may follow a trail, for alteration.
func step(before *ledger.Trail, state string) *ledger.Trail {
	next := *before
	next.State, next.Sequence, next.Previous = state, before.Sequence+1, sha256.Sum256(before.Bytes())
	next.Commitment[0]++
	return &next
}

func (w *world) purposeOf(verifier *agency) *ledger.Purpose {
	return &ledger.Purpose{
		Verifier: verifier.did, ID: "housing", Regulator: w.root.did, Region: beijing,
		Basis: ledger.Text{English: "Housing act, article 3", Chinese: "住房条例第三条"},
		Asked: []ledger.Asked{{Type: vct, Claims: []string{"name"}, Statements: []string{"birth"}}}, Retention: "P5Y", State: ledger.StateActive,
	}
}

func (w *world) grantOf(a *agency, key crypto.Signer) *ledger.Grant {
	return &ledger.Grant{
		Hash: [32]byte{2}, PublicKey: marshal(w, key), Tag: [32]byte{3}, Agency: a.did,
		Until: w.now.Add(time.Hour).Unix(), State: ledger.GrantActive,
	}
}

// counting is a ledger on which the agency may count uses: a rule, a verifying
// key with its bytes, and a closed epoch, which is returned.
func (w *world) counting(a *agency) *ledger.Epoch {
	w.Helper()
	return w.countingWith(a, vkOf("use"))
}

func (w *world) countingWith(a *agency, vk *ledger.VK) *ledger.Epoch {
	w.Helper()
	file := &ledger.KeyFile{File: []byte("verifying key"), Agency: a.did}
	vk.KeyHash = sha256.Sum256(file.File)
	w.accept(w.sign(ruleOf(a), a.key), w.sign(vk, w.root.key), w.sign(file, a.key))
	w.now = w.now.Add(time.Hour)
	commit := w.accept()
	return must(ledger.ParseEpoch(must(machine.Value(w.store, ledger.EpochKey(commit.Head.State.Epoch)))(w)))(w)
}

func useOf(a *agency, e *ledger.Epoch, person byte) *ledger.Use {
	u := &ledger.Use{Owner: a.did, Rule: "title", Version: 1, Event: "vote", Epoch: e.Number, Payload: [32]byte{person, 1}}
	u.Proof = proofOf(a, e, u, person, ruleOf(a).Question)
	u.Nullifier = ledgertest.NullifierOf([32]byte{person}, a.did, u.Event)
	return u
}

// proofOf is what a person proves who answers a question.
func proofOf(a *agency, e *ledger.Epoch, u *ledger.Use, person byte, q ledger.Question) []byte {
	return ledgertest.UsedBy([32]byte{person}, a.did, u.Event, u.Payload, q, e.Number, e.RegistryRoot, e.RevocationRoot, []byte("verifying key"))
}

// audit audits a store that does not change.
func (w *world) audit(store machine.Store) error {
	return w.machine.Audit(context.Background(), machine.ReadsOf(store), machine.NewMemory(), nil)
}

func checkHashes(store machine.Store) error {
	return machine.CheckHashes(context.Background(), machine.ReadsOf(store), func(machine.Store, machine.Head) error { return nil })
}
