package budget_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/web"
	"github.com/hufu-id/hufu/examples/wasm/message"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/internal/budget"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// What a parser of each kind may take for each byte of its cap.
const (
	ofQuery  = 96 // read within another message, and misspelt members are looked for
	ofJSON   = 64 // a name of three bytes is a map's entry
	ofObject = 16 // decoded, and encoded again to be compared
	ofProof  = 8  // the same of longer values
	ofList   = 4  // fixed fields
)

// reads drops what a parser returns.
func reads[T any](parse func([]byte) (T, error)) func([]byte) error {
	return func(b []byte) error {
		_, err := parse(b)
		return err
	}
}

func text[T any](parse func(string) (T, error)) func([]byte) error {
	return func(b []byte) error {
		_, err := parse(string(b))
		return err
	}
}

// object is a door of one object of the ledger.
func object[T any](t testing.TB, format string, parse func([]byte) (T, error)) budget.Door {
	return budget.Door{Cap: limits.Operation, Factor: ofObject, Form: budget.CBOR, Parse: reads(parse), Seeds: vectors(t, "ledger-objects", format)}
}

// doors are the parsers of bytes from outside, by package and function.
func doors(t testing.TB) map[string]budget.Door {
	all := map[string]budget.Door{}
	for _, some := range []func(testing.TB) map[string]budget.Door{ledgerDoors, feedDoors, tokenDoors, messageDoors, issuingDoors, zkpDoors} {
		for name, d := range some(t) {
			all[name] = d
		}
	}
	return all
}

func ledgerDoors(t testing.TB) map[string]budget.Door {
	trust, err := ledger.ParseTrust(vectors(t, "ledger-trust", "trust file")[0])
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := vectors(t, "ledger-checkpoint", "checkpoint")
	checkpointTrust := trust
	pin := vectors(t, "ledger-trust", "trust file")[0]
	cborDoor := func(size int, page, format string, parse func([]byte) error) budget.Door {
		factor := uint64(ofProof)
		if size == limits.Operation {
			factor = ofObject
		}
		return budget.Door{Cap: size, Factor: factor, Form: budget.CBOR, Parse: parse, Seeds: vectors(t, page, format)}
	}
	return map[string]budget.Door{
		"ledger.ParseTrust":      {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Parse: reads(ledger.ParseTrust), Seeds: vectors(t, "ledger-trust", "trust file")},
		"ledger.ParseNomination": {Cap: 2048, Factor: ofJSON, Form: budget.JSON, Parse: reads(ledger.ParseNomination), Seeds: vectors(t, "ledger-trust", "nomination")},
		"ledger.ParseTrustPinned": {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Seeds: [][]byte{pin}, Parse: func(b []byte) error {
			_, err := ledger.ParseTrustPinned(b, hexOf(sha256.Sum256(b)))
			return err
		}},
		"ledger.OpenCheckpoint": {Cap: limits.Checkpoint, Factor: ofObject, Form: budget.Text, Seeds: checkpoint, Parse: func(b []byte) error {
			_, err := ledger.OpenCheckpoint(checkpointTrust, b)
			return err
		}},
		"ledger.Cosignatures": {Cap: limits.Checkpoint, Factor: ofObject, Form: budget.Text, Seeds: checkpoint, Parse: func(b []byte) error {
			_, _, err := ledger.Cosignatures(checkpointTrust, b)
			return err
		}},
		"ledger.ParseProof":           cborDoor(limits.Proof, "ledger-proof", "proof", reads(ledger.ParseProof)),
		"ledger.ParseInclusion":       cborDoor(limits.Proof, "ledger-proof", "inclusion", reads(ledger.ParseInclusion)),
		"ledger.ParseBundle":          cborDoor(limits.Bundle, "ledger-bundle", "bundle", reads(ledger.ParseBundle)),
		"ledger.ParseStateLeaf":       {Cap: limits.Operation, Factor: ofList, Form: budget.Binary, Parse: reads(ledger.ParseStateLeaf), Seeds: vectors(t, "ledger-checkpoint", "state leaf")},
		"ledger.ParseOperation":       cborDoor(limits.Operation, "ledger-operation", "operation", reads(ledger.ParseOperation)),
		"ledger.ParseSignedOperation": cborDoor(limits.Operation, "ledger-operation", "signed operation", reads(ledger.ParseSignedOperation)),
		"ledger.ParseBatch":           cborDoor(1<<20, "ledger-operation", "submission", reads(ledger.ParseBatch)),
		"ledger.ParseDID": object(t, "did", func(b []byte) (*ledger.DID, error) {
			return ledger.ParseDID("did:hufu:qwkjdqsx4ktwcpw4g6ymrfpnkxsr2jdi", b)
		}),
		"ledger.ParseAccreditation": object(t, "accr", ledger.ParseAccreditation),
		"ledger.ParseSchema":        object(t, "schema", ledger.ParseSchema),
		"ledger.ParseStatus":        object(t, "status", ledger.ParseStatus),
		"ledger.ParseRevocation":    object(t, "revoke", ledger.ParseRevocation),
		"ledger.ParseVK":            object(t, "vk", ledger.ParseVK),
		"ledger.ParseKeyFile":       object(t, "keyfile", ledger.ParseKeyFile),
		"ledger.ParseAnchor":        object(t, "anchor", ledger.ParseAnchor),
		"ledger.ParseAgreement":     object(t, "trust", ledger.ParseAgreement),
		"ledger.ParseRule":          object(t, "rule", ledger.ParseRule),
		"ledger.ParseTrail":         object(t, "trail", ledger.ParseTrail),
		"ledger.ParsePurpose":       object(t, "purpose", ledger.ParsePurpose),
		"ledger.ParseGrant":         object(t, "grant", ledger.ParseGrant),
		"ledger.ParseAudit":         object(t, "audit", ledger.ParseAudit),
		"ledger.ParseUse":           object(t, "use", ledger.ParseUse),
		"ledger.ParseSeen":          object(t, "seen", ledger.ParseSeen),
		"ledger.ParseEpoch":         object(t, "epoch", ledger.ParseEpoch),
	}
}

