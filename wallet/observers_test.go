package wallet_test

import (
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
)

// What whoever serves the ledger and the public files sees of a wallet, for
// docs/privacy.md. Each test compares the notes of wallets that differ in one thing.

// alike fails where some of the transcripts differ, or where nothing was seen at all.
func alike(t *testing.T, seen map[string]string) {
	t.Helper()
	for name, s := range seen {
		if s == "" {
			t.Errorf("nothing was seen of %s", name)
		}
	}
	if classes(seen) != 1 {
		t.Errorf("they can be told apart: %v", seen)
	}
}

// TestServersSeeSetUp: every new wallet asks the same.
func TestServersSeeSetUp(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	c.PublishAgencies()
	c.NextEpoch()
	seen := map[string]string{}
	for _, name := range []string{"one", "another"} {
		h, w := watch(t, c, c.Wallet(), c.Public)
		none(t, h.Refresh(t.Context()))
		seen[name] = w.took()
	}
	alike(t, seen)
	if strings.Contains(seen["one"], "did:hufu") {
		t.Errorf("an agency is named: %s", seen["one"])
	}
}

// TestServersSeeIssuance: applying and receiving names the desk, the type and the status
// list, and nothing of the person: as many sorts of wallets are seen as there are desks.
func TestServersSeeIssuance(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	permits := c.OpenPermitDesk()
	applying, receiving := map[string]string{}, map[string]string{}
	for name, r := range map[string]hufutest.Resident{"an adult": c.Adult(), "a child": c.Child(), "another": c.OtherAdult()} {
		h, w := watch(t, c, c.Wallet(), c.Public)
		response := c.Respond(h, c.Desk, r)
		applying[name] = w.took()
		_, err := h.Receive(t.Context(), response)
		none(t, err)
		receiving[name] = w.took()
	}
	alike(t, applying)
	alike(t, receiving)
	if !strings.Contains(applying["a child"], c.Office.DID) || !strings.Contains(receiving["a child"], publish.StatusName(c.Desk.StatusURI()).String()) {
		t.Errorf("%s\n%s", applying["a child"], receiving["a child"])
	}
	h, w := watch(t, c, c.Wallet(), c.Public)
	c.HoldPermit(h, permits, "周安宁", "A", "2020-01-01")
	applying["a permit"] = w.took()
	if n := classes(applying); n != 2 {
		t.Errorf("%d sorts of wallets are seen at two desks", n)
	}
}

// crowdOfWallets is one wallet of each sort: different people, issuers, numbers of cards.
func crowdOfWallets(t *testing.T, c *hufutest.Country) map[string]*hufutest.Holder {
	t.Helper()
	permits := c.OpenPermitDesk()
	c.PublishAgencies()
	permit, both := c.Wallet(), c.Citizen(c.OtherAdult())
	c.HoldPermit(permit, permits, "周安宁", "A", "2020-01-01")
	c.HoldPermit(both, permits, "何平", "B", "2020-01-01")
	return map[string]*hufutest.Holder{"an adult": c.Citizen(c.Adult()), "a child": c.Citizen(c.Child()), "a permit": permit, "two cards": both}
}

// TestServersSeeRounds: in its rounds each wallet asks the same, whatever it holds of
// whomever, and whether or not it makes proofs: no issuer, type or region is named.
func TestServersSeeRounds(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	people := crowdOfWallets(t, c)
	for range 2 {
		c.NextEpoch()
		refreshed, prepared := map[string]string{}, map[string]string{}
		for name, h := range people {
			opened, w := watch(t, c, h, c.Public)
			none(t, opened.Refresh(t.Context()))
			refreshed[name] = w.took()
			_, err := opened.Prepare(t.Context(), 2)
			none(t, err)
			prepared[name] = w.took()
			_, err = opened.Prepare(t.Context(), 3)
			none(t, err)
			if idle := w.took(); idle != prepared[name] {
				t.Errorf("%s: idle %s", name, idle)
			}
		}
		alike(t, refreshed)
		alike(t, prepared)
		for _, id := range []string{"did:hufu", hufutest.Type, hufutest.PermitType} {
			if strings.Contains(refreshed["two cards"]+prepared["two cards"], id) {
				t.Errorf("%s is named: %s", id, refreshed["two cards"])
			}
		}
	}
}

// TestServersSeeAnIssuerThatChanged: where the list of agencies lags behind the registry,
// a wallet names the issuer to whoever serves the ledger, once, and can prove.
func TestServersSeeAnIssuerThatChanged(t *testing.T) {
	c, citizen, _ := sketched(t)
	c.PublishAgencies()
	opened, w := watch(t, c, citizen, c.Public)
	none(t, opened.Refresh(t.Context()))
	w.took()
	c.Submit(c.Root, &ledger.Accreditation{
		Agency: c.Office.DID, Action: ledger.ActionIssue, Region: hufutest.Region, Type: hufutest.Type, Accreditor: c.Root.DID,
		State: ledger.StateActive, Until: c.Now().AddDate(1, 0, 0).Unix(), Subject: c.Office.Subject,
	})
	c.NextEpoch()
	for i, named := range []bool{true, false} {
		_, err := opened.Prepare(t.Context(), i+1)
		none(t, err)
		if seen := w.took(); strings.Contains(seen, c.Office.DID) != named {
			t.Errorf("round %d: %s", i, seen)
		}
		c.NextEpoch()
	}
}

