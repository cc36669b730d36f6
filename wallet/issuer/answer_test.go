package issuer_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

func TestNewRefusesWhatIsIncomplete(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	for name, edit := range map[string]func(*issuer.Config){
		"no DID":                         func(cfg *issuer.Config) { cfg.Keys.DID = "" },
		"a DID of another method":        func(cfg *issuer.Config) { cfg.Keys.DID, cfg.Keys.KeyID = "did:web:a.example", "did:web:a.example#1" },
		"a key of another agency":        func(cfg *issuer.Config) { cfg.Keys.KeyID = c.Library.KeyID },
		"a key id that is no DID URL":    func(cfg *issuer.Config) { cfg.Keys.KeyID = "sig-1" },
		"no signature key":               func(cfg *issuer.Config) { cfg.Keys.Key = nil },
		"keys of no ledger":              func(cfg *issuer.Config) { cfg.Keys.Ledger = ledger.ID{} },
		"no proof key":                   func(cfg *issuer.Config) { cfg.Keys.Proof = nil },
		"no schema":                      func(cfg *issuer.Config) { cfg.Types[0].Schema = nil },
		"no region":                      func(cfg *issuer.Config) { cfg.Types[0].Region = "" },
		"a region that is none":          func(cfg *issuer.Config) { cfg.Types[0].Region = "Dongcheng" },
		"no store":                       func(cfg *issuer.Config) { cfg.Store = nil },
		"no ledger":                      func(cfg *issuer.Config) { cfg.Ledger = nil },
		"no publisher":                   func(cfg *issuer.Config) { cfg.Publisher = nil },
		"credentials that hold for ever": func(cfg *issuer.Config) { cfg.Types[0].ValidDays = 1 << 20 },
		"credentials that have ended":    func(cfg *issuer.Config) { cfg.Types[0].ValidDays = -1 },
		"lists that hold for years":      func(cfg *issuer.Config) { cfg.StatusDays = 1000 },
		"lists that have ended":          func(cfg *issuer.Config) { cfg.StatusDays = -1 },
		"a list above every limit":       func(cfg *issuer.Config) { cfg.StatusSize = 1 << 25 },
		"a list of less than nothing":    func(cfg *issuer.Config) { cfg.StatusSize = -1 },
		"a reader without files":         func(cfg *issuer.Config) { cfg.Public = nil },
		"files without a reader":         func(cfg *issuer.Config) { cfg.Reader = nil },
		"epochs of the future":           func(cfg *issuer.Config) { cfg.EpochAge = -1 },
		"a bound type without a reader": func(cfg *issuer.Config) {
			cfg.Reader, cfg.Public = nil, nil
			bound := strings.Replace(string(c.Schema.Bytes()), `"digests"`, `"boundBy":[{"schema":"a","version":1}],"digests"`, 1)
			schema, err := credential.ParseSchema([]byte(bound))
			none(t, err)
			cfg.Types[0].Schema = schema
		},
	} {
		cfg := c.DeskConfig(c.Office)
		if _, err := issuer.New(cfg); err != nil {
			t.Fatalf("complete, and refused: %v", err)
		}
		edit(&cfg)
		desk, err := issuer.New(cfg)
		if desk != nil || !errors.Is(err, issuer.ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAnswerRefuses(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	other := o.c.Issue(o.Desk, o.c.OtherAdult())
	for _, test := range []struct {
		name   string
		edit   func(*application)
		reason error
	}{
		{"unknown code", func(a *application) { a.code = strings.Repeat("A", 32) }, issuer.ErrCode},
		{"another type", func(a *application) { a.configuration = "test.resident/2" }, issuer.ErrType},
		{"two proofs", func(a *application) { a.proofs = 2 }, openid.ErrCredentialRequest},
		{"no commitment", func(a *application) { a.commitment = nil }, openid.ErrCredentialRequest},
		{"commitment zero", func(a *application) { a.commitment = make([]byte, 32) }, openid.ErrCredentialRequest},
		{"commitment spelled another way", func(a *application) { a.commitment = bytes.Repeat([]byte{0xff}, 32) }, zkp.ErrForm},
		{"proof for another desk", func(a *application) { a.audience = o.c.Library.DID }, openid.ErrProofAudience},
		{"proof for another offer", func(a *application) { a.nonce = openid.OfferNonce(other.Code) }, openid.ErrProofNonce},
		{"the code itself as nonce", func(a *application) { a.nonce = a.code }, openid.ErrProofNonce},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := o.Answer(t.Context(), o.apply(t, offer, test.edit))
			is(t, err, test.reason)
			if response != nil {
				t.Error("a credential all the same")
			}
		})
	}
	t.Run("no JSON", func(t *testing.T) {
		_, err := o.Answer(t.Context(), []byte("request"))
		is(t, err, openid.ErrJSON)
	})
	t.Run("an old proof", func(t *testing.T) {
		envelope := o.apply(t, offer, asIs)
		o.c.Advance(6*time.Minute + time.Second)
		_, err := o.Answer(t.Context(), envelope)
		is(t, err, openid.ErrProofTime)
	})
	t.Run("and the offer still lives", func(t *testing.T) {
		_, err := o.Answer(t.Context(), o.apply(t, offer, asIs))
		none(t, err)
	})
	t.Run("once", func(t *testing.T) {
		_, err := o.Answer(t.Context(), o.apply(t, offer, asIs))
		is(t, err, issuer.ErrCodeUsed)
	})
}

// TestCommitments: one secret a person and one person a secret, for good.
func TestCommitments(t *testing.T) {
	o := newOffice(t)
	first, second := o.c.Issue(o.Desk, o.c.Adult()), o.c.Issue(o.Desk, o.c.OtherAdult())
	var commitment []byte
	_, err := o.Answer(t.Context(), o.apply(t, first, func(a *application) { commitment = a.commitment }))
	none(t, err)
	t.Run("one commitment for two people", func(t *testing.T) {
		_, err := o.Answer(t.Context(), o.apply(t, second, func(a *application) { a.commitment = commitment }))
		is(t, err, issuer.ErrCommitment)
	})
	_, err = o.Answer(t.Context(), o.apply(t, second, asIs))
	none(t, err)
}

// TestTwoCommitments: while a person's credential of one edition is in force, nobody
// gets the next edition with another secret.
func TestTwoCommitments(t *testing.T) {
	o := newOffice(t)
	first := o.c.Issue(o.Desk, o.c.Adult())
	next := o.edition(t, 2)
	var commitment []byte
	_, err := o.Answer(t.Context(), o.apply(t, first, func(a *application) { commitment = a.commitment }))
	none(t, err)
	second, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{Type: next})
	none(t, err)
	_, err = o.Answer(t.Context(), o.apply(t, *second, func(a *application) { a.configuration = next }))
	is(t, err, issuer.ErrCommitment)
	_, err = o.Answer(t.Context(), o.apply(t, *second, func(a *application) { a.configuration, a.commitment = next, commitment }))
	none(t, err)
}

// TestAnswerSaves: where the store fails, no credential leaves.
func TestAnswerSaves(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	envelope := o.apply(t, offer, asIs)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	response, err := o.Answer(ctx, envelope)
	is(t, err, context.Canceled)
	if response != nil {
		t.Error("a credential that the desk does not know of")
	}
	_, err = o.Answer(t.Context(), envelope)
	none(t, err)
}
