package verifier_test

import (
	"crypto"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
)

// twoShown asks for claims of a resident and of a permit, or of two residents.
func twoShown(second string) func(hufutest.JSON) {
	return func(policy hufutest.JSON) {
		shown := func(id, vct, claim string) hufutest.JSON {
			return hufutest.JSON{
				"id": id, "format": openid.FormatSDJWT, "meta": hufutest.JSON{"vct_values": []any{vct}},
				"claims": []any{hufutest.JSON{"path": []any{claim}}},
			}
		}
		policy["dcql"] = hufutest.JSON{"credentials": []any{shown("first", hufutest.Type, "district"), shown("second", second, "name")}}
	}
}

// TestSeveralShown: a wallet has a key for each credential, so nothing ties two of them.
// The result says so.
func TestSeveralShown(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	c.HoldPermit(citizen, c.OpenPermitDesk(), "周安宁", "A", "2020-01-01")
	counter := c.Counter(c.Policy(twoShown(hufutest.PermitType)))
	_, ask := c.Ask(citizen, counter)
	if len(ask.Choices) != 1 || len(ask.Choices[0].Parts) != 2 {
		t.Fatalf("choices %+v", ask.Choices)
	}
	presented, err := citizen.Present(t.Context(), ask, wallet.Consent{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(presented.Entry.Revealed, " "); got != "district name" {
		t.Errorf("the history says %s", got)
	}
	one := without(t, presented.Response, "second")
	rejected(t, counter.Verifier, one, verifier.CheckForm, openid.ErrNoMatch)
	result := accepted(t, counter.Verifier, presented.Response)
	same(t, "result", [...]any{result.Holder, result.Queries, result.Types, result.Format},
		[...]any{verifier.HolderNotProved, []string{"first", "second"}, []string{hufutest.Type, hufutest.PermitType}, openid.FormatSDJWT})
	same(t, "learned", [][3]any{{result.Learned[0].Query, result.Learned[0].Claim, result.Learned[0].Value}, {result.Learned[1].Query, result.Learned[1].Claim, result.Learned[1].Value}},
		[][3]any{{"first", "district", "110101"}, {"second", "name", "周安宁"}})
	if len(result.Learned) != 2 || len(result.Issuers) != 2 || result.Issuers[0].DID != c.Office.DID || result.Issuers[1].DID == c.Office.DID || result.Issuers[1].Name == nil {
		t.Errorf("learned %+v of %+v", result.Learned, result.Issuers)
	}
	stored, err := counter.Outcome(t.Context(), result.Request)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "stored", stored.Result, result)
}

// without leaves out the presentation of one query.
func without(t *testing.T, answer []byte, id string) []byte {
	t.Helper()
	r, err := openid.ParseResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	delete(r.VPToken, id)
	b, err := r.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestHolderOfSeveral: what ties credentials is the key that is bound in each, and that
// key must have signed each presentation.
func TestHolderOfSeveral(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	counter := c.Counter(c.Policy(twoShown(hufutest.Type)))
	mine, other := c.Key(), c.Key()
	shown := func(asked *openid.AuthorizationRequest, r hufutest.Resident, bound, signs crypto.Signer, paths ...credential.Path) string {
		t.Helper()
		part, err := c.Forge(r, bound.Public()).Credential().Disclose(paths...)
		if err != nil {
			t.Fatal(err)
		}
		sd, err := part.Bind(t.Context(), bound, counter.ClientID(), asked.Nonce, credential.BindOptions{IssuedAt: c.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if signs == bound {
			return sd.String()
		}
		// The same binding, signed with another key.
		text := sd.String()
		at := strings.LastIndex(text, "~") + 1
		jws, err := did.ParseJWS(text[at:], credential.BindingType, did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := did.SignJWS(t.Context(), signs, did.Header{Typ: credential.BindingType}, jws.UnverifiedPayload(), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return text[:at] + again
	}
	for name, test := range map[string]struct {
		bound, signs crypto.Signer
		want         verifier.Holder
		refused      error
	}{
		"one key":                        {mine, mine, verifier.HolderSameKey, nil},
		"two keys":                       {other, other, verifier.HolderNotProved, nil},
		"one key, which signed one only": {mine, other, "", credential.ErrBindingSignature},
	} {
		t.Run(name, func(t *testing.T) {
			asked := c.Request(ask(t, counter))
			answer, err := (&openid.Response{State: asked.State, VPToken: map[string][]string{
				"first":  {shown(asked, c.Adult(), mine, mine, credential.Path{"district"})},
				"second": {shown(asked, c.OtherAdult(), test.bound, test.signs, credential.Path{"name"})},
			}}).Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if test.refused != nil {
				rejected(t, counter.Verifier, answer, verifier.CheckBinding, test.refused)
				return
			}
			result := accepted(t, counter.Verifier, answer)
			same(t, "holder", result.Holder, test.want)
			if result.Learned[1].Value != "何平" || len(result.NeverReceived) != 8 {
				t.Errorf("learned %+v, not %+v", result.Learned, result.NeverReceived)
			}
		})
	}
}

// TestFormatsDoNotMix: an answer gives proofs or claims.
func TestFormatsDoNotMix(t *testing.T) {
	c, citizen := proving(t)
	counter := c.Counter(c.Policy(nil))
	_, asked := c.Ask(citizen, counter)
	both := &openid.Response{VPToken: map[string][]string{}}
	for _, id := range []string{hufutest.Proof, hufutest.Claims} {
		one, err := openid.ParseResponse(c.Present(citizen, asked, id))
		if err != nil {
			t.Fatal(err)
		}
		both.State, both.VPToken[id] = one.State, one.VPToken[id]
	}
	answer, err := both.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	rejected(t, counter.Verifier, answer, verifier.CheckForm, openid.ErrUnasked)
}
