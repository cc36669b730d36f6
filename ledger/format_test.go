package ledger_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// door is one parser and one valid input.
type door struct {
	valid []byte
	parse func([]byte) (again []byte, err error)
}

func parser[T any, P interface {
	*T
	Bytes() []byte
}](parse func([]byte) (P, error)) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		v, err := parse(b)
		if err != nil {
			return nil, err
		}
		return v.Bytes(), nil
	}
}

func objects() map[string]ledger.Object {
	return map[string]ledger.Object{
		"accreditation": &ledger.Accreditation{Agency: didOf(2), Action: ledger.ActionIssue, Region: "110000", Type: "urn:x:y", Accreditor: didOf(1), State: ledger.StateActive, Subject: ledgertest.SubjectOf(didOf(2))},
		"schema":        &ledger.Schema{ID: "resident", Version: 1, VCT: "urn:x:y", Attributes: [16]string{"name"}, Owner: didOf(2)},
		"status":        &ledger.Status{URI: "https://example.org/1", Issuer: didOf(2), Sequence: 7},
		"revocation":    &ledger.Revocation{ProofKey: []byte{1}, List: "https://example.org/1", Index: 9},
		"vk":            &ledger.VK{Circuit: "prepare", TranscriptHash: [32]byte{1}, Setup: ledger.SetupCeremony, State: ledger.VKActive},
		"anchor":        anchorOf(1),
		"rule": &ledger.Rule{ID: "title", Version: 1, Owner: didOf(2), Type: "urn:x:y", Transitions: []ledger.Transition{
			{From: "", To: "held", Signers: ledger.SignerRegistrar}, {From: "held", To: "closed", Signers: ledger.SignerHolder},
		}},
		"trail": &ledger.Trail{
			Record: [32]byte{1}, Founder: didOf(2), RuleOwner: didOf(2), Rule: "title", Version: 1, State: "held",
			Commitment: [32]byte{2}, Registrar: didOf(2), Region: "110101",
		},
		"purpose": &ledger.Purpose{
			Verifier: didOf(2), ID: "housing", Regulator: didOf(1), Region: "110000", Basis: ledger.Text{English: "Act", Chinese: "条例"},
			Asked: []ledger.Asked{{Type: "urn:x:y", Claims: []string{"name"}, Statements: []string{"birth"}}}, Retention: "P0D", State: ledger.StateActive,
		},
		"grant":   &ledger.Grant{PublicKey: []byte{1}, Tag: [32]byte{1}, Agency: didOf(2), Until: 9, State: ledger.GrantActive},
		"audit":   &ledger.Audit{Agency: didOf(2), Hash: [32]byte{1}},
		"use":     &ledger.Use{Nullifier: [32]byte{1}, Owner: didOf(2), Rule: "vote", Version: 1, Event: "mayor", Epoch: 7, Proof: []byte{1}},
		"keyfile": &ledger.KeyFile{File: []byte{1}, Agency: didOf(2)},
	}
}

// doors lists every parser of this package that takes CBOR.
func doors(t testing.TB) map[string]door {
	o := objects()
	w := newWorld(t, 1, 1)
	key := newKey(t)
	op := must(ledger.NewOperation(anchorOf(1)))(t)
	signed := must(ledger.Sign(ledgerID, op, key, newKey(t)))(t)
	did := &ledger.DID{Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: signed.Signatures[0].Key}}}
	trust := &ledger.Agreement{Witnesses: []string{w.witnesses[0].VerifierKey()}, K: 1, Deciders: []ledger.Decider{{Key: []byte{1}, Next: [32]byte{1}}}, Threshold: 1}
	epoch := &ledger.Epoch{Number: 5, Day: 46000}
	w.put(anchorOf(1))
	return map[string]door{
		"accreditation":    {o["accreditation"].Bytes(), parser(ledger.ParseAccreditation)},
		"schema":           {o["schema"].Bytes(), parser(ledger.ParseSchema)},
		"status":           {o["status"].Bytes(), parser(ledger.ParseStatus)},
		"revocation":       {o["revocation"].Bytes(), parser(ledger.ParseRevocation)},
		"vk":               {o["vk"].Bytes(), parser(ledger.ParseVK)},
		"anchor":           {o["anchor"].Bytes(), parser(ledger.ParseAnchor)},
		"rule":             {o["rule"].Bytes(), parser(ledger.ParseRule)},
		"trail":            {o["trail"].Bytes(), parser(ledger.ParseTrail)},
		"purpose":          {o["purpose"].Bytes(), parser(ledger.ParsePurpose)},
		"grant":            {o["grant"].Bytes(), parser(ledger.ParseGrant)},
		"audit":            {o["audit"].Bytes(), parser(ledger.ParseAudit)},
		"use":              {o["use"].Bytes(), parser(ledger.ParseUse)},
		"seen":             {(&ledger.Seen{Operation: [32]byte{1}}).Bytes(), parser(ledger.ParseSeen)},
		"keyfile":          {o["keyfile"].Bytes(), parser(ledger.ParseKeyFile)},
		"did":              {did.Bytes(), parser(func(b []byte) (*ledger.DID, error) { return ledger.ParseDID(didOf(3), b) })},
		"trust":            {trust.Bytes(), parser(ledger.ParseAgreement)},
		"epoch":            {epoch.Bytes(), parser(ledger.ParseEpoch)},
		"operation":        {op.Bytes(), parser(ledger.ParseOperation)},
		"signed operation": {signed.Bytes(), parser(ledger.ParseSignedOperation)},
		"inclusion":        {(&ledger.Inclusion{Checkpoint: []byte{1}, Leaf: []byte{2}}).Bytes(), parser(ledger.ParseInclusion)},
		"batch": {ledger.FormatBatch([]*ledger.SignedOperation{signed}), func(b []byte) ([]byte, error) {
			ops, err := ledger.ParseBatch(b)
			return ledger.FormatBatch(ops), err
		}},
		"batched": {must(ledger.SignBatch(ledgerID, operations(t, 3), key))(t)[1].Bytes(), parser(ledger.ParseSignedOperation)},
		"proof":   {w.prove(anchorOf(1).Key(), anchorOf(2).Key()).Bytes(), parser(ledger.ParseProof)},
	}
}

