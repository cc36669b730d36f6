package formats_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func qrText(t testing.TB) page {
	offer := &openid.CredentialOffer{
		Issuer: "did:hufu:qwkjdqsx4ktwcpw4g6ymrfpnkxsr2jdi", ConfigurationIDs: []string{"urn:example:resident:1"},
		Grants: &openid.Grants{PreAuthorized: &openid.PreAuthorizedGrant{Code: "one-time-code"}},
	}
	good := openid.QRText(openid.QROffer, must[[]byte](t)(offer.Bytes()))
	return page{
		name:   "qr-text",
		limits: map[string]int{"characters": limits.QRText},
		doors: map[string]door{"QR text": func(b []byte) (any, []byte, error) {
			typ, body, err := openid.ParseQRText(string(b))
			if err != nil {
				return nil, nil, err
			}
			return fields{"type": int(typ), "body": body}, []byte(openid.QRText(typ, body)), nil
		}},
		vectors: []example{
			{"a credential offer", "QR text", []byte(good)},
			{"an empty body of type 6", "QR text", []byte(openid.QRText(openid.QRProofPresentation, nil))},
			{"three bytes, an odd number", "QR text", []byte(openid.QRText(openid.QROffer, []byte("abc")))},
		},
		refused: []refusal{
			{"another prefix", "QR text", []byte("HUFU2:" + good[6:]), openid.ErrQRText},
			{"lower case", "QR text", []byte("HUFU1:ab"), openid.ErrQRText},
			{"a white space at the end, which is a base45 digit", "QR text", []byte(good + " "), openid.ErrQRText},
			{"a group of three above 65,535", "QR text", []byte("HUFU1::::"), openid.ErrQRText},
			{"type 8", "QR text", []byte(openid.QRText(8, []byte("abc"))), openid.ErrQRText},
			{"a length in two bytes, which is not the shortest", "QR text", []byte("HUFU1:" + base45(t, []byte{0x82, 1, 0x58, 1, 'a'})), openid.ErrQRText},
		},
	}
}

// base45 is RFC 9285, section 4.
func base45(t testing.TB, b []byte) (out string) {
	t.Helper()
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	for len(b) >= 2 {
		n := int(b[0])<<8 | int(b[1])
		out += string([]byte{alphabet[n%45], alphabet[n/45%45], alphabet[n/2025]})
		b = b[2:]
	}
	if len(b) == 1 {
		out += string([]byte{alphabet[b[0]%45], alphabet[b[0]/45]})
	}
	return out
}

const adultQuery = `{"credentials":[{"id":"age","format":"dc+sd-jwt_zk","meta":{"vct_values":["urn:example:resident:1"]},` +
	`"predicates":[{"path":["birthdate"],"op":"at_least_years","years":18},{"path":["district"],"op":"in","values":["110101","110102"]}]}]}`

