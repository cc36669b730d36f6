package verifier_test

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
)

// What a counter learns, alone and with others, for docs/privacy.md.

// everything lets a policy ask for all claims.
func everything(policy hufutest.JSON) {
	onlyClaims(policy)
	query := policy["dcql"].(hufutest.JSON)["credentials"].([]any)[0].(hufutest.JSON)
	var all []any
	for _, name := range []string{"name", "resident_id", "birthdate", "district", "address"} {
		all = append(all, hufutest.JSON{"path": []any{name}})
	}
	query["claims"] = all
}

// TestCounterSeesWhole: of a credential that is shown whole a counter learns every claim,
// the issuer, the holder's key and the entry in the status list, and not the endorsement.
func TestCounterSeesWhole(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(everything))
	answer := c.Answer(citizen, counter, hufutest.Claims)
	result := accepted(t, counter.Verifier, answer)
	if len(result.Learned) != 5 || len(result.NeverReceived) != 0 || result.Issuers[0].DID != c.Office.DID {
		t.Errorf("learned %+v", result)
	}
	claims := shownClaims(t, c, answer)
	for _, name := range []string{"cnf", "status", "iss", "exp", "nbf"} {
		if claims[name] == nil {
			t.Errorf("%s is not seen", name)
		}
	}
	if claims["hufu_zk"] != nil || len(claims["_sd"].([]any)) == 0 {
		t.Errorf("seen: %v", claims)
	}
}

// shownClaims are those of a presentation of claims, digests of the hidden ones included.
func shownClaims(t *testing.T, c *hufutest.Country, answer []byte) map[string]any {
	t.Helper()
	_, _, text := c.Response(answer)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestCounterSeesOfProofs: two people whose answers are equally true look the same to a
// counter that compares all that it learned, and the lengths of all that it got.
func TestCounterSeesOfProofs(t *testing.T) {
	c, citizen := proving(t)
	other := c.Citizen(c.OtherAdult())
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	var seen []verifier.Result
	for _, h := range []*hufutest.Holder{citizen, other} {
		r := *accepted(t, counter.Verifier, c.Answer(h, counter, hufutest.Proof))
		if r.Issuers != nil || r.Pseudonym != "" {
			t.Errorf("issuers %v, pseudonym %q", r.Issuers, r.Pseudonym)
		}
		if len(r.NeverReceived) == 0 {
			t.Error("nothing is withheld")
		}
		r.Request, r.Correlation, r.Accepted, r.AsOf, r.Checkpoint = "", "", time.Time{}, time.Time{}, 0
		r.Duration, r.Milliseconds = 0, 0
		seen = append(seen, r)
	}
	if !reflect.DeepEqual(seen[0], seen[1]) {
		t.Errorf("two people can be told apart:\n%+v\n%+v", seen[0], seen[1])
	}
}

// TestCountersJoinClaims: two counters that compare notes know that one credential was
// shown to both, by its signature, its holder key and its entry in the status list; and
// so does the desk that signed it. Claims that were withheld cannot be told from digests.
func TestCountersJoinClaims(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	gym := c.NewAgency()
	c.Accredit(gym, ledger.ActionVerify, ledger.StateActive)
	citizen, other := c.Citizen(c.Adult()), c.Citizen(c.OtherAdult())
	policy := c.Policy(onlyClaims)
	here, there := c.Counter(policy), c.CounterOf(gym, policy)
	one, again := c.Answer(citizen, here, hufutest.Claims), c.Answer(citizen, there, hufutest.Claims)
	another := c.Answer(other, here, hufutest.Claims)
	for _, name := range []string{"cnf", "status", "_sd"} {
		a, b, x := shownClaims(t, c, one)[name], shownClaims(t, c, again)[name], shownClaims(t, c, another)[name]
		if a == nil || !reflect.DeepEqual(a, b) || reflect.DeepEqual(a, x) {
			t.Errorf("%s: %v, %v and somebody else's %v", name, a, b, x)
		}
	}
	// The desk's copy, which the wallet got from it.
	for s, err := range citizen.Credentials(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		_, _, shown := c.Response(one)
		if jwt, _, _ := strings.Cut(shown, "~"); !slices.Contains(strings.Split(stored(t, citizen), "~"), jwt) || s.Issuer != c.Office.DID {
			t.Error("the desk would not know it again")
		}
	}
}

// stored is the text of the one credential in a wallet.
func stored(t *testing.T, h *hufutest.Holder) string {
	t.Helper()
	var rec struct{ Text string }
	for _, r := range recordsOf(t, h, "credential") {
		if err := json.Unmarshal(r, &rec); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := credential.Parse([]byte(rec.Text), credential.ParseOptions{}); err != nil {
		t.Fatal(err)
	}
	return rec.Text
}

// TestRequestOnAScreen: whoever sees a request reads who asks and for what, and nothing
// that tells who will answer: two requests differ in nonce, state and times alone.
func TestRequestOnAScreen(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	counter := c.Counter(c.Policy(nil))
	one, other := *c.Request(c.AskText(counter)), *c.Request(c.AskText(counter))
	if one.Verifier != c.Library.DID || one.Purpose == nil || one.Nonce == other.Nonce || one.State == other.State {
		t.Errorf("%+v", one)
	}
	one.Nonce, one.State, one.IssuedAt, one.Expires = other.Nonce, other.State, other.IssuedAt, other.Expires
	if !reflect.DeepEqual(one, other) {
		t.Errorf("%+v\n%+v", one, other)
	}
}

// TestAnswerOnAScreen: whoever photographs an answer can hand it in first, once, and to the
// counter that asked alone: the citizen's own copy then gets the same result.
func TestAnswerOnAScreen(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	counter, elsewhere := c.Counter(c.Policy(onlyClaims)), c.Counter(c.Policy(onlyClaims))
	answer := c.Answer(citizen, counter, hufutest.Claims)
	rejected(t, elsewhere.Verifier, answer, verifier.CheckRequest, verifier.ErrUnknownRequest)
	first := accepted(t, counter.Verifier, answer)
	repeated(t, counter.Verifier, answer, first)
}
