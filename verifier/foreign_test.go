package verifier_test

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verifier"
)

const (
	diploma = "urn:example:diploma"
	listURI = "https://status.example/1"
)

// abroad is a university under a ministry that the counter trusts for diplomas.
type abroad struct {
	c        *hufutest.Country
	ministry *certpathtest.Authority
	x5c      [][]byte
	key      crypto.Signer
	claims   map[string]any
	list     *status.List
	cfg      verifier.Config
}

func newAbroad(t *testing.T, edit func(hufutest.JSON)) *abroad {
	t.Helper()
	a := &abroad{c: hufutest.New(t, hufutest.Options{})}
	a.ministry = certpathtest.New(a.c.Now(), "Ministry")
	a.x5c, a.key = leaf(a.ministry, "University")
	a.claims = map[string]any{
		"vct": diploma, "iat": a.c.Now().Unix() - 60, "exp": a.c.Now().Unix() + 3600, "name": "Li", "degree": "Doctor",
		"status": status.Reference{URI: listURI, Index: 3}.Claim(),
	}
	var err error
	a.list, err = status.New(1, 8)
	none(t, err)
	source, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: a.ministry.Anchor(), Trust: provenance.Trust{Types: []string{diploma}}})
	none(t, err)
	policy := a.c.Policy(func(j hufutest.JSON) {
		delete(j, "accreditedBy")
		delete(j, "issuers")
		j["sources"] = []any{"ministry"}
		j["dcql"] = hufutest.JSON{"credentials": []any{hufutest.JSON{
			"id": "diploma", "format": "dc+sd-jwt", "meta": hufutest.JSON{"vct_values": []any{diploma}}, "claims": []any{hufutest.JSON{"path": []any{"degree"}}},
		}}}
		if edit != nil {
			edit(j)
		}
	})
	a.cfg = a.c.CounterConfig(policy)
	a.cfg.Sources, a.cfg.Lists = map[string]provenance.Source{"ministry": source}, a
	return a
}

func leaf(a *certpathtest.Authority, name string) ([][]byte, crypto.Signer) {
	x5c, key := a.Leaf(certpathtest.Template{Name: name, Usages: certpath.IssuerUsages()})
	return x5c, key
}

// StatusList signs the list anew for each reader.
func (a *abroad) StatusList(ctx context.Context, uri string) ([]byte, error) {
	token, err := status.Sign(ctx, a.key, did.Header{X5C: a.x5c}, status.Claims{Subject: uri, IssuedAt: a.c.Now(), Expires: a.c.Now().Add(time.Hour)}, a.list)
	return []byte(token), err
}

// answer asks at a counter, and shows the diploma.
func (a *abroad) answer(t *testing.T) (*verifier.Verifier, []byte) {
	t.Helper()
	v, err := verifier.New(a.cfg)
	none(t, err)
	request, err := v.NewRequest(t.Context(), verifier.RequestOptions{})
	none(t, err)
	asked, holder := a.c.Request(request.Object), a.c.Key()
	sd, err := credential.Issue(t.Context(), a.key, did.Header{X5C: a.x5c}, a.claims, []credential.Path{{"name"}, {"degree"}}, credential.IssueOptions{Holder: holder.Public(), AnyTimeOfDay: true})
	none(t, err)
	shown, err := sd.Disclose(credential.Path{"degree"})
	none(t, err)
	shown, err = shown.Bind(t.Context(), holder, v.ClientID(), asked.Nonce, credential.BindOptions{IssuedAt: a.c.Now()})
	none(t, err)
	return v, a.c.NewResponse(asked.State, "diploma", shown.String())
}

// TestForeignIssuer: a counter takes a diploma of a university that is on no ledger, from
// an authority that its policy names, and needs no ledger for it.
func TestForeignIssuer(t *testing.T) {
	a := newAbroad(t, nil)
	a.cfg.Ledger = a.c.Client(silentReader{a.c.Log})
	v, answer := a.answer(t)
	result := accepted(t, v, answer)
	by := result.Issuers[0]
	if by.Anchor != "CN=Ministry,C=CN" || by.Name.English != "CN=University,C=CN" || by.DID != "x509_hash:"+certpath.Hash(a.x5c[0]) {
		t.Errorf("%+v", by)
	}
	if len(result.Learned) != 1 || result.Learned[0].Claim != "degree" || result.Learned[0].Value != "Doctor" || !result.AsOf.IsZero() {
		t.Errorf("%+v", result)
	}
	outcome, err := v.Outcome(t.Context(), result.Request)
	none(t, err)
	if outcome.Result.Issuers[0].Anchor != by.Anchor {
		t.Error("the anchor is not stored")
	}
}

// silentReader is a ledger that nobody reaches.
type silentReader struct{ ledger.Reader }

func (silentReader) Prove(context.Context, ...string) (*ledger.Proof, error) {
	return nil, errors.New("no line")
}

