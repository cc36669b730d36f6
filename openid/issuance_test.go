package openid_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
)

const offerText = `{"credential_issuer":"https://agency.example","credential_configuration_ids":["resident"],` +
	`"grants":{"urn:ietf:params:oauth:grant-type:pre-authorized_code":{"pre-authorized_code":"c0de","tx_code":{"input_mode":"numeric","length":6}}}}`

// edit replaces one piece of a message, and fails where it is not there.
func edit(t *testing.T, message, old, new string) []byte {
	t.Helper()
	if !strings.Contains(message, old) {
		t.Fatalf("%q is not in the message", old)
	}
	return []byte(strings.Replace(message, old, new, 1))
}

type refusal struct {
	name, old, new string
	want           error
}

// jsonRefusals hold for every JSON door; member is one that it needs.
func jsonRefusals(member string) []refusal {
	return []refusal{
		{"repeated member", `{"` + member + `"`, `{"` + member + `":1,"` + member + `"`, openid.ErrJSON},
		{"member in another case beside", `{"` + member + `"`, `{"` + strings.ToUpper(member) + `":"x","` + member + `"`, openid.ErrJSON},
		{"member without its dashes", `{"` + member + `"`, `{"` + strings.NewReplacer("_", "", "-", "").Replace(strings.ToUpper(member)) + `":"x","` + member + `"`, openid.ErrJSON},
		{"null member", `{"` + member + `"`, `{"other":null,"` + member + `"`, openid.ErrJSON},
		{"data before", `{"` + member + `"`, `{}{"` + member + `"`, openid.ErrJSON},
		{"not UTF-8", `{"` + member + `"`, "{\"x\":\"\xff\",\"" + member + `"`, openid.ErrJSON},
		{"too deep", `{"` + member + `"`, `{"x":` + strings.Repeat("[", limits.JSONDepth) + strings.Repeat("]", limits.JSONDepth) + `,"` + member + `"`, openid.ErrJSON},
		{"too large", `{"` + member + `"`, `{"x":"` + strings.Repeat("x", limits.Message) + `","` + member + `"`, openid.ErrTooLarge},
	}
}

// insideToken leaves out the size: a token that holds so much is too large
// itself.
func insideToken(tests []refusal) []refusal {
	return slices.DeleteFunc(tests, func(r refusal) bool { return r.want == openid.ErrTooLarge })
}

