package ledgertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// play is one run of [Property].
type play struct {
	testing.TB
	*Stage
	rand *mathrand.Rand
	id   ledger.ID

	root    *party
	parties []*party // the root is the first
	holds   *ledger.Agreement
	next    crypto.Signer // signs the agreement after it
	made    uint64        // numbers whatever is made

	// given are the accreditations that the ledger has, by key, and purposes likewise.
	given    held[*ledger.Accreditation]
	purposes held[*ledger.Purpose]
	schemas  held[*ledger.Schema]
	trails   held[*ledger.Trail]
	lists    held[*ledger.Status]
	rules    held[*ledger.Rule]
	proofs   [][]byte // proof keys, whoever has them

	taste         []func(*play) []act // what this play does most
	honest        bool                // nobody signs for another, or takes another's key
	spent         map[string]uint64   // bytes by agency and day
	accepted      []*ledger.SignedOperation
	refused, full int
}

// held are objects that the ledger has, in the order in which their keys came: a seed makes
// the same play again, whatever the keys are.
type held[T ledger.Object] struct {
	all   []T
	place map[string]int
}

func (h *held[T]) put(o T) {
	if h.place == nil {
		h.place = map[string]int{}
	}
	at, there := h.place[o.Key()]
	if !there {
		at = len(h.all)
		h.place[o.Key()], h.all = at, append(h.all, o)
	}
	h.all[at] = o
}

// party is a DID and its keys.
type party struct {
	did       string
	key, next crypto.Signer
	object    *ledger.DID
	stolen    []crypto.Signer // keys that a thief has
}

func newPlay(t testing.TB, seed uint64, s *Stage) *play {
	p := &play{
		TB: t, Stage: s, rand: mathrand.New(mathrand.NewPCG(seed, seed)), id: s.Founding.ID(), holds: s.Agreement, next: s.Next,
	}
	p.spent = map[string]uint64{}
	p.taste = tastes[seed%uint64(len(tastes))]
	p.root = &party{did: s.Founding.RootDID, key: s.Root}
	p.parties = []*party{p.root}
	for range 3 {
		p.newParty(1)
	}
	return p
}

func (p *play) newKey() crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.Fatal(err)
	}
	return key
}

func (p *play) public(key crypto.Signer) []byte {
	b, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		p.Fatal(err)
	}
	return b
}

// number is another one each time.
func (p *play) number() [32]byte {
	p.made++
	return numbered(int(p.made))
}

func (p *play) chance(percent int) bool { return p.rand.IntN(100) < percent }

func pick[T any](p *play, from []T) T { return from[p.rand.IntN(len(from))] }

func (p *play) someone() *party { return pick(p, p.parties) }

// step submits one operation, sometimes a few together.
func (p *play) step() {
	var acts []act
	for range 1 + max(0, p.rand.IntN(6)-4) {
		from := kinds
		if p.chance(50) {
			from = p.taste
		}
		acts = append(acts, pick(p, from)(p)...)
	}
	if len(acts) > 0 {
		p.submit(acts...)
	}
}

// act is an object, who signs it, and what the model learns if it is accepted.
type act struct {
	object  ledger.Object
	signers []crypto.Signer
	learn   func(op *ledger.SignedOperation)
}

// submit hands acts in, now and then with somebody else's signature. It reports whether
// the ledger accepted them.
func (p *play) submit(acts ...act) bool {
	p.Helper()
	var ops []*ledger.SignedOperation
	for _, a := range acts {
		if a.object.Check() != nil {
			return false // an object out of range is the business of other tests
		}
		if !p.honest && p.chance(5) {
			a.signers[0] = p.someone().key
		}
		op, err := ledger.SignObject(p.id, a.object, a.signers...)
		if errors.Is(err, ledger.ErrFormat) { // one signer twice
			return false
		}
		if err != nil {
			p.Fatal(err)
		}
		ops = append(ops, op)
	}
	err := p.Submit(ops...)
	var refusal *ledger.RefusedError
	switch {
	case err == nil:
		p.accepted = append(p.accepted, ops...)
		for i, a := range acts {
			p.charge(pays(a.object), len(ops[i].Bytes()))
			if a.learn != nil {
				a.learn(ops[i])
			}
		}
	case errors.As(err, &refusal):
		p.refused++
		if errors.Is(err, ledger.ErrFull) {
			p.full++
		}
	default:
		p.Fatalf("a submission stopped the ledger: %v", err)
	}
	return err == nil
}