func feedDoors(t testing.TB) map[string]budget.Door {
	door := func(size int, format string, parse func([]byte) error, full ...[]byte) budget.Door {
		return budget.Door{Cap: size, Factor: ofList, Form: budget.Binary, Parse: parse, Seeds: append(vectors(t, "feed", format), full...)}
	}
	leaves := func(n int) (out [][32]byte) {
		for i := range n {
			var b [32]byte
			binary.BigEndian.PutUint32(b[:], uint32(i+1))
			out = append(out, b)
		}
		return out
	}
	handles := &feed.Handles{From: 1, To: 1, Handles: make([]feed.Handle, limits.FeedPart/zkp.HandleSize-4)}
	for i := range handles.Handles {
		binary.BigEndian.PutUint32(handles.Handles[i][:], uint32(i+1))
	}
	changed := leaves(limits.FeedRegistry/32 - 2)
	half := len(changed) / 2
	return map[string]budget.Door{
		"ledger/feed.ParseIndex":    door(limits.FeedIndex, "index", reads(feed.ParseIndex)),
		"ledger/feed.ParseHandles":  door(limits.FeedPart, "handles", reads(feed.ParseHandles), handles.Bytes()),
		"ledger/feed.ParseRegistry": door(limits.FeedRegistry, "registry", reads(feed.ParseRegistry), (&feed.Registry{From: 1, To: 2, Added: changed[:half], Removed: changed[half:]}).Bytes()),
		"ledger/feed.ParseRoots":    door(limits.FeedIndex, "roots", reads(feed.ParseRoots)),
		"ledger/feed.ParseCounts":   door(limits.FeedCounts, "counts", reads(feed.ParseCounts)),
	}
}

