package verifier_test

import (
	"reflect"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/zkp"
)

var (
	nameLabel     = verifier.Text{English: "name", Chinese: "姓名"}
	numberLabel   = verifier.Text{English: "resident identity number", Chinese: "公民身份号码"}
	birthLabel    = verifier.Text{English: "birth date", Chinese: "出生日期"}
	districtLabel = verifier.Text{English: "district", Chinese: "所在区县"}
	addressLabel  = verifier.Text{English: "address", Chinese: "住址"}
)

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %+v\nwant %+v", what, got, want)
	}
}

// TestResultOfClaims: what was learned and what was never received, exactly.
func TestResultOfClaims(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	answer := c.Answer(citizen, counter, hufutest.Claims)
	result := accepted(t, counter.Verifier, answer)
	same(t, "learned", result.Learned, []verifier.Learned{
		{Query: hufutest.Claims, Type: hufutest.Type, Claim: "birthdate", Label: birthLabel, Value: "1984-02-29"},
		{Query: hufutest.Claims, Type: hufutest.Type, Claim: "district", Label: districtLabel, Value: "110101"},
	})
	same(t, "never received", result.NeverReceived, []verifier.Withheld{
		{Query: hufutest.Claims, Type: hufutest.Type, Claim: "name", Label: nameLabel}, {Query: hufutest.Claims, Type: hufutest.Type, Claim: "resident_id", Label: numberLabel}, {Query: hufutest.Claims, Type: hufutest.Type, Claim: "address", Label: addressLabel},
	})
	same(t, "checks", result.Checks, []verifier.Check{
		verifier.CheckForm, verifier.CheckRequest, verifier.CheckClock, verifier.CheckCheckpoint,
		verifier.CheckIssuer, verifier.CheckAccreditation, verifier.CheckSchema, verifier.CheckSignature,
		verifier.CheckValidity, verifier.CheckStatus, verifier.CheckBinding, verifier.CheckPolicy, verifier.CheckReplay,
	})
	_, _, text := c.Response(answer)
	same(t, "the rest", [...]any{result.Queries, result.Format, result.Types, result.Holder, result.Pseudonym, result.Bytes},
		[...]any{[]string{hufutest.Claims}, openid.FormatSDJWT, []string{hufutest.Type}, verifier.HolderOne, "", len(text)})
	if len(result.Issuers) != 1 || result.Issuers[0].DID != c.Office.DID {
		t.Errorf("issuers %+v", result.Issuers)
	}
}

// TestResultListsWhatNobodyAskedFor: a wallet that shows more than was asked
// does not do so unseen.
func TestResultListsWhatNobodyAskedFor(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	counter := c.Counter(c.Policy(nil))
	result := accepted(t, counter.Verifier, present(t, c, counter, ask(t, counter), func(s *shown) {
		s.disclose = append(s.disclose, []any{"address"})
	}))
	if len(result.Learned) != 3 || result.Learned[2].Claim != "address" || len(result.NeverReceived) != 2 {
		t.Errorf("learned %+v, never received %+v", result.Learned, result.NeverReceived)
	}
}

// TestResultListsWhatNoSchemaNames: so does an issuer that signed more than its type has.
func TestResultListsWhatNoSchemaNames(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	counter := c.Counter(c.Policy(nil))
	result := accepted(t, counter.Verifier, present(t, c, counter, ask(t, counter), func(s *shown) {
		s.Claims["party"] = "member"
		s.Claims["home"] = hufutest.JSON{"phone": int64(13800000000), "kept": "back"}
		s.Hide = append(s.Hide, credential.Path{"party"}, credential.Path{"home", "phone"}, credential.Path{"home", "kept"})
		s.Claims["jti"] = "urn:card:1" // not even hidden
		s.disclose = append(s.disclose, credential.Path{"party"}, credential.Path{"home", "phone"})
	}))
	text := func(s string) verifier.Text { return verifier.Text{English: s, Chinese: s} }
	same(t, "learned", result.Learned[2:], []verifier.Learned{
		{Query: hufutest.Claims, Type: hufutest.Type, Claim: "home.phone", Label: text("home.phone"), Value: int64(13800000000)},
		{Query: hufutest.Claims, Type: hufutest.Type, Claim: "jti", Label: text("jti"), Value: "urn:card:1"},
		{Query: hufutest.Claims, Type: hufutest.Type, Claim: "party", Label: text("party"), Value: "member"},
	})
	stored, err := counter.Outcome(t.Context(), result.Request)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "stored", stored.Result, result)
}

func TestResultOfProof(t *testing.T) {
	c, citizen := proving(t)
	counter := c.Counter(c.Policy(nil))
	result := accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Proof))
	same(t, "learned", result.Learned, []verifier.Learned{
		{Query: hufutest.Proof, Type: hufutest.Type, Claim: "birthdate", Statement: &verifier.Text{English: "aged 18 or over, by birth date", Chinese: "年满18周岁（按出生日期）"}},
		{Query: hufutest.Proof, Type: hufutest.Type, Claim: "district", Statement: &verifier.Text{English: "district is 110101", Chinese: "所在区县为110101"}},
	})
	// The district is not here: that it is 110101 was told.
	same(t, "never received", result.NeverReceived, []verifier.Withheld{
		{Query: hufutest.Proof, Type: hufutest.Type, Claim: "name", Label: nameLabel}, {Query: hufutest.Proof, Type: hufutest.Type, Claim: "resident_id", Label: numberLabel},
		{Query: hufutest.Proof, Type: hufutest.Type, Claim: "birthdate", Label: birthLabel}, {Query: hufutest.Proof, Type: hufutest.Type, Claim: "address", Label: addressLabel},
	})
	same(t, "checks", result.Checks, []verifier.Check{
		verifier.CheckForm, verifier.CheckRequest, verifier.CheckClock, verifier.CheckCheckpoint, verifier.CheckSchema,
		verifier.CheckEpoch, verifier.CheckPrepare, verifier.CheckStatement, verifier.CheckPolicy, verifier.CheckReplay,
	})
	same(t, "the rest", [...]any{result.Queries, result.Format, result.Types, result.Holder, result.Pseudonym, result.Bytes},
		[...]any{[]string{hufutest.Proof}, openid.FormatSDJWTZK, []string{hufutest.Type}, verifier.HolderOne, "", zkp.PresentationSize(1)})
	if result.Issuers != nil {
		t.Errorf("the proof hides the issuer: %+v", result.Issuers)
	}
}
