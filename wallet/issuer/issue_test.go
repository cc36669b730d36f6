package issuer_test

import (
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

func TestIssueRefuses(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	office := c.Office.Issuer()
	for name, edit := range map[string]func(*issuer.IssueSpec){
		"a claim missing":           func(s *issuer.IssueSpec) { delete(s.Claims, "name") },
		"a claim too many":          func(s *issuer.IssueSpec) { s.Claims["phone"] = "canary" },
		"a claim of the envelope":   func(s *issuer.IssueSpec) { s.Claims["exp"] = int64(1) },
		"a claim of another type":   func(s *issuer.IssueSpec) { s.Claims["birthdate"] = int64(19840229) },
		"a region that is none":     func(s *issuer.IssueSpec) { s.Region = "Beijing" },
		"an end before a beginning": func(s *issuer.IssueSpec) { s.NotAfter = s.NotBefore - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			spec := c.IssueSpec(c.Adult())
			edit(spec)
			issued, err := issuer.Issue(t.Context(), &office, spec, nil)
			is(t, err, issuer.ErrIssue)
			if issued != nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, %v", issued, err)
			}
		})
	}
}

// TestIssueHidesTheEndorsement: nobody can tell a credential with an endorsement from one
// without by what is visible, and nothing of the claims is.
func TestIssueHidesTheEndorsement(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	office, r := c.Office.Issuer(), c.Adult()
	var digests []int
	for _, provable := range []bool{true, false} {
		spec := c.IssueSpec(r)
		if !provable {
			spec.Commitment = zkp.Element{}
		}
		issued, err := issuer.Issue(t.Context(), &office, spec, nil)
		none(t, err)
		if (issued.Endorsement != nil) != provable {
			t.Fatalf("endorsement: %v", issued.Endorsement != nil)
		}
		bare, err := issued.Credential.Disclose()
		none(t, err)
		visible := bare.UnverifiedClaims()
		for _, name := range []string{"name", "resident_id", "birthdate", "district", "address", zkp.ClaimName, predicate.ClaimBinding} {
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
