package openid_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/vectors"
	"github.com/hufu-id/hufu/openid"
)

// Each target writes again what it accepted, and expects the same reading.

// seeds holds what each target starts from; TestSeeds counts them.
func seeds(t testing.TB) map[string][][]byte {
	t.Helper()
	a := newAgency(t)
	compact := a.sign(t, a.request(t))
	proof, err := openid.SignProof(t.Context(), a.signer, proofClaims)
	if err != nil {
		t.Fatal(err)
	}
	reissue, err := openid.SignReissue(t.Context(), a.signer, reissueClaims)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][][]byte{
		"qr":       {[]byte(openid.QRText(openid.QROffer, []byte(offerText))), []byte(frame(0x82, 0x18, 0x01, 0x41, 'x'))},
		"offer":    {[]byte(offerText)},
		"request":  {[]byte(requestText)},
		"envelope": {[]byte(`{"pre-authorized_code":"c0de","credential_request":` + requestText + `}`)},
		"response": {[]byte(`{"credentials":[{"credential":"a.b.c~"}],"notification_id":"n1"}`), []byte(`{"transaction_id":"t1","interval":5}`)},
		"query":    {[]byte(queryText), []byte(proofQueryText)},
		"answer":   {[]byte(`{"state":"s-1","vp_token":{"pid":["a.b.c~"]}}`)},
		"object":   {[]byte(compact), []byte(payload(t, compact))},
		"proof":    {[]byte(proof), []byte(payload(t, proof))},
		"info": {
			[]byte(`[{"format":"hufu_ledger_proof","data":"AQID"}]`),
			[]byte(`[{"format":"jwt","data":"a.b.c","credential_ids":["age"]},{"format":"hufu_ledger_proof","data":"AQID"}]`),
			[]byte(`[{"format":"hufu_ledger_proof","data":"` + strings.Repeat("AAAA", limits.VerifierProof/3) + `"}]`),
			[]byte(`[]`),
		},
		"reissue": {[]byte(reissue), []byte(payload(t, reissue))},
	}
	for name := range messages {
		data := message(vectors.Read(t, name))
		for _, target := range []string{"offer", "request", "response", "query"} {
			all[target] = append(all[target], data)
		}
	}
	return all
}

func TestSeeds(t *testing.T) {
	for name, list := range seeds(t) {
		if len(list) == 0 {
			t.Errorf("%s has no seeds", name)
		}
	}
}

func addSeeds(f *testing.F, target string) {
	list := seeds(f)[target]
	if len(list) == 0 {
		f.Fatalf("no seeds for %s", target)
	}
	for _, seed := range list {
		f.Add(seed)
	}
}

func FuzzQRText(f *testing.F) {
	addSeeds(f, "qr")
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, body, err := openid.ParseQRText(string(data))
		if err != nil {
			return
		}
		if again := openid.QRText(kind, body); again != string(data) {
			t.Errorf("%q and %q are one message", data, again)
		}
	})
}

// roundTrip checks that what a door accepts is written as something the same
// door accepts, and that writing settles at once.
func roundTrip[T interface{ Bytes() ([]byte, error) }](t *testing.T, data []byte, parse func([]byte) (T, error)) {
	t.Helper()
	first, err := parse(data)
	if err != nil {
		return
	}
	written, err := first.Bytes()
	if err != nil {
		if errors.Is(err, openid.ErrTooLarge) {
			return // escapes can make a message longer
		}
		t.Fatalf("accepted but not written: %v", err)
	}
	second, err := parse(written)
	if err != nil {
		t.Fatalf("written but not accepted: %v", err)
	}
	if again, err := second.Bytes(); err != nil || !bytes.Equal(again, written) {
		t.Fatalf("writing does not settle: %v", err)
	}
}

func FuzzCredentialOffer(f *testing.F) {
	addSeeds(f, "offer")
	f.Fuzz(func(t *testing.T, data []byte) { roundTrip(t, data, openid.ParseCredentialOffer) })
}

func FuzzCredentialOfferURI(f *testing.F) {
	f.Add("openid-credential-offer://?credential_offer=%7B%7D")
	offer, err := openid.ParseCredentialOffer([]byte(offerText))
	if err != nil {
		f.Fatal(err)
	}
	uri, err := offer.URI()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uri)
	f.Fuzz(func(t *testing.T, uri string) {
		if offer, err := openid.ParseCredentialOfferURI(uri); err == nil {
			if _, err := offer.URI(); err != nil {
				t.Errorf("accepted but not written: %v", err)
			}
		}
	})
}