// TestOneSpelling: what is parsed is written back to the same bytes, and every
// other spelling of the same content is refused.
func TestOneSpelling(t *testing.T) {
	for name, d := range doors(t) {
		t.Run(name, func(t *testing.T) {
			if again := must(d.parse(d.valid))(t); !bytes.Equal(again, d.valid) {
				t.Fatal("written back differently")
			}
			head := d.valid[0]
			for what, b := range map[string][]byte{
				"empty":              nil,
				"cut short":          d.valid[:len(d.valid)-1],
				"trailing byte":      append(bytes.Clone(d.valid), 0),
				"long length":        append([]byte{0x98, head & 0x1f}, d.valid[1:]...),
				"indefinite length":  append(append([]byte{0x9f}, d.valid[1:]...), 0xff),
				"tagged":             append([]byte{0xd9, 0xd9, 0xf7}, d.valid...),
				"one field too many": append(append([]byte{head + 1}, d.valid[1:]...), 0),
			} {
				if _, err := d.parse(b); !is(err, ledger.ErrFormat) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if _, err := d.parse(make([]byte, limits.Bundle+1)); !is(err, ledger.ErrTooLarge) {
				t.Errorf("too large: %v", err)
			}
		})
	}
}

func TestVersionIsOne(t *testing.T) {
	for name, d := range doors(t) {
		b := bytes.Clone(d.valid)
		if b[1] != 1 { // a signed operation, batched or not, has its operation there
			continue
		}
		b[1] = 2
		if _, err := d.parse(b); !is(err, ledger.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNullIsNotEmpty: nil and empty have one spelling.
func TestNullIsNotEmpty(t *testing.T) {
	b := (&ledger.DID{}).Bytes()
	if _, err := ledger.ParseDID(didOf(1), bytes.ReplaceAll(b, []byte{0x80}, []byte{0xf6})); !is(err, ledger.ErrFormat) {
		t.Fatal(err)
	}
}

func TestOperationEncoding(t *testing.T) {
	op := &ledger.Operation{Kind: "did", Key: "did/", Body: []byte{1, 2}, Nonce: [16]byte{15: 9}}
	var got []any
	if err := cbor.Unmarshal(op.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 5 || got[0] != uint64(2) || got[1] != "did" || got[2] != "did/" || !bytes.Equal(got[3].([]byte), []byte{1, 2}) || len(got[4].([]byte)) != 16 {
		t.Fatalf("%v", got)
	}
	if op.ID() != sha256.Sum256(op.Bytes()) {
		t.Fatal("id is not the SHA-256 of the bytes")
	}
}

func TestStateLeaf(t *testing.T) {
	s := &ledger.StateLeaf{Height: 1, UnixMilli: 2, StateRoot: [32]byte{3}, Epoch: 4, Day: 5, RegistryRoot: [32]byte{6}, RevocationRoot: [32]byte{7}}
	b := s.Bytes()
	want := "hufu/state/1" + "\x00\x00\x00\x00\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x02" +
		"\x03" + strings.Repeat("\x00", 31) + "\x00\x00\x00\x00\x00\x00\x00\x04" + "\x00\x00\x00\x05" +
		"\x06" + strings.Repeat("\x00", 31) + "\x07" + strings.Repeat("\x00", 31)
	if string(b) != want || len(b) != ledger.StateLeafSize {
		t.Fatalf("%x", b)
	}
	if got := must(ledger.ParseStateLeaf(b))(t); *got != *s {
		t.Fatalf("%+v", got)
	}
	late := *s
	late.UnixMilli = 1 << 63
	for name, b := range map[string][]byte{"short": b[:len(b)-1], "long": append(b, 0), "prefix": append([]byte("H"), b[1:]...), "time": late.Bytes()} {
		if _, err := ledger.ParseStateLeaf(b); !is(err, ledger.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignedOperation(t *testing.T) {
	key := newKey(t)
	op := must(ledger.NewOperation(anchorOf(1)))(t)
	signed := must(ledger.Sign(ledgerID, op, key, newKey(t)))(t)
	if keys := must(signed.Verify(ledgerID, ledger.DefaultSuites()))(t); len(keys) != 2 {
		t.Fatalf("%d keys", len(keys))
	}
	swapped := *signed
	swapped.Signatures = []ledger.Signature{signed.Signatures[1], signed.Signatures[0]}
	if _, err := ledger.ParseSignedOperation(swapped.Bytes()); !is(err, ledger.ErrFormat) {
		t.Error("out of order:", err)
	}
	if _, err := ledger.Sign(ledgerID, op, key, key); !is(err, ledger.ErrFormat) {
		t.Error("one signer twice:", err)
	}
	many := *signed
	for n := range 65 {
		many.Signatures = append(many.Signatures, ledger.Signature{Key: []byte{255, byte(n)}})
	}
	if _, err := ledger.ParseSignedOperation(many.Bytes()); !is(err, ledger.ErrTooLarge) {
		t.Error("65 signatures:", err)
	}
	if _, err := ledger.NewOperation(&ledger.Anchor{Agency: didOf(1)}); !is(err, ledger.ErrValue) {
		t.Error("an object out of range:", err)
	}
}

// TestSignObjects: one operation an object, in their order, each signed by all.
func TestSignObjects(t *testing.T) {
	signers := []crypto.Signer{newKey(t), newKey(t)}
	objects := []ledger.Object{anchorOf(2), anchorOf(1), anchorOf(1)}
	ops := must(ledger.SignObjects(ledgerID, objects, signers...))(t)
	if len(ops) != len(objects) || ops[1].Operation.ID() == ops[2].Operation.ID() {
		t.Fatalf("%d operations", len(ops))
	}
	for i, op := range ops {
		if op.Operation.Key != objects[i].Key() || op.Batch != nil || len(must(op.Verify(ledgerID, ledger.DefaultSuites()))(t)) != 2 {
			t.Errorf("operation %d: %+v", i, op.Operation)
		}
	}
	if ops, err := ledger.SignObjects(ledgerID, []ledger.Object{anchorOf(1), &ledger.Anchor{Agency: didOf(1)}}, signers...); ops != nil || !is(err, ledger.ErrValue) {
		t.Error("an object out of range:", err)
	}
	if _, err := ledger.SignObject(ledgerID, anchorOf(1), signers[0], signers[0]); !is(err, ledger.ErrFormat) {
		t.Error("one signer twice:", err)
	}
}

// TestNoLedger: without a ledger nothing is signed, and no signature holds.
func TestNoLedger(t *testing.T) {
	op, key := must(ledger.NewOperation(anchorOf(1)))(t), newKey(t)
	if _, err := ledger.Sign(ledger.ID{}, op, key); !is(err, ledger.ErrValue) {
		t.Error("signed:", err)
	}
	if _, err := ledger.SignBatch(ledger.ID{}, []*ledger.Operation{op}, key); !is(err, ledger.ErrValue) {
		t.Error("signed in a batch:", err)
	}
	if _, err := must(ledger.Sign(ledgerID, op, key))(t).Verify(ledger.ID{}, ledger.DefaultSuites()); !is(err, ledger.ErrValue) {
		t.Error("verified:", err)
	}
}

func TestDIDOf(t *testing.T) {
	op := &ledger.Operation{Kind: ledger.KindDID, Key: "did/"}
	// Computed apart, from the bytes 85 02 63"did" 64"did/" 40 50 and 16 zeros.
	if did := must(ledger.DIDOf(op))(t); did != "did:hufu:nrukvnmtkbdyhgmxjigezd5zzkrk64md" {
		t.Error(did)
	}
	for _, op := range []*ledger.Operation{{Kind: ledger.KindDID, Key: "did/x"}, {Kind: ledger.KindSchema, Key: "did/"}} {
		if _, err := ledger.DIDOf(op); !is(err, ledger.ErrKey) {
			t.Error(err)
		}
	}
}

func TestDay(t *testing.T) {
	for text, want := range map[string]uint32{
		"1970-01-01T00:00:00Z":      25567,
		"1970-01-01T15:59:59Z":      25567,
		"1970-01-01T16:00:00Z":      25568,
		"2026-03-02T00:00:00+08:00": 46081,
		"1950-01-01T00:00:00Z":      25567,
	} {
		at := must(time.Parse(time.RFC3339, text))(t)
		if got := ledger.Day(at); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

func TestBatchBounds(t *testing.T) {
	for n, b := range [][]byte{{0x80}, append([]byte{0x99, 0x27, 0x11}, bytes.Repeat([]byte{0x40}, 10_001)...)} {
		if _, err := ledger.ParseBatch(b); !is(err, ledger.ErrTooLarge) {
			t.Errorf("case %d: %v", n, err)
		}
	}
	if _, err := ledger.ParseBatch([]byte{0x81, 0x41, 0x00}); !is(err, ledger.ErrFormat) {
		t.Error(err)
	}
}
