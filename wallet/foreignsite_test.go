package wallet_test

import (
	"crypto"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
)

// site is the metadata of a university that knows nothing of a ledger.
func site() *openid.IssuerMetadata {
	return &openid.IssuerMetadata{
		Issuer: university, CredentialEndpoint: university + "/credential", Batch: &openid.Batch{Size: 2},
		Configurations: map[string]*openid.Configuration{"diploma": {
			Format: openid.FormatSDJWT, VCT: diploma, Bindings: []string{"jwk"}, Proofs: map[string]openid.ProofType{"jwt": {Algorithms: []string{"ES256"}}},
		}},
	}
}

// copies are credentials for the keys of a request.
func (a *abroad) copies(t *testing.T, request *openid.CredentialRequest) (out []string) {
	t.Helper()
	for _, text := range request.Proofs {
		sd, err := credential.Issue(t.Context(), a.key, did.Header{X5C: a.x5c}, a.claims, []credential.Path{{"name"}, {"degree", "title"}},
			credential.IssueOptions{Holder: a.proven(t, text), AnyTimeOfDay: true})
		none(t, err)
		out = append(out, sd.String())
	}
	return out
}

// proven is the key of a proof of possession.
func (a *abroad) proven(t *testing.T, text string) crypto.PublicKey {
	t.Helper()
	proof, err := openid.ParseProof(text)
	none(t, err)
	key, err := proof.Verify(university, "n", openid.VerifyOptions{Now: a.c.Now()})
	none(t, err)
	return key
}

// TestForeignIssuance: an issuer with an address and no place on the ledger is asked without
// a holder commitment, and its copies are taken from whom the sources vouch for.
func TestForeignIssuance(t *testing.T) {
	a := newAbroad(t)
	offered, err := a.holder.ResolveIssuer(t.Context(), site(), "diploma")
	none(t, err)
	if offered.Issuer != university || offered.Who.Name.English != "" || offered.Copies != 2 || offered.Type != diploma || !offered.Foreign {
		t.Errorf("%+v", offered)
	}
	begin := func() (*wallet.Issuance, *openid.CredentialRequest) {
		t.Helper()
		issuance, err := a.holder.BeginIssuance(t.Context(), offered, wallet.IssuanceOptions{Copies: 2})
		none(t, err)
		request, err := a.holder.RequestCopies(t.Context(), issuance.ID, offered, wallet.RequestOptions{Nonce: "n"})
		none(t, err)
		if request.HolderCommitment != nil || request.Identity != nil || len(request.Proofs) != 2 {
			t.Errorf("%+v", request)
		}
		return issuance, request
	}
	issuance, request := begin()
	good := a.copies(t, request)
	a.claims["vct"] = "urn:example:certificate"
	_, err = a.holder.ReceiveCopies(t.Context(), issuance.ID, a.copies(t, request), nil)
	is(t, err, wallet.ErrOtherCredential)
	stored, err := a.holder.ReceiveCopies(t.Context(), issuance.ID, good, nil)
	none(t, err)
	if stored.Anchor != "CN=Ministry,C=CN" || stored.Issuer != university {
		t.Errorf("%+v", stored)
	}

	// Who is on the ledger answers for nobody else, and nobody else for who is on it.
	issuance, request = begin()
	ours := a.c.Forge(a.c.Adult(), a.proven(t, request.Proofs[0])).Credential().String()
	_, err = a.holder.ReceiveCopies(t.Context(), issuance.ID, []string{ours}, nil)
	is(t, err, wallet.ErrWrongIssuer)

	// Without sources nobody vouches.
	alone := hufutest.New(t, hufutest.Options{}).Wallet()
	_, err = alone.ResolveIssuer(t.Context(), site(), "diploma")
	is(t, err, wallet.ErrNobodyVouches)
}