func FuzzCredentialRequest(f *testing.F) {
	addSeeds(f, "request")
	f.Fuzz(func(t *testing.T, data []byte) { roundTrip(t, data, openid.ParseCredentialRequest) })
}

func FuzzRequestEnvelope(f *testing.F) {
	addSeeds(f, "envelope")
	f.Fuzz(func(t *testing.T, data []byte) { roundTrip(t, data, openid.ParseRequestEnvelope) })
}

func FuzzCredentialResponse(f *testing.F) {
	addSeeds(f, "response")
	f.Fuzz(func(t *testing.T, data []byte) { roundTrip(t, data, openid.ParseCredentialResponse) })
}

func FuzzQuery(f *testing.F) {
	addSeeds(f, "query")
	claims := resident()
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, openid.ParseQuery)
		query, err := openid.ParseQuery(data)
		if err != nil {
			return
		}
		for i := range query.Credentials {
			_, _ = query.Credentials[i].Match(claims)
		}
	})
}

func FuzzResponse(f *testing.F) {
	addSeeds(f, "answer")
	f.Fuzz(func(t *testing.T, data []byte) { roundTrip(t, data, openid.ParseResponse) })
}

// FuzzRequest tries the data as a whole token and as a payload well signed.
func FuzzRequest(f *testing.F) {
	addSeeds(f, "object")
	a := newAgency(f)
	header := did.Header{Typ: "oauth-authz-req+jwt", Kid: a.key.ID}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := openid.ParseRequest(string(data)); err == nil {
			return
		}
		compact, err := did.SignJWS(t.Context(), a.signer, header, data, did.JWSOptions{})
		if err != nil {
			return
		}
		if signed, err := openid.ParseRequest(compact); err == nil && signed.Unverified.Verifier != a.key.Controller {
			t.Error("a request for another verifier was accepted")
		}
	})
}

// FuzzVerifierInfo puts the data in the place of verifier_info: a proof that comes out is
// under its cap, and comes out again of what is written with it.
func FuzzVerifierInfo(f *testing.F) {
	addSeeds(f, "info")
	a := newAgency(f)
	text := payload(f, a.sign(f, a.request(f)))
	ours := regexp.MustCompile(`"verifier_info":\[[^\]]*\]`).FindString(text)
	if ours == "" {
		f.Fatal("the request has no verifier_info")
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		header := did.Header{Typ: "oauth-authz-req+jwt", Kid: a.key.ID}
		other := strings.Replace(text, ours, `"verifier_info":`+string(data), 1)
		compact, err := did.SignJWS(t.Context(), a.signer, header, []byte(other), did.JWSOptions{})
		if err != nil {
			return
		}
		signed, err := openid.ParseRequest(compact)
		if err != nil {
			return
		}
		proof := signed.Unverified.LedgerProof
		if len(proof) > limits.VerifierProof || proof != nil && len(proof) == 0 {
			t.Fatalf("a proof of %d bytes was taken", len(proof))
		}
		again, err := openid.ParseRequest(a.sign(t, signed.Unverified))
		if err != nil || !bytes.Equal(again.Unverified.LedgerProof, proof) {
			t.Fatalf("written again it is another: %v", err)
		}
	})
}

func FuzzReissue(f *testing.F) {
	addSeeds(f, "reissue")
	a := newAgency(f)
	header := did.Header{Typ: "hufu-reissue+jwt", JWK: a.signer.Public()}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := openid.ParseReissue(string(data)); err == nil {
			return
		}
		if _, err := openid.ParseExistence(string(data)); err == nil {
			return
		}
		compact, err := did.SignJWS(t.Context(), a.signer, header, data, did.JWSOptions{})
		if err != nil {
			return
		}
		request, err := openid.ParseReissue(compact)
		if err != nil {
			return
		}
		again, err := openid.SignReissue(t.Context(), a.signer, request.Unverified)
		if err != nil {
			t.Fatalf("what was read cannot be signed: %v", err)
		}
		if other, err := openid.ParseReissue(again); err != nil || other.Unverified != request.Unverified {
			t.Errorf("read %+v, then %+v: %v", request.Unverified, other, err)
		}
	})
}

func FuzzProof(f *testing.F) {
	addSeeds(f, "proof")
	a := newAgency(f)
	header := did.Header{Typ: "openid4vci-proof+jwt", JWK: a.signer.Public()}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := openid.ParseProof(string(data)); err == nil {
			return
		}
		compact, err := did.SignJWS(t.Context(), a.signer, header, data, did.JWSOptions{})
		if err != nil {
			return
		}
		if proof, err := openid.ParseProof(compact); err == nil && proof.Unverified.Nonce == "" {
			t.Error("a proof without nonce was accepted")
		}
	})
}
