package machine_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// tightZK has a registry of few leaves.
type tightZK struct{ ledgertest.ZK }

const tight = 24

func (tightZK) RegistryCapacity() int { return tight }

func (z tightZK) Roots(leaves [][32]byte, revoked [][ledger.HandleSize]byte) (registry, revocation [32]byte, err error) {
	if len(leaves) > tight {
		return registry, revocation, errors.New("too many leaves")
	}
	return z.ZK.Roots(leaves, revoked)
}

// crowd is a world in which agencies come, rise and fall at random.
type crowd struct {
	*world
	rand     *rand.Rand
	agencies []*agency
	given    []*ledger.Accreditation
	by       map[*ledger.Accreditation]*agency
	key      byte
	version  uint32
	full     int
}

var crowdTypes = []string{"urn:a", "urn:b"}

// do submits an operation, which may be refused for whatever it lacks.
func (c *crowd) do(op *ledger.SignedOperation) bool {
	_, err := c.machine.Apply(c.store, c.now, op)
	var refused *ledger.RefusedError
	if err != nil && !errors.As(err, &refused) {
		c.Fatal(err)
	}
	if errors.Is(err, ledger.ErrFull) {
		c.full++
	}
	return err == nil
}

func (c *crowd) newKey() ledger.PublicKey {
	c.key++
	k := proofKey(c.key)
	k.ID = fmt.Sprintf("zk-%d", c.key)
	return k
}

func (c *crowd) someone() *agency { return c.agencies[c.rand.IntN(len(c.agencies))] }

func (c *crowd) step() {
	switch c.rand.IntN(9) {
	case 0:
		a, create := c.newAgency(c.newKey())
		if c.do(create) {
			c.agencies = append(c.agencies, a)
		}
	case 1, 2:
		c.accredit(c.root, "")
	case 3:
		if via := c.pick(); via != nil {
			for _, a := range c.agencies {
				if a.did == via.Agency {
					c.accredit(a, via.Key())
				}
			}
		}
	case 4:
		a := c.someone()
		c.version++
		s := schemaNamed(a, c.version)
		s.VCT = crowdTypes[c.rand.IntN(2)]
		c.do(c.sign(s, a.key))
	case 5:
		a := c.someone()
		next := a.change(c)
		if next.Keys = append(next.Keys, c.newKey()); c.rand.IntN(4) == 0 {
			next.Keys[1].CompromisedFrom = c.now.Unix()
		}
		key := newKey(c)
		next.Next = [][32]byte{ledger.KeyHash(marshal(c, key))}
		if c.do(c.sign(next, a.next)) {
			a.object, a.next = next, key
		}
	case 6:
		a := c.someone()
		if c.rand.IntN(2) == 0 {
			a = c.root
		}
		c.robbed(a)
	default:
		if g := c.pick(); g != nil {
			again := *g
			again.State = []string{ledger.StateActive, ledger.StateSuspended, ledger.StateRevoked}[c.rand.IntN(3)]
			if c.do(c.sign(&again, c.by[g].key)) {
				*g = again
			}
		}
	}
}

// robbed has an agency say that its signature key was stolen some hours ago.
func (c *crowd) robbed(a *agency) {
	next, key, safe := a.change(c), newKey(c), newKey(c)
	old := slices.IndexFunc(next.Keys, func(k ledger.PublicKey) bool { return bytes.Equal(k.Public, marshal(c, a.key)) })
	next.Keys[old].CompromisedFrom = c.now.Unix() - int64(3600*c.rand.IntN(20))
	id := fmt.Sprintf("sig-%d", len(next.Keys)+1)
	next.Keys = append(next.Keys, ledger.PublicKey{ID: id, Purpose: ledger.PurposeSignature, Public: marshal(c, key)})
	next.Next = [][32]byte{ledger.KeyHash(marshal(c, safe))}
	if len(next.Keys) <= 32 && c.do(c.sign(next, a.next)) {
		a.object, a.key, a.next = next, key, safe
	}
}

func (c *crowd) pick() *ledger.Accreditation {
	if len(c.given) == 0 {
		return nil
	}
	return c.given[c.rand.IntN(len(c.given))]
}

func (c *crowd) accredit(by *agency, via string) {
	a := c.accreditation(c.someone(), []string{ledger.ActionIssue, ledger.ActionAccredit}[c.rand.IntN(2)], []string{beijing, dongche}[c.rand.IntN(2)])
	a.Type, a.Accreditor, a.Via = crowdTypes[c.rand.IntN(2)], by.did, via
	if c.do(c.sign(a, by.key)) {
		c.given, c.by[a] = append(c.given, a), by
	}
}

