package ledger

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// A View holds what a verified proof says about the state map. Only [Verify]
// makes one.
type View struct {
	// Head is the checkpoint that proves everything in the view.
	Head *Head

	trust  *TrustFile
	now    time.Time
	values map[string][]byte
	proof  *Proof
	// derived is nil where nothing is held.
	derived *derived
}

// Proof returns the proof from which the view was made, for another reader. It is nil for
// a view that goes on with what was proved before (ResolveOptions.Reuse). The caller does
// not change it.
func (v *View) Proof() *Proof { return v.proof }

// Now returns the time of the decision for which the view was verified.
func (v *View) Now() time.Time { return v.now }

// RootDID returns the DID of the agency that accredits without being accredited.
func (v *View) RootDID() string { return v.trust.RootDID }

// Get returns the value under a key. Errors: [ErrAbsent] if the ledger provably
// has none, a [*NotProvedError] if the proof does not say, [ErrKey].
func (v *View) Get(key string) ([]byte, error) {
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	value, ok := v.values[key]
	if !ok {
		return nil, &NotProvedError{Keys: []string{key}}
	}
	if len(value) == 0 {
		return nil, ErrAbsent
	}
	return slices.Clone(value), nil
}

// DID returns an agency's identifier, deactivated or not. Errors are those of
// Get and ParseDID.
func (v *View) DID(did string) (*DID, error) {
	if err := CheckDID(did); err != nil {
		return nil, err
	}
	return readDID(v, did)
}

// Schema returns one version of a schema. Errors are those of Get and
// ParseSchema.
func (v *View) Schema(id string, version uint32) (*Schema, error) {
	return read(v, SchemaKey(id, version), ParseSchema)
}

// Status returns the root of an issuer's status list. The error is [ErrExpired] if
// its validity has ended, or one of Get and ParseStatus.
func (v *View) Status(issuer, uri string) (*Status, error) {
	s, err := read(v, StatusKey(issuer, uri), ParseStatus)
	if err != nil {
		return nil, err
	}
	if s.ValidUntil != 0 && v.now.Unix() >= s.ValidUntil {
		return nil, ErrExpired
	}
	return s, nil
}

// VK returns a circuit's verifying key. The error is [ErrRetired] if it is
// retired, or one of Get and ParseVK.
func (v *View) VK(circuit string) (*VK, error) {
	vk, err := read(v, VKKey(circuit), ParseVK)
	if err != nil {
		return nil, err
	}
	if vk.State != VKActive {
		return nil, ErrRetired
	}
	return vk, nil
}

// Anchor returns an agency's anchor. Errors are those of Get and ParseAnchor.
func (v *View) Anchor(agency string, hash [32]byte) (*Anchor, error) {
	return read(v, AnchorKey(agency, hash), ParseAnchor)
}

// Rule returns one version of an owner's rule. Errors are those of Get and
// ParseRule.
func (v *View) Rule(owner, id string, version uint32) (*Rule, error) {
	return read(v, RuleKey(owner, id, version), ParseRule)
}

// Trail returns the state of a record that an agency began, whichever keeps it by
// now. Errors are those of Get and ParseTrail.
func (v *View) Trail(founder string, record [32]byte) (*Trail, error) {
	return read(v, TrailKey(founder, record), ParseTrail)
}

// Purpose returns what a verifier may ask for a purpose. The error is
// [ErrSuspended], [ErrEnded], or one of Get and ParsePurpose.
func (v *View) Purpose(verifier, id string) (*Purpose, error) {
	p, err := read(v, PurposeKey(verifier, id), ParsePurpose)
	switch {
	case err != nil:
		return nil, err
	case p.State == StateSuspended:
		return nil, ErrSuspended
	case p.State != StateActive:
		return nil, ErrEnded
	}
	return p, nil
}

// Grant returns a grant that an agency countersigned, if it is in force at the time of
// the view. The error is [ErrGrantRevoked], [ErrExpired], or one of Get and ParseGrant.
func (v *View) Grant(agency string, hash [32]byte) (*Grant, error) {
	g, err := read(v, GrantKey(agency, hash), ParseGrant)
	switch {
	case err != nil:
		return nil, err
	case g.State != GrantActive:
		return nil, ErrGrantRevoked
	case v.now.Unix() >= g.Until:
		return nil, ErrExpired
	}
	return g, nil
}

// Use returns the Seen of a use, given its nullifier. Errors are those of Get
// and ParseSeen.
func (v *View) Use(nullifier [32]byte) (*Seen, error) {
	return read(v, UseKey(nullifier), ParseSeen)
}

// Agreement returns the consortium's n-th agreement. Errors are those of Get and
// ParseAgreement.
func (v *View) Agreement(n uint64) (*Agreement, error) {
	return read(v, AgreementKey(n), ParseAgreement)
}

// Epoch returns the roots of a closed epoch. Errors are those of Get and
// ParseEpoch.
func (v *View) Epoch(n uint64) (*Epoch, error) {
	return read(v, EpochKey(n), ParseEpoch)
}

// Accreditations yields the accreditations that the view proves, in force or not, in the
// order of their keys.
func (v *View) Accreditations() iter.Seq[*Accreditation] {
	return func(yield func(*Accreditation) bool) {
		for _, key := range slices.Sorted(maps.Keys(v.values)) {
			if !strings.HasPrefix(key, PrefixAccreditation) {
				continue
			}
			// Absence is proved too, and the ledger takes no value that does not read.
			if a, err := ParseAccreditation(v.values[key]); err == nil && !yield(a) {
				return
			}
		}
	}
}

// Accredited finds the chain of accreditations from an agency to the trust
// file's root, in force at the given time; zero means the time of the view. See
// the function [Accredited].
func (v *View) Accredited(did, typ, action, region string, at time.Time) ([]Accreditation, error) {
	if at.IsZero() {
		at = v.now
	}
	return Accredited(v, v.trust.RootDID, did, typ, action, region, at)
}

// IssuingDays returns the days for which the registry accredits an agency's proof
// key for credentials of a type and region. See the function [IssuingDays].
func (v *View) IssuingDays(did string, key []byte, typ, region string) (from, until uint32, ok bool, err error) {
	return IssuingDays(v, v.trust.RootDID, did, key, typ, region)
}
