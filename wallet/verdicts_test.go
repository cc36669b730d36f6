package wallet_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/wallet"
)

// rejects asserts that an error is a refusal, and what it says of itself.
func rejects(t *testing.T, err error, check wallet.Check, code verdict.Code) {
	t.Helper()
	var r *wallet.Rejected
	if !errors.As(err, &r) || r.Check != check || r.Code() != code {
		t.Fatalf("got %v, want a refusal at %s, %s", err, check, code)
	}
	says(t, r, err)
}

// fails asserts that an error could not be checked, and what it says of itself.
func fails(t *testing.T, err error, check wallet.Check, code verdict.Code) {
	t.Helper()
	var u *wallet.Unchecked
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
		if text != verdict.Describe(err, lang) || strings.Contains(text, "wallet:") || strings.Contains(text, err.Error()) {
			t.Errorf("%s: %q and %q", lang, text, verdict.Describe(err, lang))
		}
	}
}

func TestVerdictOfApplyAndReceive(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Wallet()
	_, err := citizen.Apply(t.Context(), []byte("{}"), wallet.ApplyOptions{})
	rejects(t, err, wallet.CheckOffer, verdict.OfferMalformed)
	_, err = citizen.Receive(t.Context(), []byte("{}"))
	rejects(t, err, wallet.CheckForm, verdict.MessageMalformed)

	response := c.Respond(citizen, c.Desk, c.Adult())
	c.Accredit(c.Office, ledger.ActionIssue, ledger.StateSuspended)
	_, err = citizen.Receive(t.Context(), response)
	rejects(t, err, wallet.CheckAccreditation, verdict.AccreditationSuspended)
	c.Accredit(c.Office, ledger.ActionIssue, ledger.StateActive)
	_, err = citizen.Receive(t.Context(), response)
	none(t, err)
	_, err = citizen.Receive(t.Context(), response)
	rejects(t, err, wallet.CheckApplication, verdict.ReceivedBefore)
	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	_, err = citizen.Receive(t.Context(), response)
	rejects(t, err, wallet.CheckStatus, verdict.Revoked)
}

func TestVerdictOfARequest(t *testing.T) {
	c, citizen, _ := sketched(t)
	counter := c.Counter(c.Policy(nil))
	_, err := citizen.ResolveRequest(t.Context(), []byte("x"))
	rejects(t, err, wallet.CheckRequest, verdict.RequestMalformed)
	_, err = c.Citizen(c.Child()).ResolveRequest(t.Context(), c.AskText(counter))
	rejects(t, err, wallet.CheckMatch, verdict.NothingMatches)

	_, ask := c.Ask(citizen, counter)
	_, err = citizen.Present(t.Context(), ask, wallet.Consent{Choice: 99})
	rejects(t, err, wallet.CheckConsent, verdict.ConsentDiffers)
	_, foreign := c.Ask(citizen, c.CounterOf(c.NewAgency(), c.Policy(nil)))
	_, err = citizen.Present(t.Context(), foreign, wallet.Consent{})
	rejects(t, err, wallet.CheckAccreditation, verdict.RequesterNotAccredited)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = citizen.Present(ended, ask, wallet.Consent{})
	fails(t, err, wallet.CheckConsent, verdict.Interrupted)
	request := c.AskText(counter)
	c.Advance(11 * time.Minute)
	_, err = citizen.ResolveRequest(t.Context(), request)
	rejects(t, err, wallet.CheckRequest, verdict.RequestExpired)
	c.Advance(25 * time.Hour) // no counter can prove anything
	_, err = citizen.ResolveRequest(t.Context(), c.AskText(counter))
	fails(t, err, wallet.CheckRequest, verdict.RequesterUnproved)
}