// Whatever is accepted, the epoch closes, and the log replays.
func TestEveryEpochCloses(t *testing.T) {
	full := 0
	for seed := range uint64(long.Or(12, 2_000)) {
		w := newWorldWith(t, tightZK{})
		c := &crowd{world: w, rand: rand.New(rand.NewPCG(seed, 1)), agencies: []*agency{w.agency()}, by: map[*ledger.Accreditation]*agency{}}
		for range 150 {
			c.step()
			c.now = c.now.Add(time.Hour)
			state := c.accept().Head.State
			if _, err := machine.Value(c.store, ledger.EpochKey(uint64(c.now.Unix()/3600)-1)); err != nil {
				t.Fatalf("seed %d: the epoch before %d does not close: %v", seed, state.Height, err)
			}
		}
		if err := w.audit(w.store); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		full += c.full
	}
	if full == 0 {
		t.Error("the registry was never full, so that this test shows little")
	}
}

// schemaNamed is the first version of a schema of vct that has a number in its name.
func schemaNamed(owner *agency, number uint32) *ledger.Schema {
	s := schemaOf(owner, 1)
	s.ID = fmt.Sprintf("resident-%d", number)
	return s
}

// fill adds schemas of vct from a number on until one is refused, and returns how many
// there were.
func (w *world) fill(owner *agency, number uint32) int {
	w.Helper()
	for n := range 10 * tight {
		_, err := w.machine.Apply(w.store, w.now, w.sign(schemaNamed(owner, number+uint32(n)), owner.key))
		if errors.Is(err, ledger.ErrFull) {
			return n
		}
		if err != nil {
			w.Fatal(err)
		}
	}
	w.Fatal("it is never full")
	return 0
}

// One branch cannot take the registry from the others, and the root makes room again.
func TestOneBranchFillsItsShare(t *testing.T) {
	w := newWorldWith(t, tightZK{})
	thief := w.accredited(proofKey(7))
	if n := w.fill(thief, 1_000); n != tight/4 {
		t.Errorf("one agency added %d leaves, its share is %d", n, tight/4)
	}
	w.accredited(proofKey(8)) // the root may: six leaves more
	if n := w.fill(w.root, 2_000); n != 6 {
		t.Errorf("the root added %d schemas for two issuers beside 12 leaves of %d", n, tight)
	}
	w.refuse(ledger.ErrFull, w.sign(schemaOf(w.root, 1), w.root.key))
	ended := w.accreditation(thief, ledger.ActionIssue, beijing)
	ended.State = ledger.StateRevoked
	w.accept(w.sign(ended, w.root.key), w.sign(schemaOf(w.root, 1), w.root.key))
	w.close()
}

// What agencies add while their accreditor is suspended counts in its share: it may be
// restored.
func TestSuspendedBranchHasOneShare(t *testing.T) {
	w := newWorldWith(t, tightZK{})
	p, entitlement := w.province()
	w.accept(w.sign(schemaOf(w.root, 1), w.root.key))
	a, b := w.agency(proofKey(7)), w.agency(proofKey(8))
	w.accept(w.sign(given(p, entitlement.Key(), a, dongche), p.key), w.sign(given(p, entitlement.Key(), b, dongche), p.key))
	suspended := *entitlement
	suspended.State = ledger.StateSuspended
	w.accept(w.sign(&suspended, w.root.key))
	grown := func(of *agency, from, n byte) *ledger.SignedOperation {
		d := of.change(t)
		for i := range n {
			k := proofKey(from + i)
			k.ID = fmt.Sprintf("zk-%d", from+i)
			d.Keys = append(d.Keys, k)
		}
		return w.sign(d, of.next)
	}
	w.accept(grown(a, 20, tight/4-2))
	w.refuse(ledger.ErrFull, grown(b, 40, 1))
	w.accept(w.sign(entitlement, w.root.key))
	w.close()
}

// A restored accreditor brings back what stood below it: where there is no more room
// for that, it stays revoked.
func TestNoRoomToComeBack(t *testing.T) {
	w := newWorldWith(t, tightZK{})
	p, entitlement := w.province()
	w.accept(w.sign(schemaOf(w.root, 1), w.root.key))
	for n := range byte(tight / 4) {
		a := w.agency(proofKey(10 + n))
		w.accept(w.sign(given(p, entitlement.Key(), a, dongche), p.key))
	}
	revoked := *entitlement
	revoked.State = ledger.StateRevoked
	w.accept(w.sign(&revoked, w.root.key))
	for n := range byte(tight - 3) {
		w.accredited(proofKey(100 + n))
	}
	w.refuse(ledger.ErrFull, w.sign(entitlement, w.root.key))
	w.close()
}

