package hufutest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// Agency is an agency with one signature key and one proof key: those that it had
// when it was made or last rotated, whatever Change does to its DID.
type Agency struct {
	agency.Keys
	// Subject says who the agency is, as the ledger will.
	Subject ledger.Subject

	country *Country
	agency  *agency.Agency
}

// Admit lets the root agency admit a newcomer; it fits agency.Enter.
func (c *Country) Admit(ctx context.Context, application *ledger.SignedOperation) error {
	_, err := c.Root.agency.Admit(ctx, application)
	return err
}

// NewAgency registers an agency that the root agency admits and that is accredited for
// nothing. It has a made-up name.
func (c *Country) NewAgency() *Agency {
	c.t.Helper()
	a, err := agency.Enter(c.t.Context(), vault.NewMemoryStore(), c.Client(c.Log), c.Log,
		agency.Options{Clock: c.Now, ProofKey: true}, c.Admit)
	c.must(err)
	return c.agencyOf(a)
}

func (c *Country) agencyOf(a *agency.Agency) *Agency {
	return &Agency{a.Keys(), ledgertest.SubjectOf(a.DID()), c, a}
}

// named gives an agency a name and a code before anybody accredits it.
func (a *Agency) named(english, chinese, code, contact string) *Agency {
	a.Subject = ledger.Subject{Name: ledger.Text{English: english, Chinese: chinese}, Code: code, Contact: contact}
	return a
}

func (c *Country) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	c.must(err)
	return key
}

// PublicKey is a public key as the ledger holds it.
func (c *Country) PublicKey(key crypto.PublicKey) []byte {
	c.t.Helper()
	b, err := ledger.DefaultSuites().MarshalKey(key)
	c.must(err)
	return b
}

// Change changes the agency's DID: edit gets the object as it stands.
func (a *Agency) Change(edit func(*ledger.DID)) {
	a.country.t.Helper()
	a.country.must(a.agency.Change(a.country.t.Context(), edit))
}

// Rotate replaces the agency's signature key, and Keys with it.
func (a *Agency) Rotate() {
	a.country.t.Helper()
	a.country.must(a.agency.Rotate(a.country.t.Context()))
	a.Keys = a.agency.Keys()
}

// ReplaceProofKey replaces the agency's proof key, and Keys with it.
func (a *Agency) ReplaceProofKey() {
	a.country.t.Helper()
	a.country.must(a.agency.ReplaceProofKey(a.country.t.Context()))
	a.Keys = a.agency.Keys()
}

// MarkCompromised says that somebody else may have had a key since a time. It
// replaces Keys where the key was one of them.
func (a *Agency) MarkCompromised(keyID string, since time.Time) {
	a.country.t.Helper()
	a.country.must(a.agency.MarkCompromised(a.country.t.Context(), keyID, since))
	a.Keys = a.agency.Keys()
}

// Issuer is the agency at an issuing desk.
func (a *Agency) Issuer() issuer.Keys { return issuer.Keys(a.Keys) }

// Identity is the agency at a counter.
func (a *Agency) Identity() verifier.Identity {
	return verifier.Identity{DID: a.DID, KeyID: a.KeyID, Key: a.Key}
}