// must is submit by the root, which nothing may keep from it.
func (p *play) must(what string, object ledger.Object, signers ...crypto.Signer) *ledger.SignedOperation {
	p.Helper()
	op, err := ledger.SignObject(p.id, object, signers...)
	if err != nil {
		p.Fatal(err)
	}
	if err := p.Submit(op); err != nil {
		p.Errorf("the root cannot %s: %v", what, err)
	}
	p.accepted = append(p.accepted, op)
	return op
}

func (p *play) closeEpoch() *ledger.Epoch {
	p.Helper()
	current := ledger.EpochAt(p.Now(), p.EpochLength)
	epoch, err := p.CloseEpoch()
	if err != nil || epoch.Number <= current {
		p.Fatalf("the epoch does not close: %v", err)
	}
	return epoch
}

func (p *play) check() {
	p.Helper()
	if err := p.Check(); err != nil {
		p.Fatalf("what was accepted does not hold: %v", err)
	}
}

// elsewhere hands everything in at a ledger that the same root founded anew.
func (p *play) elsewhere() {
	anew := p.Founding
	anew.First[0] ^= 1
	there, err := machine.New(SmallZK{}, anew, machine.Options{EpochLength: p.EpochLength})
	if err != nil {
		p.Fatal(err)
	}
	store := machine.NewMemory()
	for _, op := range p.accepted {
		if _, err := there.Apply(store, p.Now(), op); !errors.Is(err, ledger.ErrSignature) {
			p.Errorf("an operation of kind %s counts elsewhere: %v", op.Operation.Kind, err)
		}
	}
}

// repair takes back everything, and lets a new office begin.
func (p *play) repair() {
	p.honest = true
	for _, a := range p.given.all {
		if a.Accreditor != p.root.did && a.State != ledger.StateRevoked {
			// Another who stands may bear its name.
			if taken := p.takeOver(a, ledger.ErrFull, ledger.ErrTaken); taken != nil {
				p.takeBack(taken)
			}
		}
	}
	for _, purpose := range p.purposes.all {
		taken := *purpose
		taken.Regulator, taken.Via, taken.State = p.root.did, "", ledger.StateActive
		p.must("take over a purpose", &taken, p.root.key)
		taken.State = ledger.StateEnded
		p.must("end a purpose", &taken, p.root.key)
	}
	for _, a := range p.given.all { // what the root gave falls, and all below it
		if a.Accreditor == p.root.did && a.State != ledger.StateRevoked {
			p.takeBack(a)
		}
	}
	for _, a := range p.given.all { // now there is room
		var reasons []error
		if !p.fits(a) {
			reasons = []error{ledger.ErrFull}
		}
		if taken := p.takeOver(a, reasons...); taken != nil {
			p.takeBack(taken)
		}
	}
	before := p.closeEpoch()
	office := p.newParty(1)
	if office == nil {
		p.Error("no new DID is taken")
		return
	}
	p.must("accredit an office", &ledger.Accreditation{
		Agency: office.did, Action: ledger.ActionIssue, Region: region, Type: "urn:new", Accreditor: p.root.did, State: ledger.StateActive, Subject: SubjectOf(office.did),
	}, p.root.key)
	p.must("publish a schema", &ledger.Schema{ID: fmt.Sprint("new", p.made), Version: 1, VCT: "urn:new", Owner: office.did}, office.key)
	p.must("keep a status list", &ledger.Status{URI: fmt.Sprint("https://new.example/", p.made), Issuer: office.did, Sequence: 1}, office.key)
	if after := p.closeEpoch(); after.RegistryRoot == before.RegistryRoot {
		p.Error("a new office is not in the registry")
	}
	next, key := p.successor()
	p.must("agree", next, key)
}

