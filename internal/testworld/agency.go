package testworld

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// Agency is a DID with one signature key, one proof key, and a next key in the
// safe.
type Agency struct {
	DID   string
	KeyID string
	Key   *ecdsa.PrivateKey
	Proof *zkp.PrivateKey

	country *Country
	next    *ecdsa.PrivateKey
	object  *ledger.DID
}

// newAgency makes keys that are in force from the beginning of the day, for
// credentials carry whole days.
func (c *Country) newAgency() *Agency {
	a := &Agency{country: c, Key: c.newKey(), next: c.newKey()}
	var err error
	a.Proof, err = zkp.GenerateKey(nil)
	c.must(err)
	today, err := zkp.Today(c.Now())
	c.must(err)
	from := today.Start().Unix()
	a.object = &ledger.DID{
		Keys: []ledger.PublicKey{
			{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: c.public(a.Key), From: from},
			{ID: "zk-1", Purpose: ledger.PurposeProof, Public: a.Proof.ProofKey().Bytes(), From: from},
		},
		Next: [][32]byte{ledger.KeyHash(c.public(a.next))},
	}
	return a
}

// NewAgency registers an agency that is accredited for nothing.
func (c *Country) NewAgency() *Agency {
	c.t.Helper()
	a := c.newAgency()
	op, err := ledger.NewOperation(a.object)
	c.must(err)
	id, err := ledger.DIDOf(op)
	c.must(err)
	signed, err := ledger.Sign(op, a.Key)
	c.must(err)
	c.must(c.append(c.t.Context(), signed))
	a.named(id)
	return a
}

func (a *Agency) named(id string) {
	a.DID, a.KeyID, a.object.ID = id, id+"#sig-1", id
}

func (c *Country) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	c.must(err)
	return key
}

func (c *Country) public(key *ecdsa.PrivateKey) []byte {
	b, err := ledger.DefaultSuites().MarshalKey(key.Public())
	c.must(err)
	return b
}

// Change changes the agency's DID: edit gets the object as it stands. The key
// in the safe signs, and another takes its place there.
func (a *Agency) Change(edit func(*ledger.DID)) {
	c := a.country
	c.t.Helper()
	signer := a.next
	a.next = c.newKey()
	a.object.Sequence++
	a.object.Next = [][32]byte{ledger.KeyHash(c.public(a.next))}
	edit(a.object)
	op, err := ledger.NewOperation(a.object)
	c.must(err)
	signed, err := ledger.Sign(op, signer)
	c.must(err)
	c.must(c.append(c.t.Context(), signed))
}

// Issuer is the agency at an issuing desk.
func (a *Agency) Issuer() issuer.Keys {
	return issuer.Keys{DID: a.DID, KeyID: a.KeyID, Key: a.Key, Proof: a.Proof}
}

// Identity is the agency at a counter.
func (a *Agency) Identity() verifier.Identity {
	return verifier.Identity{DID: a.DID, KeyID: a.KeyID, Key: a.Key}
}