// TestServersSeeStatusLists: the status lists that a wallet reads tell of which lists its
// cards are, and not of which entries, nor what they say.
func TestServersSeeStatusLists(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	people := crowdOfWallets(t, c)
	none(t, c.Desk.Revoke(t.Context(), people["a child"].Code))
	seen := map[string]string{}
	for name, h := range people {
		opened, w := watch(t, c, h, c.Public)
		none(t, opened.RefreshStatus(t.Context()))
		seen[name] = w.took()
	}
	if seen["a child"] != seen["an adult"] || classes(seen) != 3 {
		t.Errorf("two lists, and what is seen is %v", seen)
	}
}

// TestServersSeeTheLastCardGo: a wallet whose last provable card is over reads the sets no
// more. One that has another goes on as before.
func TestServersSeeTheLastCardGo(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	people := crowdOfWallets(t, c)
	for _, name := range []string{"a child", "two cards"} {
		card := held(t, people[name].Wallet)[0]
		for _, s := range held(t, people[name].Wallet) {
			if s.Type == hufutest.Type {
				card = s
			}
		}
		none(t, people[name].Forget(t.Context(), card.ID))
	}
	c.NextEpoch()
	seen := map[string]string{}
	for name, h := range people {
		opened, w := watch(t, c, h, c.Public)
		none(t, opened.Refresh(t.Context()))
		seen[name] = w.took()
	}
	if seen["two cards"] != seen["an adult"] || seen["a child"] == seen["an adult"] || classes(seen) != 2 {
		t.Errorf("seen: %v", seen)
	}
	if strings.Contains(seen["a child"], "revoked of") || !strings.Contains(seen["an adult"], "revoked of") {
		t.Errorf("seen: %v", seen)
	}
}

// TestRestartIsARefresh: a wallet that starts again in an epoch that it has read asks for
// the head and the epoch, and for no set: what it has prepared, which is lost with the
// memory, is made anew from what lies in the vault.
func TestRestartIsARefresh(t *testing.T) {
	c, citizen, s := sketched(t)
	c.PublishAgencies()
	opened, w := watch(t, c, citizen, c.Public)
	_, err := opened.Prepare(t.Context(), 2)
	none(t, err)
	restarted, again := watch(t, c, opened, c.Public)
	before := s.prepared
	_, err = restarted.Prepare(t.Context(), 2)
	none(t, err)
	if s.prepared != before+2 || strings.Contains(again.took(), "revoked of") || !strings.Contains(w.took(), "revoked of") {
		t.Errorf("%d prepared after the restart", s.prepared-before)
	}
	for _, kind := range []string{"prepared", "pool"} {
		if n := len(records(t, citizen, kind)); n != 0 {
			t.Errorf("%d proofs lie in the vault", n)
		}
	}
}

// TestServersSeeTheLastVisit: a wallet proves to itself that the log only grew, and so
// tells the size that it saw last. Whoever serves the ledger can join two visits by it.
func TestServersSeeTheLastVisit(t *testing.T) {
	c, citizen, _ := sketched(t)
	opened, w := watch(t, c, citizen, c.Public)
	none(t, opened.Refresh(t.Context()))
	last := c.Client(c.Log)
	none(t, last.Follow(t.Context()))
	c.NextEpoch()
	none(t, opened.Refresh(t.Context()))
	if len(w.since) != 1 || w.since[0] != last.Head().Size {
		t.Errorf("it asks for growth since %v, and saw %d last", w.since, last.Head().Size)
	}
}

// TestLedgerKeepsOfAWallet: what the public, and every node and witness, reads of a wallet.
// A desk of an identity type anchors one hash when it binds a person, and a revocation
// adds a handle that only the wallet and the desk know. Nothing else leaves a trace.
func TestLedgerKeepsOfAWallet(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	c.NextEpoch()
	size := func() uint64 {
		t.Helper()
		client := c.Client(c.Log)
		none(t, client.Follow(t.Context()))
		return client.Head().Size
	}
	grows := func(what string, by uint64, do func()) {
		t.Helper()
		before := size()
		do()
		if after := size(); after != before+by {
			t.Errorf("%s adds %d leaves, want %d", what, after-before, by)
		}
	}
	var h *hufutest.Holder
	var response []byte
	grows("set-up", 0, func() {
		h = c.Wallet()
		none(t, h.Refresh(t.Context()))
	})
	offer := c.Issue(c.Desk, c.Adult())
	var application []byte
	grows("applying", 0, func() { application = c.Apply(h, offer) })
	bound, err := c.Log.Keys(t.Context(), ledger.PrefixAnchor, "")
	none(t, err)
	grows("issuing", 2, func() { // the hash, and the state leaf after it
		response, err = c.Desk.Answer(t.Context(), application)
		none(t, err)
	})
	more, err := c.Log.Keys(t.Context(), ledger.PrefixAnchor, "")
	none(t, err)
	if len(more) != len(bound)+1 {
		t.Errorf("%d anchors, then %d", len(bound), len(more))
	}
	counter := c.Counter(c.Policy(nil))
	grows("receiving, rounds and answers", 0, func() {
		_, err := h.Receive(t.Context(), response)
		none(t, err)
	})
	c.NextEpoch()
	grows("rounds and answers", 0, func() {
		_, err := h.Prepare(t.Context(), 2)
		none(t, err)
		for _, query := range []string{hufutest.Claims, hufutest.Proof} {
			c.Answer(h, counter, query)
		}
	})
	epoch := c.Log.Trust().EpochAt(c.Now()) - 1
	revoked, err := c.Log.Revoked(t.Context(), epoch)
	none(t, err)
	none(t, c.Desk.Revoke(t.Context(), offer.Code))
	c.NextEpoch()
	now, err := c.Log.Revoked(t.Context(), epoch+1)
	none(t, err)
	if len(revoked) != 0 || len(now) != 1 || now[0] != [zkp.HandleSize]byte(handleOf(t, h)) {
		t.Errorf("revoked: %x, then %x", revoked, now)
	}
}
