package issuer_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/wallet/issuer"
)

func rejects(t *testing.T, err error, check issuer.Check, code verdict.Code) {
	t.Helper()
	var r *issuer.Rejected
	if !errors.As(err, &r) || r.Check != check || r.Code() != code {
		t.Fatalf("got %v, want a refusal at %s, %s", err, check, code)
	}
	says(t, r, err)
}

func fails(t *testing.T, err error, check issuer.Check, code verdict.Code) {
	t.Helper()
	var u *issuer.Unchecked
	if !errors.As(err, &u) || u.Check != check || u.Code() != code {
		t.Fatalf("got %v, want unchecked at %s, %s", err, check, code)
	}
	says(t, u, err)
}

// says asserts that an error and verdict.Describe say the same, which repeats
// nothing of the error's own text.
func says(t *testing.T, d interface{ Describe(string) string }, err error) {
	t.Helper()
	for _, lang := range []string{"en", "zh-CN"} {
		text := d.Describe(lang)
		if text != verdict.Describe(err, lang) || strings.Contains(text, errors.Unwrap(err).Error()) {
			t.Errorf("%s: %q and %q", lang, text, verdict.Describe(err, lang))
		}
	}
}

func TestVerdicts(t *testing.T) {
	o := newOffice(t)
	_, _, err := o.Import(t.Context(), strings.NewReader("a,b\n1,2\n"), issuer.ImportOptions{})
	rejects(t, err, issuer.CheckTable, verdict.TableMalformed)
	_, err = o.Answer(t.Context(), []byte("{}"))
	rejects(t, err, issuer.CheckForm, verdict.MessageMalformed)

	offer := o.c.Issue(o.Desk, o.c.Adult())
	_, err = o.Answer(t.Context(), o.apply(t, offer, func(a *application) { a.code = strings.Repeat("x", 32) }))
	rejects(t, err, issuer.CheckOffer, verdict.OfferUnknown)
	_, err = o.Answer(t.Context(), o.apply(t, offer, func(a *application) { a.audience = o.c.Library.DID }))
	rejects(t, err, issuer.CheckApplication, verdict.ApplicationOtherDesk)
	rejects(t, o.Revoke(t.Context(), offer.Code), issuer.CheckRevocation, verdict.NotIssued)
	_, err = o.Answer(t.Context(), o.apply(t, offer, asIs))
	none(t, err)
	_, err = o.Answer(t.Context(), o.apply(t, offer, asIs))
	rejects(t, err, issuer.CheckOffer, verdict.OfferUsed)

	o.offline = true
	fails(t, o.Revoke(t.Context(), offer.Code), issuer.CheckRevocation, verdict.Internal)
	o.offline = false
	none(t, o.Revoke(t.Context(), offer.Code))
	rejects(t, o.Revoke(t.Context(), offer.Code), issuer.CheckRevocation, verdict.RevokedBefore)
	none(t, o.store.Close())
	fails(t, o.Publish(t.Context()), issuer.CheckStatus, verdict.Internal)
}

// TestVerdictOfTheLedger: what the ledger refuses is refused; no reply is neither,
// and the sentence warns that the change may have been saved.
func TestVerdictOfTheLedger(t *testing.T) {
	o := newOffice(t)
	var answer error
	cfg := o.c.DeskConfig(o.c.Office)
	cfg.Ledger = submitter(func(context.Context, ...*ledger.SignedOperation) (*ledger.Receipt, error) { return nil, answer })
	desk, err := issuer.New(cfg)
	none(t, err)
	answer = &ledger.RefusedError{Kind: "status", Reason: ledger.ErrUnauthorised}
	rejects(t, desk.Publish(t.Context()), issuer.CheckEntry, verdict.NotAllowed)
	for _, c := range []struct {
		err   error
		check issuer.Check
		code  verdict.Code
	}{
		{ledger.ErrUnreachable, "checkpoint", verdict.LedgerUnreachable},
		{ledger.ErrReader, issuer.CheckEntry, verdict.LedgerAnswer},
		{ledger.ErrAbsent, issuer.CheckEntry, verdict.LedgerAnswer},
	} {
		answer = c.err
		err := desk.Publish(t.Context())
		fails(t, err, c.check, c.code)
		if said := verdict.Describe(err, "en"); !strings.Contains(said, "may or may not have been saved") {
			t.Errorf("says %q", said)
		}
	}
}
