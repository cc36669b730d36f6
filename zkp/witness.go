package zkp

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A Credential is the holder's view of a provable credential: everything that a
// proof hides.
type Credential struct {
	Endorsement *Endorsement
	Schema      Element
	Attributes  Attributes
	Secret      Secret
}

// Check verifies the endorsement over attributes and secret: the holder
// commitment that the issuer signed is that of this secret in the scope that the
// issuer signed. A wallet calls it on receipt. Errors: ErrStatement for a scope
// of another kind than ScopeIssuance, ErrSignature.
func (c *Credential) Check() error {
	holder, err := c.Secret.HolderCommitment(c.Endorsement.Issuance)
	if err != nil {
		return err
	}
	return c.Endorsement.Verify(c.Schema, holder, &c.Attributes)
}

// A PrepareWitness is a credential with its place in the trees of one epoch.
type PrepareWitness struct {
	Credential *Credential
	Epoch      Epoch
	Entry      RegistryEntry
	EntryPath  Path
	Gap        Gap
	Blinding   Element
}

// NewPrepareWitness finds the credential's place in the trees. It fails before
// any proof is made if none exists: ErrNotRegistered, ErrRevoked, ErrNotValid,
// ErrSignature, ErrPart. It fails with ErrEpoch if the trees are not those of
// the epoch. random nil means crypto/rand.
func NewPrepareWitness(c *Credential, e Epoch, keyFrom, keyUntil Day, registry *Registry, revocation *Revocation, random io.Reader) (*PrepareWitness, error) {
	reg, rev := registry.Root(), revocation.Root()
	if !reg.Equal(&e.Registry) || !rev.Equal(&e.Revocation) {
		return nil, fmt.Errorf("%w: the trees have other roots than epoch %d", ErrEpoch, e.Number)
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if e.Day < c.Endorsement.NotBefore || e.Day > c.Endorsement.NotAfter {
		return nil, ErrNotValid
	}
	w := &PrepareWitness{Credential: c, Epoch: e}
	w.Entry = RegistryEntry{c.Endorsement.Issuer, c.Schema, c.Endorsement.Region, keyFrom, keyUntil}
	if c.Endorsement.NotBefore < keyFrom || c.Endorsement.NotBefore > keyUntil {
		return nil, fmt.Errorf("%w: credential outside its key's validity", ErrNotRegistered)
	}
	var err error
	if w.EntryPath, err = registry.Path(w.Entry); err != nil {
		return nil, err
	}
	if w.Gap, err = revocation.Gap(c.Endorsement.Handle()); err != nil {
		return nil, err
	}
	w.Blinding, err = NewBlinding(random)
	return w, err
}

// Commitment returns the com of this witness.
func (w *PrepareWitness) Commitment() Element {
	return w.Credential.Secret.Commit(&w.Credential.Attributes, w.Blinding)
}

// A Prepared is a prepare proof that waits for one question. Use it once: the
// wallet marks it as used before the show made from it leaves.
type Prepared struct {
	Epoch    uint64
	Blinding Element
	Proof    Proof
}

// preparedSize is the length of version 1 ‖ suite 2 ‖ epoch 8 ‖ blinding 32 ‖
// proof.
const preparedSize = 2 + 8 + 32 + ProofSize

// Bytes encodes a prepared proof for the wallet's own store. The blinding in it
// is secret.
func (p *Prepared) Bytes() []byte {
	b := binary.BigEndian.AppendUint64([]byte{1, SuiteID}, p.Epoch)
	r := p.Blinding.Bytes()
	return append(append(b, r[:]...), p.Proof.Bytes()...)
}

// ParsePrepared reads what Bytes wrote. The error is ErrForm.
func ParsePrepared(b []byte) (*Prepared, error) {
	if len(b) != preparedSize || b[0] != 1 || b[1] != SuiteID {
		return nil, fmt.Errorf("%w: prepared proof", ErrForm)
	}
	p := &Prepared{Epoch: binary.BigEndian.Uint64(b[2:])}
	var err error
	if p.Blinding, err = ParseElement(b[10:42]); err != nil {
		return nil, err
	}
	proof, err := ParseProof(b[42:])
	if err != nil {
		return nil, err
	}
	p.Proof = *proof
	return p, nil
}