func tokenDoors(t testing.TB) map[string]budget.Door {
	s := newSeeds(t)
	return map[string]budget.Door{
		"credential.Parse": {Cap: limits.Token, Factor: ofJSON, Form: budget.Text, Seeds: s.credentials, Parse: reads(func(b []byte) (*credential.SDJWT, error) {
			return credential.Parse(b, credential.ParseOptions{})
		})},
		"credential.ParseSchema": {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Seeds: vectors(t, "schema", "schema"), Parse: reads(credential.ParseSchema)},
		"credential.ParsePath":   {Cap: limits.Token, Factor: ofJSON, Form: budget.JSON, Seeds: [][]byte{[]byte(`["a",null,"b",0]`)}, Parse: reads(credential.ParsePath)},
		"credential.ParseTypeMetadata": {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Parse: reads(credential.ParseTypeMetadata), Seeds: [][]byte{
			[]byte(`{"vct":"a","extends":"b","claims":[{"path":["a",null,1],"mandatory":true,"sd":"always","display":[{"locale":"en","label":"A"}]}]}`)}},
		"publish.ParseTypeSchema": {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Seeds: vectors(t, "schema", "schema"), Parse: func(b []byte) error {
			_, err := publish.ParseTypeSchema(b, s.vct)
			return err
		}},
		"publish.ParseName": {Cap: 128, Factor: ofObject, Form: budget.Text, Seeds: vectors(t, "public-files", "name"), Parse: text(publish.ParseName)},
		"status.Parse": {Cap: limits.StatusToken, Factor: ofProof, Tokens: true, Form: budget.Text, Seeds: s.lists, Parse: reads(func(b []byte) (*status.Token, error) {
			return status.Parse(b, status.ParseOptions{})
		})},
		"status.ParseList": {Cap: limits.StatusToken, Factor: ofProof, Tokens: true, Form: budget.JSON, Seeds: [][]byte{[]byte(`{"bits":1,"lst":"eNrbuRgAAhcBXQ"}`)}, Parse: reads(status.ParseList)},
		"status.ParseCWT": {Cap: limits.StatusToken, Factor: ofProof, Tokens: true, Form: budget.CBOR, Seeds: [][]byte{s.cwt}, Parse: reads(func(b []byte) (*status.Token, error) {
			return status.ParseCWT(b, status.ParseOptions{})
		})},
		"status.ParseListCBOR":    {Cap: limits.StatusToken, Factor: ofProof, Tokens: true, Form: budget.CBOR, Seeds: [][]byte{s.listCBOR}, Parse: reads(status.ParseListCBOR)},
		"status.ParseAggregation": {Cap: limits.Message, Factor: ofJSON, Form: budget.JSON, Seeds: [][]byte{[]byte(`{"status_lists":["https://a.example/1"]}`)}, Parse: reads(status.ParseAggregation)},
		"status.ParseReference":   {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Seeds: [][]byte{[]byte(`{"status_list":{"idx":7,"uri":"https://a.example/1"}}`)}, Parse: reads(status.ParseReference)},
		"did.Parse":               {Cap: limits.Identifier, Factor: ofObject, Form: budget.Text, Seeds: [][]byte{[]byte(s.did)}, Parse: text(did.Parse)},
		"did.ParseURL": {Cap: limits.Identifier, Factor: ofObject, Form: budget.Text, Seeds: [][]byte{[]byte(s.did + "#0")}, Parse: func(b []byte) error {
			_, _, err := did.ParseURL(string(b))
			return err
		}},
		"did/web.Parse": {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Parse: func(b []byte) error {
			_, err := web.Parse(b, "did:web:a.example")
			return err
		}, Seeds: [][]byte{[]byte(`{"id":"did:web:a.example","verificationMethod":[{"id":"#a","type":"JsonWebKey","controller":"did:web:a.example","publicKeyJwk":` + string(s.jwk) + `}],"assertionMethod":["#a"]}`)}},
		"did.ParseJWK": {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Seeds: [][]byte{s.jwk}, Parse: reads(did.ParseJWK)},
		"did.ParseJWS": {Cap: limits.Token, Factor: ofProof, Form: budget.Text, Seeds: [][]byte{[]byte(s.jws)}, Parse: func(b []byte) error {
			_, err := did.ParseJWS(string(b), "a+jwt", did.JWSOptions{})
			return err
		}},
	}
}

