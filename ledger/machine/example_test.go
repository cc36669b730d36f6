package machine_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// The root agency's DID and the first agreement are the first operations of a ledger.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	public, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		log.Fatal(err)
	}
	_, witnessKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	witness, err := ledger.NewCosigner("witness.example", witnessKey, nil)
	if err != nil {
		log.Fatal(err)
	}
	next, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	decider, err := ledger.NewDecider(key.Public(), next.Public())
	if err != nil {
		log.Fatal(err)
	}
	founding, first, err := ledger.Found("ledger.example",
		&ledger.DID{Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public}}},
		&ledger.Agreement{Witnesses: []string{witness.VerifierKey()}, K: 1, Deciders: []ledger.Decider{decider}, Threshold: 1}, key)
	if err != nil {
		log.Fatal(err)
	}
	m, err := machine.New(ledgertest.ZK{}, founding, machine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	store := machine.NewMemory()
	commit, err := m.Apply(store, time.Now(), first...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("leaf", commit.Results[0].Receipts[0].Index, "of", commit.Head.Size)
	commit, err = m.Apply(store, time.Now(), first...)
	fmt.Println("replayed:", commit.Results[0].Receipts[0].Replayed, err)
	fmt.Println("audit:", m.Audit(context.Background(), machine.ReadsOf(store), machine.NewMemory(), nil))
	// Output:
	// leaf 0 of 3
	// replayed: true <nil>
	// audit: <nil>
}
