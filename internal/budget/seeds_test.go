package budget_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/status"
)

// vectors reads the inputs of one format from docs/formats.
func vectors(t testing.TB, page, format string) (out [][]byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../docs/formats/testdata", page+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct{ Format, Encoding, Input string }
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		if v.Format != format {
			continue
		}
		if v.Encoding == "text" {
			out = append(out, []byte(v.Input))
			continue
		}
		var raw []byte
		for _, piece := range strings.Fields(v.Input) {
			digits, times, repeated := strings.Cut(piece, "*")
			unit, err := hex.DecodeString(digits)
			n := 1
			if err == nil && repeated {
				n, err = strconv.Atoi(times)
			}
			if err != nil {
				t.Fatal(err)
			}
			raw = append(raw, []byte(strings.Repeat(string(unit), n))...)
		}
		out = append(out, raw)
	}
	if len(out) == 0 {
		t.Fatalf("docs/formats has no vector of %q on page %s", format, page)
	}
	return out
}

func hexOf(hash [32]byte) string { return hex.EncodeToString(hash[:]) }

const (
	queryText = `{"credentials":[{"id":"pid","format":"dc+sd-jwt","meta":{"vct_values":["urn:resident"]},` +
		`"trusted_authorities":[{"type":"aki","values":["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}],` +
		`"claims":[{"id":"a","path":["name"]},{"id":"b","path":["address","city"],"values":["Taian",7,true]},{"id":"c","path":["phones",null]}],` +
		`"claim_sets":[["a","b"],["c"]]},{"id":"flag","format":"dc+sd-jwt","meta":{"vct_values":["urn:flag"]}}],` +
		`"credential_sets":[{"options":[["pid"],["flag"]]},{"options":[["flag"]],"required":false}]}`
	proofQueryText = `{"credentials":[{"id":"age","format":"dc+sd-jwt_zk",` +
		`"meta":{"vct_values":["urn:resident"],"hufu_vk":{"show":["0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"]}},` +
		`"predicates":[{"path":["birthdate"],"op":"at_least_years","years":18},{"path":["city"],"op":"in","values":["370900","370100"]},` +
		`{"path":["income"],"op":"range","min":0,"max":5000},{"path":["member"],"op":"ne","value":false}],"predicates_accept":{"k_of":3}}]}`
	offerText = `{"credential_issuer":"https://agency.example","credential_configuration_ids":["resident"],` +
		`"grants":{"urn:ietf:params:oauth:grant-type:pre-authorized_code":{"pre-authorized_code":"c0de","tx_code":{"input_mode":"numeric","length":6}}}}`
)

func requestText(proof string) string {
	return `{"credential_configuration_id":"resident","proofs":{"jwt":["` + proof + `"]},` +
		`"hufu_holder_commitment":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}`
}