func messageDoors(t testing.TB) map[string]budget.Door {
	s := newSeeds(t)
	door := func(form budget.Form, parse func([]byte) error, seeds ...string) budget.Door {
		d := budget.Door{Cap: limits.Message, Factor: ofJSON, Form: form, Parse: parse}
		for _, seed := range seeds {
			d.Seeds = append(d.Seeds, []byte(seed))
		}
		return d
	}
	qr := budget.Door{Cap: limits.QRText, Factor: ofList, Form: budget.Text, Seeds: vectors(t, "qr-text", "QR text")[:1], Parse: func(b []byte) error {
		_, _, err := openid.ParseQRText(string(b))
		return err
	}}
	proofText := string(vectors(t, "zk-presentation", "presentation text")[1])
	return map[string]budget.Door{
		"openid.ParseQuery":              door(budget.JSON, reads(openid.ParseQuery), queryText, proofQueryText),
		"openid.ParseCredentialOffer":    door(budget.JSON, reads(openid.ParseCredentialOffer), offerText),
		"openid.ParseCredentialOfferURI": {Cap: limits.Message, Factor: ofObject, Form: budget.Text, Parse: text(openid.ParseCredentialOfferURI), Seeds: [][]byte{[]byte(s.offerURI)}},
		"openid.ParseResponse":           door(budget.JSON, reads(openid.ParseResponse), `{"state":"s-1","vp_token":{"pid":["a.b.c~"]}}`),
		"openid.ParseProofPresentation":  door(budget.Text, text(openid.ParseProofPresentation), proofText),
		"openid.ParseCredentialRequest":  door(budget.JSON, reads(openid.ParseCredentialRequest), requestText(s.proof)),
		"openid.ParseRequestEnvelope":    door(budget.JSON, reads(openid.ParseRequestEnvelope), `{"pre-authorized_code":"c0de","credential_request":`+requestText(s.proof)+`}`),
		"openid.ParseCredentialResponse": door(budget.JSON, reads(openid.ParseCredentialResponse), `{"credentials":[{"credential":"a.b.c~"}],"notification_id":"n1"}`),
		"openid.ParseRequest":            {Cap: limits.Message, Factor: ofQuery, Form: budget.Text, Parse: text(openid.ParseRequest), Seeds: [][]byte{[]byte(s.request)}},
		"openid.ParseRequestLink":        {Cap: limits.Message, Factor: ofObject, Form: budget.Text, Parse: text(openid.ParseRequestLink), Seeds: [][]byte{[]byte(s.link), []byte(s.unsignedLink)}},
		"openid.ParseUnsignedObject":     {Cap: limits.Message, Factor: ofQuery, Form: budget.Text, Parse: text(openid.ParseUnsignedObject), Seeds: [][]byte{[]byte(s.unsigned)}},
		"openid.ParsePostReply":          door(budget.JSON, reads(openid.ParsePostReply), `{"redirect_uri":"https://counter.example/done?response_code=x"}`),
		"openid/jwe.Parse": {Cap: limits.Token, Factor: ofList, Form: budget.Text, Seeds: [][]byte{[]byte(s.jwe)}, Parse: func(b []byte) error {
			_, err := jwe.Parse(string(b), jwe.ParseOptions{})
			return err
		}},
		"openid/jwe.ParsePublicKey":       {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Parse: reads(jwe.ParsePublicKey), Seeds: [][]byte{[]byte(s.encryptionKey)}},
		"openid/jwe.ParseKeySet":          {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Parse: reads(jwe.ParseKeySet), Seeds: [][]byte{[]byte(`{"keys":[` + s.encryptionKey + `]}`)}},
		"openid.ParseProof":               door(budget.Text, text(openid.ParseProof), s.proof),
		"openid.ParseReissue":             door(budget.Text, text(openid.ParseReissue), string(vectors(t, "query", "reissue request")[0])),
		"openid.ParseQRText":              qr,
		"identity.ParseAnswer":            door(budget.Text, text(identity.ParseAnswer), proofText),
		"verifier.ParsePolicy":            {Cap: limits.Document, Factor: ofQuery, Form: budget.JSON, Seeds: vectors(t, "policy", "policy"), Parse: reads(verifier.ParsePolicy)},
		"zkp/prover/ceremony.ParsePlan":   {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Seeds: vectors(t, "ceremony", "plan"), Parse: reads(ceremony.ParsePlan)},
		"zkp/prover/ceremony.ParseRecord": {Cap: limits.Document, Factor: ofJSON, Form: budget.JSON, Seeds: vectors(t, "ceremony", "record"), Parse: reads(ceremony.ParseRecord)},
		"examples/wasm/message.Read": {Cap: message.Limit, Factor: ofProof, Tokens: true, Form: budget.JSON, Parse: reads(message.Read[message.Request]), Seeds: [][]byte{
			[]byte(`{"nonce":"n","audience":"a","query":"AAAA","expiry":"2026-11-21T03:00:00Z","scope":{"kind":"once","owner":"o","id":"i"},"questions":[{"schema":"AAAA","statements":[{"table":1,"predicates":[{"op":"in","slot":2,"set":["AAAA"]}]}]}]}`),
		}},
		"internal/strictjson.Read": door(budget.JSON, func(b []byte) error {
			var v map[string]any
			return strictjson.Read(b, limits.Message, &v, strictjson.AllowUnknown, strictjson.RefuseNull)
		}, queryText),
		"internal/strictjson.Value": door(budget.JSON, reads(func(b []byte) (any, error) { return strictjson.Value(b, limits.Message) }), queryText),
		"internal/strictjson.Object": door(budget.JSON, func(b []byte) error {
			_, err := strictjson.Object(b, limits.Message, "credentials")
			return err
		}, queryText),
	}
}