func TestForeignIssuerRefused(t *testing.T) {
	aki := func(value string) func(hufutest.JSON) {
		return func(j hufutest.JSON) {
			q := j["dcql"].(hufutest.JSON)["credentials"].([]any)[0].(hufutest.JSON)
			q["trusted_authorities"] = []any{hufutest.JSON{"type": "aki", "values": []any{value}}}
		}
	}
	for name, test := range map[string]struct {
		policy func(hufutest.JSON)
		edit   func(t *testing.T, a *abroad)
		check  verifier.Check
		reason error
	}{
		"another authority": {nil, func(_ *testing.T, a *abroad) {
			a.x5c, a.key = leaf(certpathtest.New(a.c.Now(), "Ministry"), "University")
		}, verifier.CheckIssuer, provenance.ErrUnknown},
		"another type":      {nil, func(_ *testing.T, a *abroad) { a.claims["vct"] = "urn:example:passport" }, verifier.CheckAccreditation, provenance.ErrNotTrustedFor},
		"no certificate":    {nil, func(_ *testing.T, a *abroad) { a.x5c = nil; a.claims["iss"] = "https://u.example" }, verifier.CheckIssuer, provenance.ErrUnknown},
		"a DID of a ledger": {nil, func(_ *testing.T, a *abroad) { a.claims["iss"] = a.c.Office.DID }, verifier.CheckIssuer, provenance.ErrUnknown},
		"revoked":           {nil, func(t *testing.T, a *abroad) { none(t, a.list.Set(3, status.Invalid)) }, verifier.CheckStatus, status.ErrRevoked},
		"expired":           {nil, func(_ *testing.T, a *abroad) { a.claims["exp"] = a.c.Now().Unix() - 120 }, verifier.CheckValidity, credential.ErrExpired},
		"not among issuers": {func(j hufutest.JSON) { j["issuers"] = []any{"https://other.example"} }, func(*testing.T, *abroad) {}, verifier.CheckPolicy, verifier.ErrIssuerNotNamed},
		"another aki":       {aki(base64.RawURLEncoding.EncodeToString([]byte("other"))), func(*testing.T, *abroad) {}, verifier.CheckPolicy, verifier.ErrAuthority},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAbroad(t, test.policy)
			test.edit(t, a)
			v, answer := a.answer(t)
			rejected(t, v, answer, test.check, test.reason)
		})
	}
	a := newAbroad(t, nil)
	a.cfg.Lists = nil
	v, answer := a.answer(t)
	unchecked(t, v, answer, verifier.CheckStatus, provenance.ErrStatusList)
}

// TestTrustedAuthorities: the counter repeats the query's aki on the chain that it got, and
// our ledger's on the chain of accreditations.
func TestTrustedAuthorities(t *testing.T) {
	a := newAbroad(t, nil)
	with := func(kind, value string) verifier.Config {
		cfg := a.cfg
		cfg.Store = verifier.NewMemoryStore()
		cfg.Policies = []*verifier.Policy{a.c.Policy(func(j hufutest.JSON) {
			delete(j, "accreditedBy")
			j["sources"] = []any{"ministry"}
			j["dcql"] = hufutest.JSON{"credentials": []any{hufutest.JSON{
				"id": "diploma", "format": "dc+sd-jwt", "meta": hufutest.JSON{"vct_values": []any{diploma}}, "claims": []any{hufutest.JSON{"path": []any{"degree"}}},
				"trusted_authorities": []any{hufutest.JSON{"type": kind, "values": []any{value}}},
			}}}
		})}
		return cfg
	}
	a.cfg = with("aki", base64.RawURLEncoding.EncodeToString(a.ministry.Certificate.SubjectKeyId))
	v, answer := a.answer(t)
	accepted(t, v, answer)
	a.cfg = with("hufu_ledger", a.c.Root.DID)
	v, answer = a.answer(t)
	rejected(t, v, answer, verifier.CheckPolicy, verifier.ErrAuthority)

	c := a.c
	for value, want := range map[string]error{c.Root.DID: nil, c.Office.DID: nil, c.Library.DID: verifier.ErrAuthority} {
		counter := c.Counter(c.Policy(func(j hufutest.JSON) {
			dcql := j["dcql"].(hufutest.JSON)
			for _, q := range dcql["credentials"].([]any) {
				if q := q.(hufutest.JSON); q["id"] == hufutest.Claims {
					q["trusted_authorities"] = []any{hufutest.JSON{"type": "hufu_ledger", "values": []any{value}}}
				}
			}
		}))
		answer := present(t, c, counter, ask(t, counter), asIs)
		if want != nil {
			rejected(t, counter.Verifier, answer, verifier.CheckPolicy, want)
			continue
		}
		accepted(t, counter.Verifier, answer)
	}
}

// TestSourcesFailClosed: a policy trusts nobody whom it does not name.
func TestSourcesFailClosed(t *testing.T) {
	a := newAbroad(t, nil)
	for _, edit := range []func(hufutest.JSON){
		func(j hufutest.JSON) { delete(j, "accreditedBy"); delete(j, "issuers") },
		func(j hufutest.JSON) { j["sources"] = []any{""} },
		func(j hufutest.JSON) {
			q := j["dcql"].(hufutest.JSON)["credentials"].([]any)[0].(hufutest.JSON)
			q["trusted_authorities"] = []any{hufutest.JSON{"type": "etsi_tl", "values": []any{"https://a.example"}}}
		},
	} {
		if _, err := verifier.ParsePolicy(hufutest.PolicyFile(edit)); !errors.Is(err, verifier.ErrPolicy) {
			t.Errorf("%v", err)
		}
	}
	cfg := a.cfg
	cfg.Sources = nil
	if _, err := verifier.New(cfg); !errors.Is(err, verifier.ErrConfig) {
		t.Errorf("a source that is not here: %v", err)
	}
	// The ledger's issuers do not count where only another source is named, and a diploma
	// not where only the ledger is.
	v, answer := a.answer(t)
	cfg = a.cfg
	cfg.Sources = map[string]provenance.Source{"other": cfg.Sources["ministry"]}
	cfg.Policies = []*verifier.Policy{a.c.Policy(nil)}
	later, err := verifier.New(cfg)
	none(t, err)
	unchecked(t, later, answer, verifier.CheckPolicy, verifier.ErrConfig)
	accepted(t, v, answer)
}

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