func checkRefusals(t *testing.T, message string, tests []refusal, parse func([]byte) error) {
	t.Helper()
	if err := parse([]byte(message)); err != nil {
		t.Fatalf("the message itself: %v", err)
	}
	if err := parse([]byte(message + " ")); err != nil {
		t.Errorf("white space after it: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := parse(edit(t, message, tt.old, tt.new)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	for _, whole := range []string{"", "null", "[]", "1", message + "x", message[:len(message)-1]} {
		if err := parse([]byte(whole)); err == nil {
			t.Errorf("accepted %d bytes that are no message", len(whole))
		}
	}
}

func TestParseCredentialOfferRefuses(t *testing.T) {
	code := `"pre-authorized_code":"c0de"`
	tests := append(jsonRefusals("credential_issuer"), []refusal{
		{"http issuer", "https://agency", "http://agency", openid.ErrOffer},
		{"issuer with a query", "agency.example", "agency.example?a", openid.ErrOffer},
		{"issuer with a fragment", "agency.example", "agency.example#", openid.ErrOffer},
		{"issuer with a user", "agency.example", "me@agency.example", openid.ErrOffer},
		{"issuer without a host", "https://agency.example", "https://:443", openid.ErrOffer},
		{"issuer of a bad DID", "https://agency.example", "did:x", openid.ErrOffer},
		{"long issuer", "agency.example", "agency.example/" + strings.Repeat("x", limits.Identifier), openid.ErrOffer},
		{"nothing offered", `["resident"]`, `[]`, openid.ErrOffer},
		{"offered twice", `["resident"]`, `["resident","resident"]`, openid.ErrOffer},
		{"empty id", `["resident"]`, `[""]`, openid.ErrOffer},
		{"id of another kind", `["resident"]`, `[1]`, openid.ErrJSON},
		{"no code", code + ",", "", openid.ErrOffer},
		{"code with a space", code, `"pre-authorized_code":"c0 de"`, openid.ErrOffer},
		{"code not ASCII", code, `"pre-authorized_code":"虎"`, openid.ErrOffer},
		{"long code", code, `"pre-authorized_code":"` + strings.Repeat("x", 4097) + `"`, openid.ErrOffer},
		{"code in another case", code, `"Pre-Authorized_Code":"c0de"`, openid.ErrJSON},
		{"unknown input mode", "numeric", "spoken", openid.ErrOffer},
		{"negative length", `"length":6`, `"length":-6`, openid.ErrOffer},
		{"huge length", `"length":6`, `"length":5000`, openid.ErrOffer},
		{"fractional length", `"length":6`, `"length":6.5`, openid.ErrJSON},
		{"tx_code in another case", `"tx_code"`, `"Tx_Code"`, openid.ErrJSON},
		{"long description", `"length":6`, `"description":"` + strings.Repeat("虎", 301) + `"`, openid.ErrOffer},
	}...)
	checkRefusals(t, offerText, tests, func(data []byte) error {
		_, err := openid.ParseCredentialOffer(data)
		return err
	})
}

func TestCredentialOfferRoundTrip(t *testing.T) {
	offer, err := openid.ParseCredentialOffer([]byte(offerText))
	if err != nil {
		t.Fatal(err)
	}
	data, err := offer.Bytes()
	if err != nil || string(data) != offerText {
		t.Errorf("written again: %s, %v", data, err)
	}
	uri, err := offer.URI()
	if err != nil {
		t.Fatal(err)
	}
	again, err := openid.ParseCredentialOfferURI(uri)
	if err != nil || !reflect.DeepEqual(again, offer) {
		t.Errorf("through the link: %+v, %v", again, err)
	}
	if _, err := openid.ParseCredentialOfferURI(uri + "&x=%zz"); !errors.Is(err, openid.ErrOffer) {
		t.Errorf("a link with a malformed escape: %v", err)
	}
	withoutCode := edit(t, offerText, `,"tx_code":{"input_mode":"numeric","length":6}`, "")
	if again.Code() != offer.Grants.PreAuthorized.Code || again.Code() == "" {
		t.Errorf("code %q", again.Code())
	}
	for _, without := range []*openid.CredentialOffer{{}, {Grants: &openid.Grants{}}} {
		if without.Code() != "" {
			t.Errorf("code %q of an offer without", without.Code())
		}
	}
	if _, err := openid.ParseCredentialOffer(withoutCode); err != nil {
		t.Errorf("an offer without tx_code: %v", err)
	}
	byDID := *offer
	byDID.Issuer = "did:hufu:abc"
	if _, err := byDID.Bytes(); err != nil {
		t.Errorf("issuer named by DID: %v", err)
	}
	byDID.ConfigurationIDs = nil
	if _, err := byDID.URI(); !errors.Is(err, openid.ErrOffer) {
		t.Errorf("an empty offer was written: %v", err)
	}
}

// TestOfferNames pins what wallets and desks must derive alike: the nonce was
// computed with openssl.
func TestOfferNames(t *testing.T) {
	if got := openid.ConfigurationID("cn.resident", 1); got != "cn.resident/1" {
		t.Errorf("configuration id %q", got)
	}
	if got := openid.OfferNonce("c0de"); got != "5pFpo7Y31iiHv-XIF_ru9J-NSOw9SrIq_YLWyF7esiY" {
		t.Errorf("nonce %q", got)
	}
}

func TestParseCredentialOfferURIRefuses(t *testing.T) {
	const good = "openid-credential-offer://?credential_offer=%7B%7D"
	tests := []struct {
		name, uri string
		want      error
	}{
		{"empty offer", good, openid.ErrOffer},
		{"by reference", "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fa.example", openid.ErrOfferByReference},
		{"both", good + "&credential_offer_uri=x", openid.ErrOffer},
		{"two offers", good + "&credential_offer=x", openid.ErrOffer},
		{"neither", "openid-credential-offer://?x=y", openid.ErrOffer},
		{"another scheme", strings.Replace(good, "openid-", "http-", 1), openid.ErrOffer},
		{"opaque", strings.Replace(good, "//", "", 1), openid.ErrOffer},
		{"fragment", good + "#x", openid.ErrOffer},
		{"malformed escape", good + "%", openid.ErrOffer},
		{"not a URL", ":", openid.ErrOffer},
		{"too large", good + "#" + strings.Repeat("x", limits.Message), openid.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := openid.ParseCredentialOfferURI(tt.uri); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

const requestText = `{"credential_configuration_id":"resident","proofs":{"jwt":["a.b.c"]},` +
	`"hufu_holder_commitment":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}`

func TestParseCredentialRequestRefuses(t *testing.T) {
	proofs, commitment := `"proofs":{"jwt":["a.b.c"]}`, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	tests := append(jsonRefusals("credential_configuration_id"), []refusal{
		{"no configuration", `"credential_configuration_id":"resident",`, "", openid.ErrCredentialRequest},
		{"identifier beside", `{"cred`, `{"credential_identifier":"x","cred`, openid.ErrCredentialRequest},
		{"no proofs", proofs + ",", "", openid.ErrProof},
		{"proof instead", proofs, `"proof":{"proof_type":"jwt","jwt":"a.b.c"}`, openid.ErrCredentialRequest},
		{"proof beside", proofs, proofs + `,"proof":{"proof_type":"jwt","jwt":"a.b.c"}`, openid.ErrCredentialRequest},
		{"empty proofs", proofs, `"proofs":{}`, openid.ErrProof},
		{"two kinds of proof", `{"jwt":`, `{"attestation":["x"],"jwt":`, openid.ErrCredentialRequest},
		{"another kind of proof", `"jwt"`, `"di_vp"`, openid.ErrUnsupportedProof},
		{"two key attestations", `"jwt":["a.b.c"]`, `"attestation":["a.b.c","d.e.f"]`, openid.ErrCredentialRequest},
		{"no proof in the list", `["a.b.c"]`, `[]`, openid.ErrProof},
		{"empty proof", `["a.b.c"]`, `[""]`, openid.ErrProof},
		{"proof not in a list", `["a.b.c"]`, `"a.b.c"`, openid.ErrCredentialRequest},
		{"65 proofs", `["a.b.c"]`, `["x"` + strings.Repeat(`,"x"`, 64) + `]`, openid.ErrCredentialRequest},
		{"encryption without a key", proofs, proofs + `,"credential_response_encryption":{"enc":"A256GCM"}`, openid.ErrEncryption},
		{"encryption with no object as key", proofs, proofs + `,"credential_response_encryption":{"jwk":"x","enc":"A256GCM"}`, openid.ErrEncryption},
		{"encryption without enc", proofs, proofs + `,"credential_response_encryption":{"jwk":{}}`, openid.ErrEncryption},
		{"short commitment", commitment, commitment[:42], openid.ErrCredentialRequest},
		{"padded commitment", commitment, commitment + "=", openid.ErrCredentialRequest},
		{"commitment with unused bits", commitment, commitment[:42] + "9", openid.ErrCredentialRequest},
		{"commitment with a line break", commitment, commitment[:20] + `\n` + commitment[20:], openid.ErrCredentialRequest},
		{"empty commitment", commitment, "", openid.ErrCredentialRequest},
		{"identity beside a commitment", proofs, proofs + `,"hufu_identity":{"schema":"a","version":1,"presentation":"AA"}`, openid.ErrCredentialRequest},
	}...)
	checkRefusals(t, requestText, tests, func(data []byte) error {
		_, err := openid.ParseCredentialRequest(data)
		return err
	})
}

func TestIdentityProof(t *testing.T) {
	const text = `{"credential_configuration_id":"licence","proofs":{"jwt":["a.b.c"]},"hufu_identity":{"schema":"cn.resident","version":2,"presentation":"AA"}}`
	got, err := openid.ParseCredentialRequest([]byte(text))
	if err != nil || got.HolderCommitment != nil || *got.Identity != (openid.IdentityProof{Schema: "cn.resident", Version: 2, Presentation: "AA"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if again, err := got.Bytes(); err != nil || string(again) != text {
		t.Errorf("written again: %s, %v", again, err)
	}
	for _, edited := range [][2]string{
		{`"schema":"cn.resident",`, ``}, {`"version":2`, `"version":0`}, {`"presentation":"AA"`, `"presentation":""`},
		{`"AA"`, `"` + strings.Repeat("A", 4097) + `"`}, {`"schema":"cn.resident"`, `"schema":""`},
	} {
		if _, err := openid.ParseCredentialRequest(edit(t, text, edited[0], edited[1])); !errors.Is(err, openid.ErrCredentialRequest) {
			t.Errorf("%s: %v", edited[1], err)
		}
	}
	if _, err := openid.ParseCredentialRequest(edit(t, text, `"version":2`, `"version":2,"more":1`)); err != nil {
		t.Errorf("an unknown member: %v", err)
	}
}

func TestRequestEnvelope(t *testing.T) {
	envelope := &openid.RequestEnvelope{
		Code: "c0de", TxCode: "123456",
		Request: openid.CredentialRequest{
			ConfigurationID: "resident", Proofs: []string{"a.b.c", "d.e.f"}, HolderCommitment: bytes.Repeat([]byte{7}, 32),
		},
	}
	data, err := envelope.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := openid.ParseRequestEnvelope(data)
	if err != nil || !reflect.DeepEqual(again, envelope) {
		t.Errorf("round trip: %+v, %v", again, err)
	}
	tests := append(jsonRefusals("pre-authorized_code"), []refusal{
		{"no code", `"pre-authorized_code":"c0de",`, "", openid.ErrCredentialRequest},
		{"malformed tx_code", `"123456"`, `"12 34"`, openid.ErrCredentialRequest},
		{"unknown member", `{"pre`, `{"extra":1,"pre`, openid.ErrCredentialRequest},
		{"no request", `"credential_request"`, `"other"`, openid.ErrCredentialRequest},
		{"request missing", string(data[strings.Index(string(data), `,"credential_request"`) : len(data)-1]), "", openid.ErrCredentialRequest},
		{"malformed request", `"proofs"`, `"proof"`, openid.ErrCredentialRequest},
	}...)
	checkRefusals(t, string(data), tests, func(data []byte) error {
		_, err := openid.ParseRequestEnvelope(data)
		return err
	})
	for name, broken := range map[string]openid.RequestEnvelope{
		"no code":          {Request: envelope.Request},
		"no request":       {Code: "c0de"},
		"short commitment": {Code: "c0de", Request: openid.CredentialRequest{ConfigurationID: "x", Proofs: []string{"x"}, HolderCommitment: []byte{}}},
	} {
		if _, err := broken.Bytes(); !errors.Is(err, openid.ErrCredentialRequest) {
			t.Errorf("%s was written: %v", name, err)
		}
	}
}

func TestCredentialResponse(t *testing.T) {
	for name, r := range map[string]*openid.CredentialResponse{
		"ready":    {Credentials: []string{"a.b.c~", "d.e.f~"}, NotificationID: "n1"},
		"deferred": {TransactionID: "t1", Interval: time.Hour},
	} {
		data, err := r.Bytes()
		if err != nil {
			t.Fatal(name, err)
		}
		again, err := openid.ParseCredentialResponse(data)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%s: round trip gives %+v, %v", name, again, err)
		}
	}
	const ready = `{"credentials":[{"credential":"a.b.c~"}],"notification_id":"n1"}`
	tests := append(jsonRefusals("credentials"), []refusal{
		{"both", `"notification_id":"n1"`, `"transaction_id":"t1","interval":5`, openid.ErrCredentialResponse},
		{"neither", `{"credentials":[{"credential":"a.b.c~"}],"notification_id":"n1"}`, `{}`, openid.ErrCredentialResponse},
		{"empty list", `[{"credential":"a.b.c~"}]`, `[]`, openid.ErrCredentialResponse},
		{"empty list beside a transaction", `[{"credential":"a.b.c~"}],"notification_id":"n1"`, `[],"transaction_id":"t1","interval":5`, openid.ErrCredentialResponse},
		{"interval beside credentials", `"notification_id":"n1"`, `"interval":5`, openid.ErrCredentialResponse},
		{"empty credential", `"a.b.c~"`, `""`, openid.ErrCredentialResponse},
		{"no credential", `{"credential":"a.b.c~"}`, `{}`, openid.ErrCredentialResponse},
		{"object credential", `"a.b.c~"`, `{}`, openid.ErrUnsupportedFormat},
		{"malformed notification", `"n1"`, `"n 1"`, openid.ErrCredentialResponse},
		{"65 credentials", `[{`, `[` + strings.Repeat(`{"credential":"x"},`, 64) + `{`, openid.ErrCredentialResponse},
	}...)
	parse := func(data []byte) error {
		_, err := openid.ParseCredentialResponse(data)
		return err
	}
	checkRefusals(t, ready, tests, parse)
	const deferred = `{"transaction_id":"t1","interval":5}`
	checkRefusals(t, deferred, []refusal{
		{"no interval", `,"interval":5`, ``, openid.ErrCredentialResponse},
		{"interval 0", `:5`, `:0`, openid.ErrCredentialResponse},
		{"negative interval", `:5`, `:-5`, openid.ErrCredentialResponse},
		{"endless interval", `:5`, `:` + strconv.Itoa(1<<62), openid.ErrCredentialResponse},
		{"interval that wraps to 5 s", `:5`, `:` + strconv.Itoa(1<<55+5), openid.ErrCredentialResponse},
		{"notification", `:5`, `:5,"notification_id":"n1"`, openid.ErrCredentialResponse},
		{"malformed transaction", `"t1"`, `"t 1"`, openid.ErrCredentialResponse},
	}, parse)
	half := &openid.CredentialResponse{TransactionID: "t", Interval: 1500 * time.Millisecond}
	if _, err := half.Bytes(); !errors.Is(err, openid.ErrCredentialResponse) {
		t.Errorf("half a second was written: %v", err)
	}
}

func TestBytesRefuses(t *testing.T) {
	offer, err := openid.ParseCredentialOffer([]byte(offerText))
	if err != nil {
		t.Fatal(err)
	}
	offer.Grants.PreAuthorized.TxCode.Description = "\xff"
	if _, err := offer.Bytes(); !errors.Is(err, openid.ErrOffer) {
		t.Errorf("text that is not UTF-8: %v", err)
	}
	large := &openid.CredentialResponse{Credentials: []string{strings.Repeat("x", limits.Message)}}
	if _, err := large.Bytes(); !errors.Is(err, openid.ErrTooLarge) {
		t.Errorf("a message above the cap: %v", err)
	}
}
