package machine

import (
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// A registry tree that could not hold its leaves would keep every later epoch from
// closing. So each operation that adds leaves is counted when it is admitted, and
// TableRoom has, as u64:
//
//	"leaves"       → at least as many as the tree can come to have
//	"issuer/" type → proof keys of the agencies that issue a type, one for each of their
//	                 accreditations
//	"schema/" type → schemas of a type
//	"share/" did   → leaves and schemas that were added below an agency that the root
//	                 accredited
//
// A type has issuers times schemas leaves. What is suspended counts, because it may be
// restored; what is revoked does not.
const (
	roomLeaves = "leaves"
	roomIssuer = "issuer/"
	roomSchema = "schema/"
	roomShare  = "share/"
)

// shares is into how many parts the registry is cut: nobody but the root can fill more
// than one.
const shares = 4

// growth is how much more there is of one type.
type growth struct {
	typ              string
	issuers, schemas int64
}

func (t *transition) room(name string) (uint64, error) {
	b, err := t.store.Get(TableRoom, []byte(name))
	if err != nil || b == nil {
		return 0, wrapStore(err)
	}
	n, err := readU64(b)
	return n, wrapStore(err)
}

func (t *transition) setRoom(name string, n uint64) error {
	return wrapStore(t.store.Put(TableRoom, []byte(name), u64(n)))
}

// grow counts what an operation has added below an agency, "" for the root. The error
// is ledger.ErrFull.
func (t *transition) grow(below string, all ...growth) error {
	before, err := t.room(roomLeaves)
	if err != nil {
		return err
	}
	after, takes := before, uint64(0)
	for _, g := range all {
		added, err := t.growType(g)
		if err != nil {
			return err
		}
		// What is taken away may not have been counted: nothing may lead to it. So the
		// count stays, until it seems too many.
		after += uint64(max(added, 0))
		// A schema that nobody issues yet takes of the share, too: it makes each later
		// key of its type dearer.
		takes += uint64(max(added, g.schemas, 0))
	}
	if takes > 0 {
		if err := t.share(below, takes); err != nil {
			return err
		}
	}
	return t.fill(after)
}

// growType changes the counters of a type, and returns how many leaves that adds.
func (t *transition) growType(g growth) (int64, error) {
	issuers, err := t.room(roomIssuer + g.typ)
	if err != nil {
		return 0, err
	}
	schemas, err := t.room(roomSchema + g.typ)
	if err != nil {
		return 0, err
	}
	i, s := int64(issuers)+g.issuers, int64(schemas)+g.schemas
	if i < 0 || s < 0 {
		return 0, storeError{fmt.Errorf("%w: room of a type", ErrDamaged)}
	}
	if err := errors.Join(t.setRoom(roomIssuer+g.typ, uint64(i)), t.setRoom(roomSchema+g.typ, uint64(s))); err != nil {
		return 0, err
	}
	return i*s - int64(issuers*schemas), nil
}

func (t *transition) share(below string, added uint64) error {
	if below == "" {
		return nil
	}
	used, err := t.room(roomShare + below)
	if err != nil {
		return err
	}
	if used += added; used > uint64(t.zk.RegistryCapacity()/shares) {
		return fmt.Errorf("%w: this agency's share of the registry", ledger.ErrFull)
	}
	return t.setRoom(roomShare+below, used)
}

// fill notes how many leaves there are. It counts them anew where they seem too many:
// what stands below a revoked accreditation is gone.
func (t *transition) fill(leaves uint64) (err error) {
	if leaves > uint64(t.zk.RegistryCapacity()) {
		if leaves, err = t.countLeaves(); err != nil {
			return err
		}
		if leaves > uint64(t.zk.RegistryCapacity()) {
			return fmt.Errorf("%w: the registry", ledger.ErrFull)
		}
	}
	return t.setRoom(roomLeaves, leaves)
}

func (t *transition) countLeaves() (leaves uint64, err error) {
	keys, err := t.keys(ledger.PrefixAccreditation)
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		a, err := current(t, key, ledger.ParseAccreditation)
		if err != nil {
			return 0, err
		}
		n, err := t.issuers(a)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			continue
		}
		_, err = ledger.Restorable(t, t.root, key)
		if errors.Is(err, ledger.ErrNotAccredited) {
			continue
		}
		if err != nil {
			return 0, storeError{err}
		}
		schemas, err := t.room(roomSchema + a.Type)
		if err != nil {
			return 0, err
		}
		leaves += uint64(n) * schemas
	}
	return leaves, nil
}