// A compromised key has no leaf any more, and leaves its place to another.
func TestCompromisedKeyLeavesItsPlace(t *testing.T) {
	w := newWorldWith(t, tightZK{})
	a := w.accredited(proofKey(7))
	w.accept(w.sign(schemaOf(w.root, 1), w.root.key))
	for n := range byte(tight - 1) {
		w.accredited(proofKey(100 + n))
	}
	late := w.agency(proofKey(8))
	given := w.sign(w.accreditation(late, ledger.ActionIssue, beijing), w.root.key)
	w.refuse(ledger.ErrFull, given)
	d := a.change(t)
	d.Keys[1].CompromisedFrom = w.now.Unix()
	w.accept(w.sign(d, a.next), given)
	w.close()
}

// Who neither issues nor accredits for a type publishes no schema of it.
func TestSchemaOfAnothersType(t *testing.T) {
	w := newWorld(t)
	asks := w.agency()
	w.accept(w.sign(w.accreditation(asks, ledger.ActionVerify, beijing), w.root.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(schemaOf(asks, 1), asks.key))
	issues := w.accredited()
	other := schemaOf(issues, 1)
	other.VCT = "urn:other"
	w.refuse(ledger.ErrUnauthorised, w.sign(other, issues.key))
	p, _ := w.province()
	w.accept(w.sign(schemaOf(issues, 1), issues.key), w.sign(schemaNamed(p, 2), p.key))
}

// What nothing leads to is not counted, and leaves no place when it goes: the places of others
// would be given away twice.
func TestGoneBranchLeavesNoPlace(t *testing.T) {
	w := newWorldWith(t, tightZK{})
	p, entitlement := w.province()
	w.accept(w.sign(schemaOf(w.root, 1), w.root.key))
	var below []*agency
	for n := range byte(tight / 4) {
		a := w.agency(proofKey(10 + n))
		w.accept(w.sign(given(p, entitlement.Key(), a, dongche), p.key))
		below = append(below, a)
	}
	revoked := *entitlement
	revoked.State = ledger.StateRevoked
	w.accept(w.sign(&revoked, w.root.key))
	for n := range byte(tight - 2) {
		w.accredited(proofKey(100 + n))
	}
	for _, a := range below {
		d := a.change(t)
		d.Keys[1].CompromisedFrom = w.now.Unix()
		w.accept(w.sign(d, a.next))
	}
	w.accredited(proofKey(150))
	w.accredited(proofKey(151))
	late := w.agency(proofKey(152))
	w.refuse(ledger.ErrFull, w.sign(w.accreditation(late, ledger.ActionIssue, beijing), w.root.key))
	w.close()
}

// An accreditor whom the root takes over from a revoked one brings back what stood below it.
func TestNoRoomToMove(t *testing.T) {
	w := newWorldWith(t, tightZK{})
	p, entitlement := w.province()
	w.accept(w.sign(schemaOf(w.root, 1), w.root.key))
	county := w.agency(proofKey(9))
	taken := given(p, entitlement.Key(), county, dongche)
	taken.Action = ledger.ActionAccredit
	w.accept(w.sign(taken, p.key))
	for n := range byte(tight/4 - 1) {
		a := w.agency(proofKey(10 + n))
		w.accept(w.sign(given(county, taken.Key(), a, dongche), county.key))
	}
	revoked := *entitlement
	revoked.State = ledger.StateRevoked
	w.accept(w.sign(&revoked, w.root.key))
	for n := range byte(tight - 2) {
		w.accredited(proofKey(100 + n))
	}
	moved := *taken
	moved.Accreditor, moved.Via = w.root.did, ""
	w.refuse(ledger.ErrFull, w.sign(&moved, w.root.key))
	w.close()
}

// TestSchemasTakeTheirShare: who has no key to issue with cannot make a type too dear for
// all others by its schemas.
func TestSchemasTakeTheirShare(t *testing.T) {
	w := newWorldWith(t, tightZK{})
	if n := w.fill(w.accredited(), 1_000); n != tight/4 {
		t.Errorf("an agency without proof keys published %d schemas, its share is %d", n, tight/4)
	}
	w.accredited(proofKey(8)) // there is room for who issues
	w.close()
}
