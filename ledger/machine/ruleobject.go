package machine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
)

// accreditation: the accreditor gives, suspends, restores, ends and revokes it.
func (t *transition) accreditation(c change) error {
	a, err := object(c, ledger.ParseAccreditation)
	if err != nil {
		return err
	}
	old, err := current(t, c.op.Key, ledger.ParseAccreditation)
	if err != nil {
		return err
	}
	if err := t.signedByDID(c, a.Accreditor); err != nil {
		return err
	}
	if _, err := t.currentDID(a.Agency); err != nil {
		return err
	}
	stays := old != nil && a.Accreditor == old.Accreditor && a.Via == old.Via && a.From == old.From
	free, err := t.free(old, a)
	switch {
	case err != nil:
		return err
	case free && a.State == ledger.StateActive:
	case old == nil, old.State == ledger.StateRevoked:
		return fmt.Errorf("%w: a new accreditation is active", ledger.ErrConflict)
	case !stays:
		return fmt.Errorf("%w: accreditor, entitlement and beginning stay", ledger.ErrConflict)
	}
	if a.State == ledger.StateActive {
		if err := t.entitled(a); err != nil {
			return err
		}
		if err := t.name(a); err != nil {
			return err
		}
	} else if a.Subject != old.Subject {
		return fmt.Errorf("%w: who an agency is changes in an active accreditation", ledger.ErrConflict)
	}
	if err := t.setSigned(c, a.Accreditor); err != nil {
		return err
	}
	return t.roomForAccreditation(old, a)
}

// free reports whether a may take the key of the accreditation before. It may where the
// one before is over, where its accreditor may no longer accredit, and where the root takes
// it from another agency.
func (t *transition) free(old, a *ledger.Accreditation) (bool, error) {
	if t.over(old) || a.Accreditor == t.root && old.Accreditor != t.root {
		return true, nil
	}
	return fallen(t.entitled(old))
}

// fallen reads what entitled says of who gave something that lasts.
func fallen(err error) (bool, error) {
	if errors.Is(err, ledger.ErrUnauthorised) {
		return true, nil
	}
	return false, err
}

// over reports whether an accreditation is nobody's any more.
func (t *transition) over(a *ledger.Accreditation) bool {
	return a == nil || a.State == ledger.StateRevoked || a.State == ledger.StateEnded && t.now.Unix() >= a.Until
}

// entitled walks from the accreditor to the root, before the new link counts.
func (t *transition) entitled(a *ledger.Accreditation) error {
	err := ledger.CheckEntitled(t, t.root, a, t.now)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ledger.ErrNotAccredited):
		return fmt.Errorf("%w: %w", ledger.ErrUnauthorised, err)
	}
	return storeError{err}
}

// status: its issuer, an agency, begins it, and changes it only forwards. It may change it
// without an accreditation too: what it issued before can still be revoked.
func (t *transition) status(c change) error {
	s, err := object(c, ledger.ParseStatus)
	if err != nil {
		return err
	}
	old, err := current(t, c.op.Key, ledger.ParseStatus)
	if err != nil {
		return err
	}
	signed := t.signedByAgency
	if old != nil {
		signed = t.signedByDID
	}
	if err := signed(c, s.Issuer); err != nil {
		return err
	}
	if old != nil && s.Sequence <= old.Sequence {
		return fmt.Errorf("%w: sequence does not grow", ledger.ErrConflict)
	}
	return t.setSigned(c, s.Issuer)
}

