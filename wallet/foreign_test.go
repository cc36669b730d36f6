package wallet_test

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/wallet"
)

const (
	diploma    = "urn:example:diploma"
	listURI    = "https://status.example/1"
	university = "https://university.example"
)

// abroad is a university under a ministry that a wallet trusts for diplomas.
type abroad struct {
	c        *hufutest.Country
	ministry *certpathtest.Authority
	x5c      [][]byte
	key      crypto.Signer
	claims   map[string]any
	list     *status.List
	holder   *hufutest.Holder
	fetched  int
}

func newAbroad(t *testing.T) *abroad {
	t.Helper()
	a := &abroad{c: hufutest.New(t, hufutest.Options{})}
	a.ministry = certpathtest.New(a.c.Now(), "Ministry")
	x5c, key := a.ministry.Leaf(certpathtest.Template{Name: "University", DNSNames: []string{"university.example"}})
	a.x5c, a.key = x5c, key
	a.claims = map[string]any{
		"vct": diploma, "iss": university, "iat": a.c.Now().Unix() - 60, "exp": a.c.Now().Add(90 * 24 * time.Hour).Unix(), "name": "Li",
		"degree": map[string]any{"title": "Doctor"}, "status": status.Reference{URI: listURI, Index: 3}.Claim(),
	}
	var err error
	a.list, err = status.New(1, 8)
	none(t, err)
	a.holder = a.c.Wallet()
	source, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: a.ministry.Anchor(), Trust: provenance.Trust{Types: []string{diploma, "urn:example:certificate"}}})
	none(t, err)
	cfg := a.c.WalletConfig(a.holder)
	cfg.Sources, cfg.Lists = []provenance.Source{source}, a
	a.holder.Wallet, err = wallet.New(cfg)
	none(t, err)
	return a
}

func (a *abroad) StatusList(ctx context.Context, uri string) ([]byte, error) {
	a.fetched++
	token, err := status.Sign(ctx, a.key, did.Header{X5C: a.x5c}, status.Claims{Subject: uri, IssuedAt: a.c.Now(), Expires: a.c.Now().Add(time.Hour)}, a.list)
	return []byte(token), err
}

// response is the university's answer for a holder key.
func (a *abroad) response(t *testing.T, holder crypto.PublicKey) []byte {
	t.Helper()
	sd, err := credential.Issue(t.Context(), a.key, did.Header{X5C: a.x5c}, a.claims, []credential.Path{{"name"}, {"degree", "title"}}, credential.IssueOptions{Holder: holder, AnyTimeOfDay: true})
	none(t, err)
	b, err := json.Marshal(map[string]any{"credentials": []any{map[string]any{"credential": sd.String()}}})
	none(t, err)
	return b
}

func (a *abroad) receive(t *testing.T) (*wallet.Stored, error) {
	t.Helper()
	key, err := a.holder.Expect(t.Context(), university)
	none(t, err)
	return a.holder.Receive(t.Context(), a.response(t, key.Public()))
}

// TestForeignCredential: a diploma is received, shown with who vouches for it, follows its
// status list, and survives a rebuilt index. No ledger is asked for it.
func TestForeignCredential(t *testing.T) {
	for name, spoil := range map[string]func(*abroad){"with iss": func(*abroad) {}, "without iss": func(a *abroad) { delete(a.claims, "iss") }} {
		t.Run(name, func(t *testing.T) {
			a := newAbroad(t)
			spoil(a)
			want := university
			if a.claims["iss"] == nil {
				want = "x509_hash:" + certpath.Hash(a.x5c[0])
			}
			stored, err := a.receive(t)
			none(t, err)
			look := func(s *wallet.Stored, state wallet.State) {
				t.Helper()
				if s.Anchor != "CN=Ministry,C=CN" || s.Who.Name.English != "CN=University,C=CN" || s.Issuer != want || s.Region != "" || s.Provable || s.Err != nil || s.Status.State != state {
					t.Errorf("%+v", s)
				}
				if f := s.Fields(); len(f) != 2 || f[0].English != "degree title" || f[0].Value != "Doctor" {
					t.Errorf("%+v", f)
				}
			}
			look(stored, wallet.StateValid)
			damaged, err := a.holder.Recheck(t.Context())
			none(t, err)
			if damaged != 0 {
				t.Errorf("%d damaged", damaged)
			}
			none(t, a.list.Set(3, status.Invalid))
			none(t, a.holder.RefreshStatus(t.Context()))
			again, err := a.holder.Credential(t.Context(), stored.ID)
			none(t, err)
			look(again, wallet.StateRevoked)
			void, err := a.holder.Void(t.Context())
			none(t, err)
			if len(void) != 0 {
				t.Errorf("void: %q", void)
			}
			none(t, a.holder.Forget(t.Context(), stored.ID))
		})
	}
}

// TestForeignWithoutList: what names no status list is valid until its end.
func TestForeignWithoutList(t *testing.T) {
	a := newAbroad(t)
	delete(a.claims, "status")
	stored, err := a.receive(t)
	none(t, err)
	a.c.Advance(30 * 24 * time.Hour)
	later, err := a.holder.Credential(t.Context(), stored.ID)
	none(t, err)
	if later.Status.State != wallet.StateValid {
		t.Errorf("%+v", later.Status)
	}
}

