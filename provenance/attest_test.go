package provenance_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
)

// TestAttest: the proof has the chain of each accreditation for the types, and no other.
func TestAttest(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	client := c.Client(c.Log)
	var types []string
	for i := range 65 {
		types = append(types, fmt.Sprintf("urn:test:type:%d", i))
		c.Submit(c.Root, &ledger.Accreditation{
			Agency: c.Library.DID, Action: ledger.ActionVerify, Region: hufutest.Region, Type: types[i],
			Accreditor: c.Root.DID, State: ledger.StateActive, Subject: c.Library.Subject,
		})
	}
	who := provenance.Requester{DID: c.Library.DID, Types: types[:64]}
	proof, err := provenance.Attest(t.Context(), client, who, provenance.AttestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	view, err := client.VerifyProof(proof, ledger.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, typ := range types {
		_, err := view.Accredited(c.Library.DID, typ, ledger.ActionVerify, hufutest.Region, c.Now())
		if known := err == nil; known != (i < 64) {
			t.Errorf("type %d: %v", i, err)
		}
	}
	if root, err := view.Subject(nil); err != nil || root != c.Root.Subject {
		t.Errorf("the root: %+v, %v", root, err)
	}
	who.Types = types
	if _, err := provenance.Attest(t.Context(), client, who, provenance.AttestOptions{}); !errors.Is(err, provenance.ErrAttestation) {
		t.Errorf("65 accreditations: %v", err)
	}
}

// TestAttestOfNobody: who is deactivated, or unknown, has nothing to prove.
func TestAttestOfNobody(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	client := c.Client(c.Log)
	c.Library.Change(func(d *ledger.DID) { d.Deactivated, d.Next = true, nil })
	for id, want := range map[string]error{c.Library.DID: ledger.ErrDeactivated, "did:hufu:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": ledger.ErrAbsent} {
		if _, err := provenance.Attest(t.Context(), client, provenance.Requester{DID: id}, provenance.AttestOptions{}); !errors.Is(err, want) {
			t.Errorf("%v", err)
		}
	}
}