// revoke: the owner of the proof key signs it, who must also have the list.
func (t *transition) revoke(c change) error {
	r, err := object(c, ledger.ParseRevocation)
	if err != nil {
		return err
	}
	owner, err := t.Get(ledger.ProofKeyKey(r.ProofKey))
	if isAbsent(err) {
		return fmt.Errorf("%w: no such proof key", ledger.ErrMissing)
	}
	if err != nil {
		return storeError{err}
	}
	list, err := current(t, ledger.StatusKey(string(owner), r.List), ledger.ParseStatus)
	if err != nil {
		return err
	}
	if list == nil {
		return fmt.Errorf("%w: no such status list of the proof key's owner", ledger.ErrMissing)
	}
	if err := t.signedByDID(c, string(owner)); err != nil {
		return err
	}
	handle, err := t.zk.Handle(r.ProofKey, r.Random)
	if err != nil {
		return fmt.Errorf("%w: proof key: %w", ledger.ErrValue, err)
	}
	return t.addHandle(handle)
}

// addHandle keeps the first height of a handle: an epoch that closed since then
// already counts it.
func (t *transition) addHandle(handle [ledger.HandleSize]byte) error {
	b, err := t.store.Get(TableRevoked, handle[:])
	if err != nil || b != nil {
		return wrapStore(err)
	}
	if err := t.roomFor(handle); err != nil {
		return err
	}
	return wrapStore(t.store.Put(TableRevoked, handle[:], u64(t.height())))
}

// roomFor counts the handles of a bucket. Handles are hashes, so a bucket fills
// only if somebody searches for handles that fall into it.
func (t *transition) roomFor(handle [ledger.HandleSize]byte) error {
	bits, capacity := t.zk.RevocationBucket()
	count := 0
	err := t.store.Scan(TableRevoked, handle[:bits/8], func(key, _ []byte) error {
		if len(key) == len(handle) && sameBits([ledger.HandleSize]byte(key), handle, bits) {
			count++
		}
		return nil
	})
	if err != nil {
		return storeError{err}
	}
	if count >= capacity {
		return fmt.Errorf("%w: this part of the revocation tree is full", ledger.ErrFull)
	}
	return nil
}

func sameBits(a, b [ledger.HandleSize]byte, bits int) bool {
	whole := bits / 8
	if !bytes.Equal(a[:whole], b[:whole]) {
		return false
	}
	rest := bits % 8
	return rest == 0 || (a[whole]^b[whole])>>(8-rest) == 0
}

// vk: the consortium decides it, once. After that it can only retire it.
func (t *transition) vk(c change) error {
	vk, err := object(c, ledger.ParseVK)
	if err != nil {
		return err
	}
	trust, err := t.currentTrust()
	if err != nil {
		return err
	}
	if err := signedByThreshold(c, trust); err != nil {
		return err
	}
	old, err := current(t, c.op.Key, ledger.ParseVK)
	if err != nil {
		return err
	}
	if old != nil {
		retired := *old
		retired.State = ledger.VKRetired
		if *vk != retired || old.State == ledger.VKRetired {
			return fmt.Errorf("%w: a verifying key can only be retired", ledger.ErrConflict)
		}
	}
	return t.set(c)
}

// trust: those whom the agreement before committed to sign it. The root decides the
// first, which names the ledger.
func (t *transition) trust(c change) error {
	next, err := object(c, ledger.ParseAgreement)
	if err != nil {
		return err
	}
	for _, d := range next.Deciders {
		if _, err := t.options.Suites.ParseKey(d.Key); err != nil {
			return err
		}
	}
	old, err := t.currentTrust()
	switch {
	case err != nil:
		return err
	case old == nil && next.Hash() != t.founding.First:
		return fmt.Errorf("%w: not the agreement that the ledger is named by", ledger.ErrConflict)
	case old == nil:
		err = t.signedByDID(c, t.root)
	default:
		err = t.succeeds(old, next, c.signers)
	}
	if err != nil {
		return err
	}
	return t.set(c)
}

func (t *transition) succeeds(old, next *ledger.Agreement, signers [][]byte) error {
	if err := old.CheckNext(next, signers); err != nil {
		return err
	}
	if err := checkStep(old, next); err != nil {
		return err
	}
	return t.checkRules(old.Rules, next.Rules)
}

// rulesVersion is the version of the rules in this program.
const rulesVersion = 0

