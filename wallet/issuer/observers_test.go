package issuer_test

import (
	"bytes"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// What a desk learns, for docs/privacy.md.

// TestDeskSeesAnApplication: of a wallet a desk sees the offer that it made itself, a key
// that no other application has, and a commitment that hides the secret. Applications of
// two people have the same length.
func TestDeskSeesAnApplication(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	var envelopes []*openid.RequestEnvelope
	var sizes []int
	keys := map[string]bool{}
	for _, r := range []hufutest.Resident{c.Adult(), c.OtherAdult()} {
		h := c.Wallet()
		b := c.Apply(h, c.Issue(c.Desk, r))
		sizes = append(sizes, len(b))
		e, err := openid.ParseRequestEnvelope(b)
		none(t, err)
		envelopes = append(envelopes, e)
		proof, err := openid.ParseProof(e.Request.Proofs[0])
		none(t, err)
		key, err := proof.Verify(c.Office.DID, openid.OfferNonce(e.Code), openid.VerifyOptions{Now: c.Now()})
		none(t, err)
		keys[string(c.PublicKey(key))] = true
		if len(e.Request.HolderCommitment) != 32 || e.Request.Identity != nil {
			t.Errorf("%+v", e.Request)
		}
	}
	if sizes[0] != sizes[1] || len(keys) != 2 || envelopes[0].Request.ConfigurationID != envelopes[1].Request.ConfigurationID {
		t.Errorf("%v bytes, %d keys", sizes, len(keys))
	}
	if bytes.Equal(envelopes[0].Request.HolderCommitment, envelopes[1].Request.HolderCommitment) {
		t.Error("two secrets under one commitment")
	}
}

// TestDesksJoinAnIdentity: desks of one identity type see one commitment of a wallet, by
// design: nobody is bound twice. Desks of other types see others, which nobody can join.
func TestDesksJoinAnIdentity(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	secret, err := zkp.GenerateSecret(nil)
	none(t, err)
	later := *c.Schema
	later.BoundBy = make([]credential.SchemaRef, 1)
	for name, test := range map[string]struct {
		schema *credential.Schema
		want   int
	}{"an identity type": {c.Schema, 1}, "a later type": {&later, 2}} {
		seen := map[zkp.Element]bool{}
		for _, desk := range []string{c.Office.DID, c.Library.DID} {
			commitment, err := secret.HolderCommitment(identity.Scope(desk, test.schema))
			none(t, err)
			seen[commitment] = true
		}
		if len(seen) != test.want {
			t.Errorf("%s: two desks see %d commitments", name, len(seen))
		}
	}
}

// TestOfferOnAScreen: whoever photographs an offer can apply with it, before the citizen
// does; the desk answers one wallet, so that the citizen notices.
func TestOfferOnAScreen(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	offer := c.Issue(c.Desk, c.Adult())
	thief, citizen := c.Wallet(), c.Wallet()
	response, err := c.Desk.Answer(t.Context(), c.Apply(thief, offer))
	none(t, err)
	_, err = thief.Receive(t.Context(), response)
	none(t, err)
	_, err = c.Desk.Answer(t.Context(), c.Apply(citizen, offer))
	is(t, err, issuer.ErrCodeUsed)
}