// TestVerdictSaysWhatIsNotTrue: to the holder, and in no error's text.
func TestVerdictSaysWhatIsNotTrue(t *testing.T) {
	c, _, _ := sketched(t)
	_, err := c.Citizen(c.Child()).ResolveRequest(t.Context(), c.AskText(c.Counter(c.Policy(nil))))
	for lang, want := range map[string]string{
		"en": "does not show that: aged 18 or over, by birth date. Nothing was sent.", "zh": "不符合：",
	} {
		if got := verdict.Describe(err, lang); !strings.Contains(got, want) {
			t.Errorf("%s: %q", lang, got)
		}
	}
	if strings.Contains(err.Error(), "18") {
		t.Errorf("the error says %q", err)
	}
}

func TestVerdictOfAVault(t *testing.T) {
	c, citizen, _ := sketched(t)
	credential := records(t, citizen, "credential")[0]
	counter := c.Counter(c.Policy(nil))
	ask, err := citizen.ResolveRequest(t.Context(), c.AskText(counter))
	none(t, err)
	none(t, citizen.Store.Update(t.Context(), func(tx vault.Tx) error {
		value := slices.Clone(credential.Value)
		value[len(value)/2] ^= 1
		return tx.Put("credential", credential.ID, value)
	}))
	unread, err := citizen.ResolveRequest(t.Context(), c.AskText(counter)) // no round has opened it yet
	none(t, err)
	if len(unread.Choices) != 1 || unread.Choices[0].Format != openid.FormatSDJWTZK {
		t.Errorf("what cannot be shown is offered: %+v", unread.Choices)
	}
	_, err = citizen.Present(t.Context(), ask, wallet.Consent{Choice: 1})
	fails(t, err, wallet.CheckVault, verdict.VaultDamaged)
	none(t, citizen.Refresh(t.Context())) // one bad record does not stop a round
	if list := held(t, citizen.Wallet); len(list) != 1 || !errors.Is(list[0].Err, vault.ErrDamaged) {
		t.Errorf("lists %v", list)
	}
	_, err = citizen.ResolveRequest(t.Context(), c.AskText(counter))
	var nothing *wallet.NothingMatches
	if !errors.As(err, &nothing) || !errors.Is(nothing.Mismatches[0].Err, vault.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	none(t, citizen.Store.Close())
	_, err = citizen.History(t.Context())
	fails(t, err, wallet.CheckVault, verdict.Internal)
	for _, err := range citizen.Credentials(t.Context()) {
		fails(t, err, wallet.CheckVault, verdict.Internal)
	}
}

// TestVerdictOfPrepare: a refusal of one credential outweighs what could not be
// found out about another, and neither is lost.
func TestVerdictOfPrepare(t *testing.T) {
	c, citizen, _ := sketched(t)
	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	c.NextEpoch()
	_, err := citizen.Prepare(t.Context(), 1)
	rejects(t, err, wallet.CheckPrepare, verdict.Revoked)
	if said := verdict.Describe(err, "zh"); said != "这份凭证已被签发机构撤销，没有发送任何内容。请联系签发机构。" {
		t.Errorf("says %q", said)
	}
	c.Advance(48 * time.Hour)
	_, err = citizen.Prepare(t.Context(), 1)
	fails(t, err, wallet.CheckCheckpoint, verdict.LedgerStale)
}

// mute is a ledger's server that says there is nothing, which proves nothing.
type mute struct{ ledger.Reader }

func (mute) Prove(context.Context, ...string) (*ledger.Proof, error) { return nil, ledger.ErrAbsent }

// TestVerdictOfALedger: what a server says without proof says nothing about the
// credential.
func TestVerdictOfALedger(t *testing.T) {
	c, citizen, _ := sketched(t)
	cfg := c.WalletConfig(citizen)
	cfg.Ledger = c.Client(mute{c.Log})
	deaf, err := wallet.New(cfg)
	none(t, err)
	err = deaf.Refresh(t.Context())
	fails(t, err, wallet.CheckCheckpoint, verdict.LedgerAnswer)
}
