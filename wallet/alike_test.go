package wallet_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// namesake gives up an agency's name and lets a new agency take one that looks like it,
// for the same action.
func namesake(t *testing.T, c *hufutest.Country, old *hufutest.Agency, action string) *hufutest.Agency {
	t.Helper()
	c.Accredit(old, action, ledger.StateRevoked)
	heir := c.NewAgency()
	heir.Subject.Name = ledger.Text{English: strings.ToUpper(old.Subject.Name.English), Chinese: old.Subject.Name.Chinese}
	c.Accredit(heir, action, ledger.StateActive)
	c.Advance(2 * time.Minute) // the counter's next proof
	return heir
}

// TestLookalikeAsks: whoever asks under the name of somebody that this wallet knows is
// flagged, and nobody else.
func TestLookalikeAsks(t *testing.T) {
	ask := func(c *hufutest.Country, h *hufutest.Holder, by *verifier.Verifier) []wallet.Lookalike {
		t.Helper()
		request, err := by.NewRequest(t.Context(), verifier.RequestOptions{})
		none(t, err)
		asked, err := h.ResolveRequest(t.Context(), request.Object)
		none(t, err)
		return asked.LooksLike
	}
	for name, known := range map[string]struct {
		meet func(c *hufutest.Country, h *hufutest.Holder, by *hufutest.Counter)
		want func(c *hufutest.Country) []wallet.Lookalike
	}{
		"answered before": {func(c *hufutest.Country, h *hufutest.Holder, by *hufutest.Counter) { c.Answer(h, by, "claims") },
			func(c *hufutest.Country) []wallet.Lookalike {
				return []wallet.Lookalike{{c.Library.DID, c.Library.Subject.Name, true}}
			}},
		"on the list": {func(c *hufutest.Country, h *hufutest.Holder, _ *hufutest.Counter) {
			c.PublishAgencies()
			none(t, h.Refresh(t.Context()))
		}, func(c *hufutest.Country) []wallet.Lookalike {
			return []wallet.Lookalike{{c.Library.DID, c.Library.Subject.Name, false}}
		}},
		"never heard of": {func(*hufutest.Country, *hufutest.Holder, *hufutest.Counter) {}, func(*hufutest.Country) []wallet.Lookalike { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			c := hufutest.New(t, hufutest.Options{})
			citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
			known.meet(c, citizen, counter)
			if got := ask(c, citizen, counter.Verifier); len(got) != 0 {
				t.Errorf("the library looks like %+v", got)
			}
			heir := namesake(t, c, c.Library, ledger.ActionVerify)
			got := ask(c, citizen, c.CounterOf(heir, c.Policy(nil)).Verifier)
			if !slices.Equal(got, known.want(c)) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestLookalikeOffers: so is whoever offers a credential under the name of the issuer of
// another.
func TestLookalikeOffers(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	offered, err := citizen.ResolveOffer(t.Context(), c.Issue(c.Desk, c.OtherAdult()).Offer)
	if err != nil || len(offered.LooksLike) != 0 {
		t.Errorf("%+v, %v", offered, err)
	}
	heir := namesake(t, c, c.Office, ledger.ActionIssue)
	desk, err := issuer.New(c.DeskConfig(heir))
	none(t, err)
	offered, err = citizen.ResolveOffer(t.Context(), c.Issue(desk, c.OtherAdult()).Offer)
	none(t, err)
	if want := []wallet.Lookalike{{c.Office.DID, c.Office.Subject.Name, true}}; !slices.Equal(offered.LooksLike, want) {
		t.Errorf("got %+v", offered.LooksLike)
	}
}
