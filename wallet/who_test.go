package wallet_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// TestWhoAsks: the citizen reads the name that the accreditor vouches for, and no
// name where nobody vouches.
func TestWhoAsks(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	ask := func() (ledger.Subject, bool) {
		t.Helper()
		request, err := counter.NewRequest(t.Context(), verifier.RequestOptions{})
		if err != nil {
			t.Fatal(err)
		}
		asked, err := citizen.ResolveRequest(t.Context(), request.Object)
		if err != nil {
			t.Fatal(err)
		}
		return asked.Who()
	}
	if who, known := ask(); !known || who != c.Library.Subject {
		t.Errorf("%+v", who)
	}
	c.Accredit(c.Library, ledger.ActionVerify, ledger.StateEnded)
	c.Advance(2 * time.Minute) // the counter's next proof
	if who, known := ask(); known || who != (ledger.Subject{}) {
		t.Errorf("nobody vouches: %+v", who)
	}
}

// TestWhoVouches: the citizen reads who accredited the requester, at each length of chain,
// and the root by the name that it gives itself, from the request alone.
func TestWhoVouches(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	district, branch := c.NewAgency(), c.NewAgency()
	c.Submit(c.Root, &ledger.Accreditation{
		Agency: district.DID, Action: ledger.ActionAccredit, Region: hufutest.Region, Type: hufutest.Type,
		Accreditor: c.Root.DID, State: ledger.StateActive, Subject: district.Subject,
	})
	c.Submit(district, &ledger.Accreditation{
		Agency: branch.DID, Action: ledger.ActionVerify, Region: hufutest.Region, Type: hufutest.Type, Accreditor: district.DID,
		Via: ledger.AccreditationKey(district.DID, ledger.ActionAccredit, hufutest.Region, hufutest.Type), State: ledger.StateActive, Subject: branch.Subject,
	})
	c.NextEpoch()
	for name, test := range map[string]struct {
		asks      *hufutest.Agency
		who, by   ledger.Subject
		byNobody  bool
		byNoWords bool
	}{
		"by the root":      {asks: c.Library, who: c.Library.Subject, by: c.Root.Subject},
		"by a district":    {asks: branch, who: branch.Subject, by: district.Subject},
		"the root":         {asks: c.Root, who: c.Root.Subject, byNobody: true},
		"nobody's counter": {asks: c.NewAgency(), byNobody: true, byNoWords: true},
	} {
		ask, err := citizen.ResolveRequest(t.Context(), c.AskText(c.CounterOf(test.asks, c.Policy(nil))))
		none(t, err)
		who, known := ask.Who()
		if known == test.byNoWords || who != test.who {
			t.Errorf("%s: %+v, %t", name, who, known)
		}
		if by, known := ask.Accreditor(); known == test.byNobody || by != test.by {
			t.Errorf("%s is vouched for by %+v, %t", name, by, known)
		}
	}
}

// TestWhoIssued: a card bears its issuer's name, in the list and after a restart.
func TestWhoIssued(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	cards := 0
	for s, err := range citizen.Credentials(t.Context()) {
		if err != nil || s.Who != c.Office.Subject {
			t.Errorf("%+v, %v", s, err)
		}
		cards++
	}
	if cards != 1 {
		t.Errorf("%d cards", cards)
	}
}

// TestWhoOffers: an offer bears the name of its issuer, in whatever wallet, and says in
// which region.
func TestWhoOffers(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	offered, err := c.Wallet().ResolveOffer(t.Context(), c.Issue(c.Desk, c.Adult()).Offer)
	if err != nil || offered.Who != c.Office.Subject || offered.Region != hufutest.Region {
		t.Errorf("%+v, %v", offered, err)
	}
}

// TestNothingProvesWhoOneIs: a wallet that holds no identity credential is told so, and
// one that cannot prove is told that.
func TestNothingProvesWhoOneIs(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	traffic := c.OpenDriverDesk()
	offer, err := traffic.Offer(t.Context(), map[string]any{
		"resident_id": c.Adult().Number, "name": c.Adult().Name, "class": "C1", "since": "2008-06-01"}, issuer.OfferOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Citizen(c.Adult()).Apply(t.Context(), offer.Offer, wallet.ApplyOptions{}); !errors.Is(err, wallet.ErrNotProvable) {
		t.Errorf("without a prover: %v", err)
	}
	holder := c.Wallet()
	cfg := c.WalletConfig(holder)
	cfg.Prover = idle{}
	proving, err := wallet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proving.Apply(t.Context(), offer.Offer, wallet.ApplyOptions{}); !errors.Is(err, wallet.ErrNoIdentity) {
		t.Errorf("without an identity credential: %v", err)
	}
}

// idle is a prover that nobody asks.
type idle struct{ wallet.Prover }