// issuers is how many proof keys may issue by an accreditation, nil for none.
func (t *transition) issuers(a *ledger.Accreditation) (int64, error) {
	if a == nil || a.Action != ledger.ActionIssue || a.State == ledger.StateRevoked {
		return 0, nil
	}
	d, err := t.currentDID(a.Agency)
	if err != nil {
		return 0, err
	}
	return proofKeys(d), nil
}

func proofKeys(d *ledger.DID) (n int64) {
	for i := range d.Keys {
		if k := &d.Keys[i]; k.Purpose == ledger.PurposeProof && !k.Compromised() && !d.Deactivated {
			n++
		}
	}
	return n
}

// roomForAccreditation counts what an accreditation adds, once it is stored. One that comes
// to stand elsewhere, or again, may bring back what was not counted because nothing led to
// it: then everything is counted.
func (t *transition) roomForAccreditation(old, a *ledger.Accreditation) error {
	before, err := t.issuers(old)
	if err != nil {
		return err
	}
	after, err := t.issuers(a)
	if err != nil {
		return err
	}
	if before != after {
		below, err := t.below(a.Via)
		if err != nil {
			return err
		}
		if err := t.grow(below, growth{typ: a.Type, issuers: after - before}); err != nil {
			return err
		}
	}
	if old == nil || a.State == ledger.StateRevoked || !t.standsAnew(old, a) {
		return nil
	}
	leaves, err := t.countLeaves()
	if err != nil {
		return err
	}
	return t.fill(leaves)
}

// standsAnew reports whether an accreditation hangs in another place than the one before, or
// brings back what it gives.
func (t *transition) standsAnew(old, a *ledger.Accreditation) bool {
	moved := a.Via != old.Via || a.Accreditor != old.Accreditor
	return moved || a.Action == ledger.ActionAccredit && a.State == ledger.StateActive && t.over(old)
}

func (t *transition) roomForKeys(old, next *ledger.DID) error {
	more := proofKeys(next) - proofKeys(old)
	if more == 0 {
		return nil
	}
	keys, err := t.keys(ledger.AccreditationPrefix(next.ID))
	if err != nil {
		return err
	}
	var all []growth
	for _, key := range keys {
		a, err := current(t, key, ledger.ParseAccreditation)
		if err != nil {
			return err
		}
		if a.Action == ledger.ActionIssue && a.State != ledger.StateRevoked {
			all = append(all, growth{typ: a.Type, issuers: more})
		}
	}
	below, err := t.belowAgency(next.ID)
	if err != nil {
		return err
	}
	return t.grow(below, all...)
}

func (t *transition) roomForSchema(s *ledger.Schema) error {
	below, err := t.belowAgency(s.Owner)
	if err != nil {
		return err
	}
	return t.grow(below, growth{typ: s.VCT, schemas: 1})
}

// below names the agency that the root accredited, at the head of the chain of a key;
// empty for the root's own.
func (t *transition) below(via string) (string, error) {
	if via == "" {
		return "", nil
	}
	chain, err := ledger.Restorable(t, t.root, via) // who is suspended stays in its branch
	if errors.Is(err, ledger.ErrNotAccredited) {
		return "", nil // it gives nothing any more
	}
	if err != nil {
		return "", storeError{err}
	}
	return chain[len(chain)-1].Agency, nil
}

// belowAgency is below for any accreditation of an agency, or the agency itself.
func (t *transition) belowAgency(did string) (string, error) {
	if did == t.root {
		return "", nil
	}
	keys, err := t.keys(ledger.AccreditationPrefix(did))
	if err != nil {
		return "", err
	}
	for _, key := range keys {
		if below, err := t.below(key); below != "" || err != nil {
			return below, err
		}
	}
	return did, nil
}