// made holds seeds that are signed.
type made struct {
	credentials, lists           [][]byte
	cwt, listCBOR                []byte
	vct, did, jws, proof         string
	request, offerURI            string
	link, unsignedLink, unsigned string
	jwe, encryptionKey           string
	jwk                          []byte
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwt is a token whose signature nobody has looked at yet.
func jwt(header, payload string) string {
	return b64([]byte(header)) + "." + b64([]byte(payload)) + "." + b64(make([]byte, 64))
}

func newSeeds(t testing.TB) *made {
	t.Helper()
	signer := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	id := must[string](t)(did.NewJWK(signer.Public()))
	document := must[*did.Document](t)(did.SelfContained().Resolve(t.Context(), id))
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	query := must[*openid.Query](t)(openid.ParseQuery([]byte(proofQueryText)))
	offer := must[*openid.CredentialOffer](t)(openid.ParseCredentialOffer([]byte(offerText)))
	jwk := must[[]byte](t)(base64.RawURLEncoding.DecodeString(strings.TrimPrefix(id, "did:jwk:")))

	private := must[*ecdh.PrivateKey](t)(jwe.GenerateKey())
	encryptionKey := must[*jwe.PublicKey](t)(jwe.NewPublicKey(private.PublicKey()))

	shown := must[*openid.Query](t)(openid.ParseQuery([]byte(queryText)))
	unsigned := &openid.AuthorizationRequest{
		Prefix: openid.ClientRedirectURI, Verifier: "https://counter.example/response", ResponseURI: "https://counter.example/response",
		Nonce: "n-0S6_WzA2MjTqrA9bdeFg", State: "n-0S6_WzA2MjTqrA9bdeFgs", Query: shown, IssuedAt: noon, Expires: noon.Add(5 * time.Minute),
	}

	disclosed := b64([]byte(`["salt","name",{"a":["x"]}]`))
	digest := sha256.Sum256([]byte(disclosed))
	claims := fmt.Sprintf(`{"vct":"v","iss":"i","list":["plain"],"o":{"a":"b"},"_sd":["%s"],"cnf":{"jwk":%s}}`, b64(digest[:]), jwk)
	const sdjwt, list = `{"alg":"ES256","typ":"dc+sd-jwt"}`, `{"alg":"ES256","typ":"statuslist+jwt"}`
	bound := jwt(sdjwt, claims) + "~" + disclosed + "~"
	hash := sha256.Sum256([]byte(bound))
	bound += jwt(`{"alg":"ES256","typ":"kb+jwt"}`, `{"iat":1,"aud":"a","nonce":"n","sd_hash":"`+b64(hash[:])+`"}`)
	small := must[*status.List](t)(status.New(1, 8))
	return &made{
		cwt:         must[[]byte](t)(status.SignCWT(t.Context(), signer, did.Header{Kid: "k"}, status.Claims{Subject: "https://a.example/1", IssuedAt: noon, Expires: noon.Add(time.Hour)}, small)),
		listCBOR:    must[[]byte](t)(small.CBOR()),
		credentials: [][]byte{[]byte(jwt(sdjwt, claims) + "~" + disclosed + "~"), []byte(bound)},
		lists:       [][]byte{[]byte(jwt(list, `{"sub":"https://a.example/1","iat":1,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`))},
		vct:         must[*credential.Schema](t)(credential.ParseSchema(vectors(t, "schema", "schema")[0])).VCT,
		did:         id, jwk: jwk,
		jws:          jwt(`{"alg":"ES256","typ":"a+jwt","kid":"k","jwk":`+string(jwk)+`}`, `{}`),
		proof:        must[string](t)(openid.SignProof(t.Context(), signer, openid.ProofClaims{Audience: "https://agency.example", Nonce: "c0de", IssuedAt: noon})),
		link:         (&openid.RequestLink{ClientID: "decentralized_identifier:" + id, URI: "https://counter.example/request/1", Method: openid.MethodPost}).String(),
		unsignedLink: (&openid.RequestLink{Unsigned: unsigned}).String(), unsigned: must[string](t)(unsigned.UnsignedObject()),
		jwe:           must[string](t)(jwe.Encrypt([]byte("{}"), encryptionKey, jwe.EncryptOptions{})),
		encryptionKey: string(must[[]byte](t)(json.Marshal(encryptionKey.JWK()))),
		offerURI:      must[string](t)(offer.URI()),
		request: must[string](t)(openid.SignRequest(t.Context(), signer, document.Keys[0].ID, &openid.AuthorizationRequest{
			Verifier: id, ResponseURI: "https://counter.example/response", Nonce: "n-0S6_WzA2MjTqrA9bdeFg", State: "n-0S6_WzA2MjTqrA9bdeFgs",
			Query: query, IssuedAt: noon, Expires: noon.Add(5 * time.Minute), LedgerProof: []byte{1, 2, 3}, Scope: openid.Scope{Kind: openid.ScopeOnce, Event: "vote-1"},
			Purpose: &openid.Purpose{ID: "age", Text: openid.PurposeText{EN: "To sell you a ticket", ZH: "购票"}, Basis: openid.PurposeText{EN: "Law 1", ZH: "第一条"}, Retention: "P0D"},
		})),
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
