package wallet_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/wallet"
)

// state is what the wallet says of its only credential.
func state(t *testing.T, w *wallet.Wallet) wallet.Status {
	t.Helper()
	list := held(t, w)
	if len(list) != 1 {
		t.Fatalf("%d are held", len(list))
	}
	return list[0].Status
}

func TestFields(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	r := c.Adult()
	stored := c.Hold(c.Wallet(), r)
	var got []string
	for _, f := range stored.Fields() {
		if f.Sensitive != slices.ContainsFunc(c.Schema.Claims, func(s credential.SchemaClaim) bool { return s.Sensitive && s.Path[0] == f.Claim }) {
			t.Errorf("%s: sensitive %v", f.Claim, f.Sensitive)
		}
		got = append(got, f.English+"/"+f.Chinese+"="+f.Value.(string))
	}
	want := "name/姓名=" + r.Name
	if len(got) != 5 || got[0] != want || !strings.HasSuffix(got[2], "="+r.Birthdate) {
		t.Errorf("got %q", got)
	}
}

// What the lists say is known after a round, and nothing that does not hold is offered
// or sent: the answer names the issuer.
func TestRevokedIsNotShown(t *testing.T) {
	c, citizen, s := sketched(t)
	counter := c.Counter(c.Policy(nil))
	_, early := c.Ask(citizen, counter)
	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	if got := state(t, citizen.Wallet); got.State != wallet.StateValid || !got.AsOf.Equal(held(t, citizen.Wallet)[0].Received) {
		t.Errorf("before a round: %+v", got)
	}
	c.Advance(time.Minute)
	none(t, citizen.RefreshStatus(t.Context()))
	if got := state(t, citizen.Wallet); got.State != wallet.StateRevoked || !got.AsOf.Equal(c.Now()) {
		t.Errorf("after a round: %+v", got)
	}
	_, err := citizen.ResolveRequest(t.Context(), c.AskText(counter))
	var nothing *wallet.NothingMatches
	if !errors.As(err, &nothing) || len(nothing.Mismatches) != 2 {
		t.Fatalf("got %v", err)
	}
	for _, m := range nothing.Mismatches {
		is(t, m.Err, status.ErrRevoked)
		if m.Issuer != c.Office.DID {
			t.Errorf("names %q", m.Issuer)
		}
	}
	if said := verdict.Describe(err, "en"); !strings.Contains(said, "revoked") || !strings.Contains(said, c.Office.Subject.Name.English) {
		t.Errorf("says %q", said)
	}
	for choice := range early.Choices {
		_, err := citizen.Present(t.Context(), early, wallet.Consent{Choice: choice})
		rejects(t, err, wallet.CheckStatus, verdict.Revoked)
	}
	if s.shown != 0 || len(records(t, citizen, "history")) != 0 {
		t.Error("something was shown")
	}
}

func TestStatusOverTime(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	c.Advance(25 * time.Hour)
	if got := state(t, citizen.Wallet); got.State != wallet.StateUnknown || c.Now().Sub(got.AsOf) != 25*time.Hour {
		t.Errorf("a day without a round: %+v", got)
	}
	c.Heartbeat()
	none(t, citizen.RefreshStatus(t.Context()))
	if got := state(t, citizen.Wallet); got.State != wallet.StateValid {
		t.Errorf("after a round: %+v", got)
	}
	until := held(t, citizen.Wallet)[0].Expires
	c.Advance(until.Sub(c.Now()) - time.Second)
	if got := state(t, citizen.Wallet).State; got != wallet.StateUnknown {
		t.Errorf("a second before its end: %s", got)
	}
	c.Advance(time.Second)
	if got := state(t, citizen.Wallet).State; got != wallet.StateExpired {
		t.Errorf("at its end: %s", got)
	}
}

// A list that has not changed is not fetched, and one that cannot be had changes nothing.
func TestRefreshReadsWhatChanged(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	none(t, citizen.RefreshStatus(t.Context()))
	cfg := c.WalletConfig(citizen)
	cfg.Public = new(hufutest.Public) // has nothing
	w, err := wallet.New(cfg)
	none(t, err)
	none(t, w.RefreshStatus(t.Context()))
	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	err = w.RefreshStatus(t.Context())
	var unchecked *wallet.Unchecked
	if !errors.As(err, &unchecked) || unchecked.Check != wallet.CheckStatus || state(t, w).State != wallet.StateValid {
		t.Errorf("got %v, %+v", err, state(t, w))
	}
}