func query(t testing.TB) page {
	bad := func(from, to string) []byte { return replaced(t, []byte(adultQuery), []byte(from), []byte(to)) }
	return page{
		name:   "query",
		limits: map[string]int{"message": limits.Message, "values": 2048},
		doors: map[string]door{
			"query":             parseQuery,
			"reissue request":   func(b []byte) (any, []byte, error) { return parseReissue(b, openid.ParseReissue) },
			"existence request": func(b []byte) (any, []byte, error) { return parseReissue(b, openid.ParseExistence) },
			"offer nonce":       computed(func(code []byte) (any, error) { return fields{"text": openid.OfferNonce(string(code))}, nil }),
			"payload": computed(func(b []byte) (any, error) {
				p := sayingOf(b).Payload()
				return fields{"payload": hexOf(p[:])}, nil
			}),
			"use salt": computed(func(b []byte) (any, error) {
				salt := sayingOf(b).UseSalt()
				return fields{"use salt": hexOf(salt[:])}, nil
			}),
			"configuration id": computed(func([]byte) (any, error) { return fields{"text": openid.ConfigurationID("cn.resident", 1)}, nil }),
		},
		vectors: []example{
			{"aged 18 or over, in one of two districts", "query", []byte(adultQuery)},
			{"of the code in the input", "offer nonce", []byte("one-time-code")},
			{"of a ballot", "payload", ballotInput()},
			{"of the same", "use salt", ballotInput()},
			{"of version 1 of a schema", "configuration id", []byte("cn.resident 1")},
			{"for one credential", "reissue request", []byte(reissueRequest(t, "hufu-reissue+jwt", reissuePayload))},
			{"for its existence", "existence request", []byte(reissueRequest(t, "hufu-existence+jwt", reissuePayload))},
		},
		refused: []refusal{
			{"an unknown operation", "query", bad("at_least_years", "older_than"), openid.ErrQuery},
			{"an unknown member of a predicate", "query", bad(`"years":18`, `"years":18,"strict":true`), openid.ErrQuery},
			{"an operand that belongs to another operation", "query", bad(`"years":18`, `"value":"x"`), openid.ErrQuery},
			{"a value twice", "query", bad(`"110102"`, `"110101"`), openid.ErrQuery},
			{"values of two types", "query", bad(`"110102"`, `110102`), openid.ErrQuery},
			{"claims with a proof", "query", bad(`"predicates":[`, `"claims":[{"path":["name"]}],"predicates":[`), openid.ErrQuery},
			{"three of two", "query", bad(`"110102"]}]`, `"110102"]}],"predicates_accept":{"k_of":3}`), openid.ErrQuery},
			{"a member twice", "query", bad(`"id":"age"`, `"id":"age","id":"age"`), openid.ErrJSON},
			{"another typ", "reissue request", []byte(reissueRequest(t, "openid4vci-proof+jwt", reissuePayload)), did.ErrType},
			{"a reissue request", "existence request", []byte(reissueRequest(t, "hufu-reissue+jwt", reissuePayload)), did.ErrType},
			{"an unknown member of a payload", "reissue request", []byte(reissueRequest(t, "hufu-reissue+jwt", `{"nonce":"x",`+reissuePayload[1:])), openid.ErrJSON},
			{"a hash of 31 bytes", "reissue request", []byte(reissueRequest(t, "hufu-reissue+jwt", strings.Replace(reissuePayload, `U0"`, `"`, 1))), openid.ErrProof},
			{"a format of somebody else", "query", bad("dc+sd-jwt_zk", "mso_mdoc"), openid.ErrUnsupportedFormat},
		},
	}
}

// ballotInput is salt ‖ en ‖ zh, each text after its length.
func ballotInput() []byte {
	salt := seed("salt of a ballot")
	b := slices.Clone(salt[:])
	for _, text := range []string{"I vote for the library", "我投图书馆一票"} {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
	}
	return b
}

func sayingOf(b []byte) *openid.Saying {
	s := &openid.Saying{Salt: [32]byte(b)}
	rest := b[32:]
	for _, text := range []*string{&s.Text.EN, &s.Text.ZH} {
		n := int(binary.BigEndian.Uint16(rest))
		*text, rest = string(rest[2:2+n]), rest[2+n:]
	}
	return s
}

const reissuePayload = `{"aud":"did:hufu:qwkjdqsx4ktwcpw4g6ymrfpnkxsr2jdi","credential":"h8z9EW5HO2aB1ATl1FASdXNN4ynoYQ4C0-yoidoJfU0","iat":1772366400}`

func reissueRequest(t testing.TB, typ, payload string) string {
	seed := sha256.Sum256([]byte("holder key of a vector"))
	holder := ed25519.NewKeyFromSeed(seed[:])
	return must[string](t)(did.SignJWS(t.Context(), holder, did.Header{Typ: typ, JWK: holder.Public()}, []byte(payload), did.JWSOptions{}))
}

func parseReissue(b []byte, parse func(string) (*openid.ReissueRequest, error)) (any, []byte, error) {
	r, err := parse(string(b))
	if err != nil {
		return nil, nil, err
	}
	claims := r.Unverified
	_, err = r.Verify(claims.Audience, openid.VerifyOptions{Now: claims.IssuedAt})
	return fields{"aud": claims.Audience, "credential": hexOf(claims.Credential[:]), "iat": claims.IssuedAt.Unix()}, b, err
}

func parseQuery(b []byte) (any, []byte, error) {
	q, err := openid.ParseQuery(b)
	if err != nil {
		return nil, nil, err
	}
	again, err := q.Bytes()
	c := q.Credentials[0]
	return fields{
		"format": c.Format, "vct_values": c.Meta.VCTValues, "predicates": len(c.Predicates), "need": c.Accept.Need(len(c.Predicates)),
		"op": []openid.Op{c.Predicates[0].Op, c.Predicates[1].Op},
	}, again, err
}

const policyFile = `{
  "id": "example.library-card",
  "version": 1,
  "dcql": ` + adultQuery + `,
  "accreditedBy": "root",
  "maxAge": {"checkpoint": 86400, "epoch": 7200, "status": 86400},
  "level": "software",
  "scope": {"kind": "none"},
  "purpose": {"id": "library-card", "en": "Issue a library card", "zh": "办理借阅证"},
  "basis": {"en": "Consent", "zh": "个人同意"},
  "retention": "P0D"
}
`