// fits reports whether the registry has room for what an agency alone would issue.
func (p *play) fits(a *ledger.Accreditation) bool {
	keys, schemas := 0, 0
	for _, q := range p.parties {
		if q.did != a.Agency || q.object == nil {
			continue
		}
		for _, k := range q.object.Keys {
			if k.Purpose == ledger.PurposeProof {
				keys++
			}
		}
	}
	for _, s := range p.schemas.all {
		if s.VCT == a.Type {
			schemas++
		}
	}
	return a.Action != ledger.ActionIssue || keys*schemas <= smallRegistry
}

// takeOver gives in the root's name what another gave. It is nil where the ledger refuses
// for one of the reasons.
func (p *play) takeOver(a *ledger.Accreditation, reasons ...error) *ledger.Accreditation {
	taken := *a
	taken.Accreditor, taken.Via, taken.From, taken.Until, taken.State = p.root.did, "", 0, 0, ledger.StateActive
	taken.Subject = SubjectOf(a.Agency)
	op, err := ledger.SignObject(p.id, &taken, p.root.key)
	if err != nil {
		p.Fatal(err)
	}
	err = p.Submit(op)
	for _, reason := range reasons {
		if errors.Is(err, reason) {
			return nil
		}
	}
	if err != nil {
		p.Errorf("the root cannot take over what another gave: %v", err)
	}
	p.accepted = append(p.accepted, op)
	return &taken
}

func (p *play) takeBack(a *ledger.Accreditation) {
	back := *a
	back.State = ledger.StateRevoked
	p.must("revoke what it gave", &back, p.root.key)
}

// newParty makes a DID with some proof keys, and lets somebody admit it; nil where the
// ledger refuses.
func (p *play) newParty(proofs int) *party {
	q := &party{key: p.newKey(), next: p.newKey()}
	q.object = &ledger.DID{
		Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: p.public(q.key)}},
		Next: [][32]byte{ledger.KeyHash(p.public(q.next))},
	}
	for range proofs {
		q.object.Keys = append(q.object.Keys, p.proofKey())
	}
	sponsor, signers := p.sponsor(), []crypto.Signer{q.key}
	if sponsor != nil {
		signers = append(signers, sponsor.key)
	}
	ok := p.submit(act{q.object, signers, func(op *ledger.SignedOperation) {
		did, err := ledger.DIDOf(op.Operation)
		if err != nil {
			p.Fatal(err)
		}
		if !p.mayAdmit(sponsor) {
			p.Fatal("a newcomer whom no agency admits is on the ledger")
		}
		p.charge(sponsor.did, len(op.Bytes()))
		q.did, q.object.ID = did, did
		p.parties = append(p.parties, q)
	}})
	if !ok {
		return nil
	}
	return q
}

// proofKey is a new proof key, now and then another's.
func (p *play) proofKey() ledger.PublicKey {
	public := p.number()
	k := ledger.PublicKey{ID: fmt.Sprint("zk-", p.made), Purpose: ledger.PurposeProof, Public: public[:]}
	if !p.honest && len(p.proofs) > 0 && p.chance(10) {
		k.Public = pick(p, p.proofs)
	} else {
		p.proofs = append(p.proofs, public[:])
	}
	return k
}

// successor is the next agreement of the same witnesses, and the key that signs it.
func (p *play) successor() (*ledger.Agreement, crypto.Signer) {
	next := p.holds.Successor()
	key := p.next
	next.Deciders[0], p.next = Decider(p, p.root.key)
	p.holds = next
	return next, key
}

func random16(p *play) (r [16]byte) {
	binary.BigEndian.PutUint64(r[:], p.rand.Uint64())
	return r
}