// One credential that cannot be read, or whose schema is gone, hides no other.
func TestOtherCredentialsSurvive(t *testing.T) {
	for name, spoil := range map[string]func(vault.Tx, *wallet.Stored) error{
		"its record": func(tx vault.Tx, s *wallet.Stored) error { return tx.Put("credential", s.ID, []byte(`{"text":"x"}`)) },
		"its schema": func(tx vault.Tx, s *wallet.Stored) error {
			schemas, err := tx.List("schema")
			for _, r := range schemas {
				if strings.Contains(string(r.Value), hufutest.PermitType) {
					err = tx.Delete("schema", r.ID)
				}
			}
			return err
		},
		"it is gone": func(tx vault.Tx, s *wallet.Stored) error { return tx.Delete("credential", s.ID) },
	} {
		for _, index := range []string{"kept", "lost"} {
			t.Run(name+", index "+index, func(t *testing.T) {
				c := hufutest.New(t, hufutest.Options{})
				h := c.Citizen(c.Adult())
				bad := c.HoldPermit(h, c.OpenPermitDesk(), "周安宁", "C1", "2020-01-01")
				none(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
					if index == "lost" {
						none(t, tx.Put("index", "head", nil))
					}
					return spoil(tx, bad)
				}))
				w, err := wallet.New(c.WalletConfig(h))
				none(t, err)
				again := &hufutest.Holder{Wallet: w, Store: h.Store, Keys: h.Keys}
				counter := c.Counter(c.Policy(nil))
				_, err = counter.Verify(t.Context(), c.Answer(again, counter, hufutest.Claims))
				none(t, err)
				_, err = w.Recheck(t.Context())
				none(t, err)
				good, bads := 0, 0
				for _, s := range held(t, w) {
					if s.Err == nil {
						good++
					} else if is(t, s.Err, vault.ErrDamaged); s.ID == bad.ID {
						bads++
					}
				}
				if good != 1 || bads != 1 && name != "it is gone" {
					t.Errorf("%d good, %d bad", good, bads)
				}
			})
		}
	}
}

func TestForget(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := c.Citizen(c.Adult())
	licence := c.HoldPermit(h, c.OpenPermitDesk(), "周安宁", "C1", "2020-01-01")
	_, ask := c.Ask(h, c.Counter(c.Policy(nil)))
	resident := ask.Choices[0].Parts[0].Credential
	none(t, h.Forget(t.Context(), resident))
	if list := held(t, h.Wallet); len(list) != 1 || list[0].ID != licence.ID {
		t.Errorf("left: %v", list)
	}
	for kind, want := range map[string]int{"credential": 1, "application": 1, "schema": 1, "key": 1} {
		if n := len(records(t, h, kind)); n != want {
			t.Errorf("%d of kind %s", n, kind)
		}
	}
	if storeContains(t, h, []string{"index", "credential", "application"}, []byte(c.Adult().Address)) {
		t.Error("a value is left")
	}
	_, err := h.Present(t.Context(), ask, wallet.Consent{})
	is(t, err, vault.ErrNotFound)
	is(t, h.Forget(t.Context(), resident), vault.ErrNotFound)
}

// TestFind: the beginning of an id is enough where no other begins so.
func TestFind(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Wallet()
	first := c.Hold(citizen, c.Adult())
	permit := c.HoldPermit(citizen, c.OpenPermitDesk(), c.Adult().Name, "C1", "2008-06-01")
	for _, want := range []*wallet.Stored{first, permit} {
		for _, beginning := range []string{want.ID, want.ID[:12]} {
			if got, err := citizen.Find(t.Context(), beginning); err != nil || got.ID != want.ID {
				t.Errorf("%s: %v", beginning, err)
			}
		}
	}
	for _, beginning := range []string{"", "none"} { // both of them, and neither
		if _, err := citizen.Find(t.Context(), beginning); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%q: %v", beginning, err)
		}
	}
}

// TestTakeUp: one call takes up an offer, and says where it ended.
func TestTakeUp(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Wallet()
	offer := c.Issue(c.Desk, c.Adult()).Offer
	closed := errors.New("the desk is closed")
	_, err := citizen.TakeUp(t.Context(), offer, wallet.ApplyOptions{}, func(context.Context, []byte) ([]byte, error) { return nil, closed })
	if err != closed || len(held(t, citizen.Wallet)) != 0 {
		t.Errorf("%v", err)
	}
	stored, err := citizen.TakeUp(t.Context(), offer, wallet.ApplyOptions{}, c.Desk.Answer)
	if err != nil || len(held(t, citizen.Wallet)) != 1 || stored.Type != c.Schema.VCT {
		t.Errorf("%v", err)
	}
	if _, err := citizen.TakeUp(t.Context(), nil, wallet.ApplyOptions{}, c.Desk.Answer); !errors.Is(err, wallet.ErrOffer) {
		t.Errorf("no offer: %v", err)
	}
}

// TestChoiceBy: a way to answer is named by its format or by a query.
func TestChoiceBy(t *testing.T) {
	ask := &wallet.Request{Choices: []wallet.Choice{
		{Format: openid.FormatSDJWT, Parts: []wallet.Part{{Query: "claims"}}},
		{Format: openid.FormatSDJWTZK, Parts: []wallet.Part{{Query: "proof"}, {Query: "second"}}},
	}}
	for name, want := range map[string]int{"": 0, openid.FormatSDJWT: 0, "claims": 0, openid.FormatSDJWTZK: 1, "second": 1} {
		if got, err := ask.ChoiceBy(name); err != nil || got != want {
			t.Errorf("%q: %d, %v", name, got, err)
		}
	}
	for _, r := range []*wallet.Request{ask, {}} {
		if _, err := r.ChoiceBy("other"); !errors.Is(err, wallet.ErrNothingMatches) {
			t.Errorf("%v", err)
		}
	}
}
