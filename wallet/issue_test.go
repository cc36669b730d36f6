package wallet_test

import (
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/testworld"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// specOf is what the office would issue to a resident.
func specOf(t *testing.T, c *testworld.Country, r testworld.Resident) *wallet.IssueSpec {
	t.Helper()
	today, err := zkp.Today(c.Now())
	none(t, err)
	spec := &wallet.IssueSpec{
		Schema: c.Schema, Region: testworld.Region, Holder: c.Key().Public(), Binding: today,
		Claims: testworld.JSON{"name": r.Name, "resident_id": r.Number, "birthdate": r.Birthdate, "district": r.District, "address": r.Address},
		Status: status.Reference{URI: c.Desk.StatusURI()}, NotBefore: today, NotAfter: today + 364,
	}
	spec.Commitment.SetUint64(7)
	return spec
}

func TestIssueRefuses(t *testing.T) {
	c := testworld.New(t, testworld.Options{})
	office := c.Office.Issuer()
	for name, edit := range map[string]func(*wallet.IssueSpec){
		"a claim missing":           func(s *wallet.IssueSpec) { delete(s.Claims, "name") },
		"a claim too many":          func(s *wallet.IssueSpec) { s.Claims["phone"] = "canary" },
		"a claim of the envelope":   func(s *wallet.IssueSpec) { s.Claims["exp"] = int64(1) },
		"a claim of another type":   func(s *wallet.IssueSpec) { s.Claims["birthdate"] = int64(19840229) },
		"a region that is none":     func(s *wallet.IssueSpec) { s.Region = "Beijing" },
		"an end before a beginning": func(s *wallet.IssueSpec) { s.NotAfter = s.NotBefore - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			spec := specOf(t, c, c.Adult())
			edit(spec)
			issued, err := wallet.Issue(t.Context(), &office, spec, nil)
			is(t, err, wallet.ErrIssue)
			if issued != nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, %v", issued, err)
			}
		})
	}
}

// TestIssueHidesTheEndorsement: nobody can tell a credential with an endorsement
// from one without by what is visible, and nothing of the claims is.
func TestIssueHidesTheEndorsement(t *testing.T) {
	c := testworld.New(t, testworld.Options{})
	office, r := c.Office.Issuer(), c.Adult()
	var digests []int
	for _, provable := range []bool{true, false} {
		spec := specOf(t, c, r)
		if !provable {
			spec.Commitment = zkp.Element{}
		}
		issued, err := wallet.Issue(t.Context(), &office, spec, nil)
		none(t, err)
		if (issued.Endorsement != nil) != provable {
			t.Fatalf("endorsement: %v", issued.Endorsement != nil)
		}
		bare, err := issued.Credential.Disclose()
		none(t, err)
		visible := bare.UnverifiedClaims()
		for _, name := range []string{"name", "resident_id", "birthdate", "district", "address", zkp.ClaimName, wallet.ClaimBinding} {
			if _, there := visible[name]; there {
				t.Errorf("%s is visible", name)
			}
		}
		verified, err := bare.Verify(c.Office.Key.Public(), credential.VerifyOptions{Now: c.Now()})
		none(t, err)
		digests = append(digests, verified.Undisclosed)
	}
	if digests[0] != digests[1] || digests[0] != c.Schema.Digests {
		t.Errorf("%v digests, the schema says %d", digests, c.Schema.Digests)
	}
}

// TestEndorsementOfAnotherAgency: an endorsement that somebody else than the
// credential's issuer signed looks provable and is not: it is refused on receipt.
func TestEndorsementOfAnotherAgency(t *testing.T) {
	c := testworld.New(t, testworld.Options{})
	h := c.Wallet()
	c.Respond(h, c.Desk, c.Adult())
	infos, err := h.Keys.Keys(t.Context())
	none(t, err)
	gym := c.NewAgency()
	c.Accredit(gym, ledger.ActionIssue, ledger.StateActive)
	office := c.Office.Issuer()
	office.Proof = gym.Proof
	spec := specOf(t, c, c.Adult())
	spec.Holder, spec.Commitment = infos[0].Public, commitmentOf(t, c, h)
	issued, err := wallet.Issue(t.Context(), &office, spec, nil)
	none(t, err)
	_, err = h.Receive(t.Context(), respond(t, issued.Credential))
	is(t, err, zkp.ErrNotRegistered)
	if n := len(records(t, h, "credential")); n != 0 {
		t.Error("something was stored")
	}
}
