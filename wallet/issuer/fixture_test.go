package issuer_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want: %v", err, want)
	}
}

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// office is a desk of the residents' office whose store and line to the ledger
// a test can reach into.
type office struct {
	*issuer.Desk
	c       *hufutest.Country
	store   vault.Store
	cfg     issuer.Config
	agency  *hufutest.Agency
	offline bool // submitting fails
	// wallet is the secret of every application; nil for a new wallet each.
	wallet *zkp.Secret
	deaf   bool // the ledger takes what is submitted, and its answer is lost
	// refuses is the ledger's answer to batches of at least refusesAt revocations.
	refuses   *ledger.RefusedError
	refusesAt int
}

// agrees insists that the desk's records, the ledger and the public files say the same
// of every list.
func (o *office) agrees(t testing.TB) {
	t.Helper()
	revoked := map[status.Reference]bool{}
	lists := map[string]bool{}
	for c, err := range o.Issued(t.Context()) {
		none(t, err)
		revoked[c.Status] = !c.Revoked.IsZero()
		lists[c.Status.URI] = true
	}
	for uri := range lists {
		raw, err := o.c.Public.Fetch(t.Context(), uri)
		none(t, err)
		token, err := status.Parse(raw, status.ParseOptions{})
		none(t, err)
		list, err := token.UnverifiedList()
		none(t, err)
		b, err := o.c.Log.Get(t.Context(), ledger.StatusKey(o.agency.DID, uri))
		none(t, err)
		object, err := ledger.ParseStatus(b)
		none(t, err)
		if list.Root() != object.Root && object.Sequence != 0 { // void after a theft, until it is signed anew
			t.Error("the public list is not the ledger's")
		}
		for i := range list.Size() {
			s, err := list.Get(i)
			none(t, err)
			if at := (status.Reference{URI: uri, Index: i}); (s == status.Invalid) != revoked[at] {
				t.Errorf("entry %d is %v, and the record says %v", i, s, revoked[at])
			}
		}
	}
}

// count counts what was issued, and what of it is revoked.
func (o *office) count(t testing.TB) (all, revoked int) {
	t.Helper()
	for c, err := range o.Issued(t.Context()) {
		none(t, err)
		all++
		if !c.Revoked.IsZero() {
			revoked++
		}
	}
	return all, revoked
}

// edition lets the office issue another edition of its schema, too, and names it.
func (o *office) edition(t testing.TB, version int) string {
	t.Helper()
	return o.addType(t, strings.Replace(string(o.c.Schema.Bytes()), `"version": 1`, fmt.Sprintf(`"version": %d`, version), 1))
}

// addType lets the office issue another type, too, and names it.
func (o *office) addType(t testing.TB, schema string) string {
	t.Helper()
	s, err := credential.ParseSchema([]byte(schema))
	none(t, err)
	o.cfg.Types = append(o.cfg.Types, issuer.Type{Schema: s, Region: hufutest.Region})
	if s.VCT != hufutest.Type {
		o.accredit(s)
	}
	o.Desk, err = issuer.New(o.cfg)
	none(t, err)
	return openid.ConfigurationID(s.ID, s.Version)
}

// accredit lets the office issue a type.
func (o *office) accredit(s *credential.Schema) {
	o.c.Submit(o.c.Root, &ledger.Accreditation{
		Agency: o.agency.DID, Action: ledger.ActionIssue, Region: hufutest.Region, Type: s.VCT, Accreditor: o.c.Root.DID,
		State: ledger.StateActive, Subject: o.agency.Subject,
	})
}

func claimsOf(r hufutest.Resident) map[string]any {
	return map[string]any{"name": r.Name, "resident_id": r.Number, "birthdate": r.Birthdate, "district": r.District, "address": r.Address}
}

var errOffline = errors.New("no line to the ledger")

func newOffice(t testing.TB) *office {
	t.Helper()
	o := newOfficeIn(t, hufutest.New(t, hufutest.Options{}), 0)
	none(t, o.Publish(t.Context()))
	return o
}

// newOfficeIn opens a desk of a new agency, whose lists have a size.
func newOfficeIn(t testing.TB, c *hufutest.Country, size int) *office {
	t.Helper()
	o := &office{c: c, store: vault.NewMemoryStore()}
	line := submitter(func(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
		if o.offline {
			return nil, errOffline
		}
		if o.refuses != nil && len(ops) > o.refusesAt {
			return nil, o.refuses
		}
		receipt, err := o.c.Log.Submit(ctx, ops...)
		if err == nil && o.deaf {
			return nil, errOffline
		}
		return receipt, err
	})
	// The country's own desk has published under this name before.
	agency := o.c.NewAgency()
	o.c.Accredit(agency, ledger.ActionIssue, ledger.StateActive)
	var err error
	cfg := o.c.DeskConfig(agency)
	cfg.Store, cfg.Ledger, cfg.StatusSize = o.store, line, size
	o.cfg, o.agency = cfg, agency
	o.Desk, err = issuer.New(cfg)
	none(t, err)
	return o
}

// did is the desk's agency.
func (o *office) did(t testing.TB, offer issuer.Offer) string {
	t.Helper()
	parsed, err := openid.ParseCredentialOffer(offer.Offer)
	none(t, err)
	return parsed.Issuer
}

// application is a request envelope in the making, right in everything until a
// test spoils one thing.
type application struct {
	code, configuration, audience, nonce string
	signer                               crypto.Signer
	commitment                           []byte
	proofs                               int
}

// oneWallet lets one wallet make all applications.
func (o *office) oneWallet(t testing.TB) {
	t.Helper()
	secret, err := zkp.GenerateSecret(nil)
	none(t, err)
	o.wallet = &secret
}

func (o *office) apply(t testing.TB, offer issuer.Offer, edit func(*application)) []byte {
	t.Helper()
	secret, err := zkp.GenerateSecret(nil)
	none(t, err)
	if o.wallet != nil {
		secret = *o.wallet
	}
	a := &application{
		code: offer.Code, configuration: openid.ConfigurationID(o.c.Schema.ID, 1), audience: o.did(t, offer),
		signer: o.c.Key(), proofs: 1,
	}
	commitment, err := secret.HolderCommitment(identity.Scope(a.audience, o.c.Schema))
	none(t, err)
	b := commitment.Bytes()
	a.commitment = b[:]
	edit(a)
	if a.nonce == "" {
		a.nonce = openid.OfferNonce(a.code)
	}
	var proofs []string
	for range a.proofs {
		proof, err := openid.SignProof(t.Context(), a.signer, openid.ProofClaims{Audience: a.audience, Nonce: a.nonce, IssuedAt: o.c.Now()})
		none(t, err)
		proofs = append(proofs, proof)
		a.signer = o.c.Key()
	}
	envelope, err := (&openid.RequestEnvelope{Code: a.code, Request: openid.CredentialRequest{
		ConfigurationID: a.configuration, Proofs: proofs, HolderCommitment: a.commitment,
	}}).Bytes()
	none(t, err)
	return envelope
}

func asIs(*application) {}

// submitter is a function that takes operations.
type submitter func(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error)

func (s submitter) Submit(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	return s(ctx, ops...)
}

var noLine = submitter(func(context.Context, ...*ledger.SignedOperation) (*ledger.Receipt, error) { return nil, errOffline })