func zkpDoors(t testing.TB) map[string]budget.Door {
	door := func(size int, page, format string, parse func([]byte) error) budget.Door {
		return budget.Door{Cap: size, Factor: ofObject, Form: budget.Binary, Parse: parse, Seeds: vectors(t, page, format)}
	}
	key := vectors(t, "zk-verifying-key", "verifying key")
	element := make([]byte, 32)
	return map[string]budget.Door{
		"zkp.ParsePresentation": door(limits.Message, "zk-presentation", "presentation", reads(zkp.ParsePresentation)),
		"zkp.ParseUse":          door(limits.Message, "zk-use", "use", reads(zkp.ParseUse)),
		"zkp.ParsePublicKey":    door(1<<10, "zk-primitives", "proof key", reads(zkp.ParsePublicKey)),
		"zkp.ParseElement":      {Cap: 1 << 10, Factor: ofObject, Form: budget.Binary, Parse: reads(zkp.ParseElement), Seeds: [][]byte{element}},
		"zkp.ParseEndorsement":  {Cap: limits.Token, Factor: ofList, Form: budget.Text, Parse: text(zkp.ParseEndorsement), Seeds: vectors(t, "zk-endorsement", "endorsement")},
		"zkp.ParseDay":          {Cap: 128, Factor: ofObject, Form: budget.Text, Parse: text(zkp.ParseDay), Seeds: [][]byte{[]byte("2026-11-21")}},
		"zkp.ParseVerifyingKey": {Cap: limits.Document, Factor: ofObject, Form: budget.Binary, Seeds: key[:1], Parse: func(b []byte) error {
			_, err := zkp.ParseVerifyingKey(b, sha256.Sum256(b), zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
			return err
		}},
		"zkp.InspectVerifyingKey": {Cap: limits.Document, Factor: ofObject, Form: budget.Binary, Seeds: key, Parse: func(b []byte) error {
			_, _, err := zkp.InspectVerifyingKey(b)
			return err
		}},
	}
}

func TestBudgets(t *testing.T) {
	size := 256 << 10
	if testing.Short() {
		size = 32 << 10
	}
	for name, d := range doors(t) {
		t.Run(name, func(t *testing.T) { d.Check(t, min(d.Cap, size)) })
	}
}

// TestBudgetsOfLongInputs: the same at the greatest size that is read, or 8 MiB.
func TestBudgetsOfLongInputs(t *testing.T) {
	long.Landing(t, "reads thousands of inputs of many MiB")
	for name, d := range doors(t) {
		if d.Cap > 256<<10 {
			t.Run(name, func(t *testing.T) { d.Check(t, 8<<20) })
		}
	}
}
