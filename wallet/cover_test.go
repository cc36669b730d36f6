package wallet_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/zkp"
)

// finely is how a feed is divided in these tests: 32 parts, eight in a quarter.
const finely = 5

// dividing is a country with a finely divided feed.
type dividing struct {
	*hufutest.Country
	dir string
	t   *testing.T
}

func newDividing(t *testing.T) *dividing {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	c.PublishAgencies()
	return &dividing{c, t.TempDir(), t}
}

// round closes an epoch and returns what is seen of a wallet's round in it.
func (d *dividing) round(h *hufutest.Holder) string {
	d.t.Helper()
	opened, w := watch(d.t, d.Country, h, withFeed{d.Public, divide(d.t, d.dir, finely)})
	_, err := opened.Prepare(d.t.Context(), 1)
	none(d.t, err)
	return w.took()
}

// next closes an epoch. The list of agencies is published with it, since an epoch takes an
// hour and a wallet refuses a list of more than a day.
func (d *dividing) next() {
	d.t.Helper()
	d.NextEpoch()
	d.PublishAgencies()
	export(d.t, d.Country, d.dir)
}

func (d *dividing) citizen(serial int) *hufutest.Holder {
	d.t.Helper()
	h := d.Citizen(hufutest.NewResident("周安宁", "1984-02-29", "110101", serial))
	inACrowd(d.t, h, finely)
	return h
}

// TestCoverHidesTheCard: whoever serves ledger and files learns of a wallet in which of
// four blocks its card lies, and nothing finer, in whatever number of epochs.
func TestCoverHidesTheCard(t *testing.T) {
	d := newDividing(t)
	people := map[string]*hufutest.Holder{}
	finer := map[int]bool{}
	for i := range 16 {
		h := d.citizen(100 + i)
		people[fmt.Sprint(i)] = h
		finer[feed.Part(feed.Handle(handleOf(t, h)), finely)] = true
	}
	if len(finer) < 6 {
		t.Fatalf("the cards lie in %d parts", len(finer))
	}
	for epoch := range 3 {
		none(t, d.Desk.Revoke(t.Context(), d.Citizen(hufutest.NewResident("林小满", "1990-01-01", "110101", 500+epoch)).Code))
		d.next()
		seen := map[string]string{}
		quarters := map[string]int{}
		for name, h := range people {
			seen[name] = d.round(h)
			quarter := feed.Part(feed.Handle(handleOf(t, h)), 2)
			if other, known := quarters[seen[name]]; known && other != quarter {
				t.Errorf("two quarters look alike: %d, %d", other, quarter)
			}
			quarters[seen[name]] = quarter
			if n := strings.Count(seen[name], ".handles"); n != 8 {
				t.Errorf("epoch %d: %d parts were read", epoch, n)
			}
		}
		if n := classes(seen); n > 4 || n != len(quarters) {
			t.Errorf("epoch %d tells %d sorts of wallets apart", epoch, n)
		}
	}
}

// TestCoverOfSeveralCards: with a second card in the cover a wallet is seen to begin anew
// once, and then reads what a wallet with one card reads. A card outside makes the cover
// the block that has both, which stays when the card goes.
func TestCoverOfSeveralCards(t *testing.T) {
	d := newDividing(t)
	permits := d.OpenPermitDesk()
	d.PublishAgencies()
	inside, outside := false, false
	for i := 0; i < 60 && !(inside && outside); i++ {
		one := d.citizen(100 + i)
		first := handleOf(t, one)
		d.next()
		begun := d.round(one)
		if again := d.round(one); strings.Contains(again, ".handles") {
			t.Fatalf("what was read is read again: %s", again)
		}
		card := d.HoldPermit(one, permits, fmt.Sprintf("Resident %d", i), "A", "2020-01-01")
		after := d.round(one)
		second := handleOfCard(t, one, card.ID)
		d.next()
		later := d.round(one)
		parts := together(first, second)
		if parts == 8 && feed.Part(feed.Handle(first), finely) != feed.Part(feed.Handle(second), finely) {
			inside = true
			if !slices.Equal(partsRead(begun), partsRead(after)) {
				t.Errorf("with a second card it reads\n%s\nand began with\n%s", after, begun)
			}
		}
		if parts > 8 {
			outside = true
			none(t, one.Forget(t.Context(), card.ID))
			d.next()
			if n := strings.Count(d.round(one), ".handles"); n != parts {
				t.Errorf("%d parts once the card is gone, want %d", n, parts)
			}
		}
		if n := strings.Count(later, ".handles"); n != parts {
			t.Errorf("%d parts, want %d", n, parts)
		}
	}
	if !inside || !outside {
		t.Fatal("no two cards of both sorts in sixty wallets")
	}
}

// together is how many parts the smallest block has in which two handles lie.
func together(a, b zkp.Handle) int {
	for bits := 2; bits > 0; bits-- {
		if feed.Part(feed.Handle(a), bits) == feed.Part(feed.Handle(b), bits) {
			return 1 << (finely - bits)
		}
	}
	return 1 << finely
}

// partsRead lists the parts that were seen to be read.
func partsRead(seen string) (names []string) {
	for line := range strings.SplitSeq(seen, "\n") {
		if strings.HasSuffix(line, ".handles") {
			names = append(names, line)
		}
	}
	return names
}

// handleOfCard is the handle of one credential of several.
func handleOfCard(t *testing.T, h *hufutest.Holder, id string) zkp.Handle {
	t.Helper()
	for _, r := range records(t, h, "credential") {
		if r.ID != id {
			continue
		}
		var stored struct{ Text string }
		none(t, json.Unmarshal(r.Value, &stored))
		sd, err := credential.Parse([]byte(stored.Text), credential.ParseOptions{})
		none(t, err)
		text, _ := sd.UnverifiedClaims()[zkp.ClaimName].(string)
		endorsement, err := zkp.ParseEndorsement(text)
		none(t, err)
		return endorsement.Handle()
	}
	t.Fatal("no such card")
	return zkp.Handle{}
}