func TestForeignRefusedOnReceipt(t *testing.T) {
	stranger := certpathtest.New(time.Now(), "Stranger")
	for name, test := range map[string]struct {
		edit      func(a *abroad)
		check     wallet.Check
		reason    error
		unchecked bool
	}{
		"another authority":     {func(a *abroad) { x5c, key := stranger.Leaf(certpathtest.Template{}); a.x5c, a.key = x5c, key }, wallet.CheckIssuer, provenance.ErrUnknown, false},
		"another type":          {func(a *abroad) { a.claims["vct"] = "urn:example:passport" }, wallet.CheckAccreditation, provenance.ErrNotTrustedFor, false},
		"another's name":        {func(a *abroad) { a.claims["iss"] = "https://other.example" }, wallet.CheckIssuer, provenance.ErrIssuerName, false},
		"an agency of a ledger": {func(a *abroad) { a.claims["iss"] = a.c.Office.DID }, wallet.CheckIssuer, provenance.ErrSource, false},
		"revoked":               {func(a *abroad) { _ = a.list.Set(3, status.Invalid) }, wallet.CheckStatus, status.ErrRevoked, false},
		"misleading text":       {func(a *abroad) { a.claims["name"] = "Li\u202e" }, wallet.CheckForm, legible.ErrText, false},
		"says nothing":          {func(a *abroad) { delete(a.claims, "name"); delete(a.claims, "degree") }, wallet.CheckSchema, provenance.ErrSchema, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAbroad(t)
			test.edit(a)
			key, err := a.holder.Expect(t.Context(), university)
			none(t, err)
			var hide []credential.Path
			if a.claims["name"] != nil {
				hide = []credential.Path{{"name"}}
			}
			sd, err := credential.Issue(t.Context(), a.key, did.Header{X5C: a.x5c, Kid: a.c.Office.KeyID}, a.claims, hide, credential.IssueOptions{Holder: key.Public(), AnyTimeOfDay: true})
			none(t, err)
			b, err := json.Marshal(map[string]any{"credentials": []any{map[string]any{"credential": sd.String()}}})
			none(t, err)
			_, err = a.holder.Receive(t.Context(), b)
			var r *wallet.Rejected
			if !errors.As(err, &r) || !errors.Is(err, test.reason) {
				t.Fatalf("got %v, want: %v", err, test.reason)
			}
			if test.check != wallet.CheckForm && r.Check != test.check {
				t.Errorf("check %s, want %s", r.Check, test.check)
			}
			if len(held(t, a.holder.Wallet)) != 0 {
				t.Error("it was stored")
			}
			if test.reason == provenance.ErrUnknown && (!strings.Contains(r.Describe("en"), "CN=Ministry") || !strings.Contains(r.Describe("en"), a.c.Root.DID)) {
				t.Errorf("the refusal names no anchor: %s", r.Describe("en"))
			}
		})
	}
	// Bound to a key that nobody expects, or to one that an agency of the ledger was asked
	// with.
	a := newAbroad(t)
	_, err := a.holder.Receive(t.Context(), a.response(t, a.c.Key().Public()))
	is(t, err, wallet.ErrUnrequested)
	if _, err := a.holder.Expect(t.Context(), a.c.Office.DID); !errors.Is(err, wallet.ErrOffer) {
		t.Errorf("%v", err)
	}
	a.c.Respond(a.holder, a.c.Desk, a.c.Adult())
	keys, err := a.holder.Keys.Keys(t.Context())
	none(t, err)
	for _, info := range keys {
		key, err := a.holder.Keys.Key(t.Context(), info.ID)
		none(t, err)
		_, err = a.holder.Receive(t.Context(), a.response(t, key.Public()))
		is(t, err, wallet.ErrWrongIssuer)
	}
	// Without sources only the ledger counts.
	b := newAbroad(t)
	alone, err := wallet.New(b.c.WalletConfig(b.holder))
	none(t, err)
	key, err := b.holder.Expect(t.Context(), university)
	none(t, err)
	if _, err := alone.Receive(t.Context(), b.response(t, key.Public())); err == nil {
		t.Error("received without a source")
	}
}

// TestShowForeign: a library of the ledger that is accredited to ask for diplomas gets one,
// under a type of aka_vcts too, and only under an authority that it trusts.
func TestShowForeign(t *testing.T) {
	a := newAbroad(t)
	a.claims["aka_vcts"] = []any{"urn:example:certificate"}
	_, err := a.receive(t)
	none(t, err)
	for _, vct := range []string{diploma, "urn:example:certificate"} {
		a.c.Submit(a.c.Root, &ledger.Accreditation{
			Agency: a.c.Library.DID, Action: ledger.ActionVerify, Region: "000000", Type: vct, Accreditor: a.c.Root.DID, State: ledger.StateActive, Subject: a.c.Library.Subject,
		})
		aki := base64.RawURLEncoding.EncodeToString(a.ministry.Certificate.SubjectKeyId)
		for _, test := range []struct {
			aki     string
			matches bool
		}{{"", true}, {aki, true}, {"b3RoZXI", false}} {
			cfg := a.c.CounterConfig(a.c.Policy(func(j hufutest.JSON) {
				delete(j, "accreditedBy")
				j["sources"] = []any{"ministry"}
				q := hufutest.JSON{"id": "diploma", "format": "dc+sd-jwt", "meta": hufutest.JSON{"vct_values": []any{vct}}, "claims": []any{hufutest.JSON{"path": []any{"degree", "title"}}}}
				if test.aki != "" {
					q["trusted_authorities"] = []any{hufutest.JSON{"type": "aki", "values": []any{test.aki}}}
				}
				j["dcql"] = hufutest.JSON{"credentials": []any{q}}
			}))
			a.show(t, cfg, test.matches)
		}
	}
}