func policy(t testing.TB) page {
	bad := func(from, to string) []byte { return replaced(t, []byte(policyFile), []byte(from), []byte(to)) }
	return page{
		name:   "policy",
		limits: map[string]int{"file": limits.Document},
		doors: map[string]door{"policy": func(b []byte) (any, []byte, error) {
			p, err := verifier.ParsePolicy(b)
			if err != nil {
				return nil, nil, err
			}
			return fields{
				"id": p.ID, "version": p.Version, "hash": p.Hash(), "issuers": p.Issuers, "accreditedBy": p.AccreditedBy, "maxAge": p.MaxAge,
				"scope": fields{"kind": p.Scope.Kind, "event": p.Scope.Event}, "purpose": fields{"id": p.Purpose.ID, "en": p.Purpose.English, "zh": p.Purpose.Chinese},
				"basis": fields{"en": p.Basis.English, "zh": p.Basis.Chinese}, "retention": p.Retention, "existence": p.Existence,
			}, b, nil
		}},
		vectors: []example{{"a library card", "policy", []byte(policyFile)}},
		refused: []refusal{
			{"a misspelt member", "policy", bad(`"retention"`, `"retentoin"`), verifier.ErrPolicy},
			{"no bound on an age", "policy", bad(`"epoch": 7200, `, ``), verifier.ErrPolicy},
			{"issuers, and a proof that hides them", "policy", bad(`"accreditedBy": "root"`, `"issuers": ["did:example:1"]`), verifier.ErrPolicy},
			{"issuers and accreditedBy", "policy", bad(`"accreditedBy": "root"`, `"accreditedBy": "root", "issuers": ["did:example:1"]`), verifier.ErrPolicy},
			{"a purpose in one language", "policy", bad(`, "zh": "办理借阅证"`, ``), verifier.ErrPolicy},
			{"once without an event", "policy", bad(`"kind": "none"`, `"kind": "once"`), verifier.ErrPolicy},
			{"the existence of what is proved", "policy", bad(`"P0D"`, `"P0D", "existence": true`), verifier.ErrPolicy},
			{"a level that nothing attests", "policy", bad(`"level": "software"`, `"level": "presence"`), verifier.ErrPolicy},
		},
	}
}

const schemaFile = `{
  "id": "cn.resident",
  "version": 1,
  "vct": "urn:example:resident:1",
  "region": "110000",
  "claims": [
    {"path": ["name"], "type": "string", "slot": 0, "sensitive": true, "validate": "nonempty", "label": {"en": "name", "zh": "姓名"}},
    {"path": ["birthdate"], "type": "date", "slot": 2, "label": {"en": "birth date", "zh": "出生日期"}}
  ],
  "digests": 4
}
`

func schema(t testing.TB) page {
	bad := func(from, to string) []byte { return replaced(t, []byte(schemaFile), []byte(from), []byte(to)) }
	return page{
		name:   "schema",
		limits: map[string]int{"file": limits.Document},
		doors: map[string]door{"schema": func(b []byte) (any, []byte, error) {
			s, err := credential.ParseSchema(b)
			if err != nil {
				return nil, nil, err
			}
			return fields{
				"id": s.ID, "version": s.Version, "vct": s.VCT, "region": s.Region, "digests": s.Digests, "claims": len(s.Claims), "hash": s.Hash(), "slots": s.Slots(),
			}, s.Bytes(), nil
		}},
		vectors: []example{{"two claims, two slots", "schema", []byte(schemaFile)}},
		refused: []refusal{
			{"a misspelt member", "schema", bad(`"sensitive"`, `"sensible"`), credential.ErrSchema},
			{"the slot of the binding day", "schema", bad(`"slot": 2`, `"slot": 15`), credential.ErrSchema},
			{"a slot twice", "schema", bad(`"slot": 2`, `"slot": 0`), credential.ErrSchema},
			{"no room for the endorsement", "schema", bad(`"digests": 4`, `"digests": 2`), credential.ErrSchema},
			{"a claim of the envelope", "schema", bad(`["birthdate"]`, `["exp"]`), credential.ErrSchema},
			{"a validator of texts for another type", "schema", bad(`"type": "date"`, `"type": "integer", "validate": "nonempty"`), credential.ErrSchema},
			{"a label in one language", "schema", bad(`, "zh": "出生日期"`, ``), credential.ErrSchema},
		},
	}
}