// knowsRules refuses to make a checkpoint by rules that this program does not have.
func (t *transition) knowsRules() error {
	value, err := newestAgreement(t.store)
	if err != nil || value == nil {
		return err
	}
	trust := t.newest.Load()
	if trust == nil || !bytes.Equal(trust.value, value) { // it changes rarely, and parsing is dear
		agreement, err := ledger.ParseAgreement(value)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		trust = &parsedAgreement{value, agreement}
		t.newest.Store(trust)
	}
	if r := trust.agreement.Rules; r.Version > rulesVersion && t.height() >= r.From {
		return fmt.Errorf("%w: version %d holds from checkpoint %d on, this program knows version %d", ledger.ErrRules, r.Version, r.From, rulesVersion)
	}
	return nil
}

// checkRules demands that other rules are the next in version, and that nodes have not
// passed the height from which they hold.
func (t *transition) checkRules(old, next ledger.Rules) error {
	if next == old || next.Version == old.Version+1 && next.From > t.height() && old.From <= t.height() {
		return nil
	}
	return fmt.Errorf("%w: rules of version %d from height %d, after version %d", ledger.ErrConflict, next.Version, next.From, old.Version)
}

// checkStep refuses an agreement after which a consortium could not go on: without nodes
// nobody makes blocks, and with too many new ones nobody knows whether they are there. At
// most a third of the nodes leave at once, and at most a third, or one, join.
func checkStep(old, next *ledger.Agreement) error {
	if (len(old.Nodes) == 0) != (len(next.Nodes) == 0) {
		return fmt.Errorf("%w: an embedded ledger has no nodes, and a consortium has", ledger.ErrConflict)
	}
	third := len(old.Nodes) / 3
	if left := missing(old.Nodes, next.Nodes); left > third {
		return fmt.Errorf("%w: %d of %d nodes leave at once, at most %d may", ledger.ErrConflict, left, len(old.Nodes), third)
	}
	if joined := missing(next.Nodes, old.Nodes); joined > max(third, 1) {
		return fmt.Errorf("%w: %d nodes join %d at once, at most %d may", ledger.ErrConflict, joined, len(old.Nodes), max(third, 1))
	}
	return nil
}

// missing counts keys that are not among others.
func missing(keys, others [][]byte) (n int) {
	for _, key := range keys {
		if !contains(others, key) {
			n++
		}
	}
	return n
}

// CurrentTrust returns the consortium's last agreement, nil if there is none.
// Errors: [ErrDamaged], and the store's own.
func CurrentTrust(store Store) (*ledger.Agreement, error) {
	value, err := newestAgreement(store)
	if err != nil || value == nil {
		return nil, err
	}
	last, err := ledger.ParseAgreement(value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return last, nil
}

// parsedAgreement is an agreement and its bytes.
type parsedAgreement struct {
	value     []byte
	agreement *ledger.Agreement
}

func newestAgreement(store Store) (last []byte, err error) {
	// The consortium changes rarely, so the row is short.
	for n := uint64(0); ; n++ {
		b, err := getValue(store, ledger.AgreementKey(n))
		if isAbsent(err) {
			return last, nil
		}
		if err != nil {
			return nil, err
		}
		last = b
	}
}

func (t *transition) currentTrust() (*ledger.Agreement, error) {
	trust, err := CurrentTrust(t.store)
	return trust, wrapStore(err)
}

func decides(trust *ledger.Agreement, key []byte) bool {
	return slices.ContainsFunc(trust.Deciders, func(d ledger.Decider) bool { return bytes.Equal(d.Key, key) })
}

func signedByThreshold(c change, trust *ledger.Agreement) error {
	if trust == nil {
		return fmt.Errorf("%w: no consortium yet", ledger.ErrMissing)
	}
	count := 0
	for _, key := range c.signers {
		if decides(trust, key) {
			count++
		}
	}
	if count < int(trust.Threshold) {
		return fmt.Errorf("%w: %d of %d signatures", ledger.ErrUnauthorised, count, trust.Threshold)
	}
	return nil
}
