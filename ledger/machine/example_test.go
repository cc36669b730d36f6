package machine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// The root agency's DID is the first operation of a ledger.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	public, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		log.Fatal(err)
	}
	create, err := ledger.SignObject(&ledger.DID{Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public}}}, key)
	if err != nil {
		log.Fatal(err)
	}
	root, err := ledger.DIDOf(create.Operation)
	if err != nil {
		log.Fatal(err)
	}
	m, err := machine.New(ledgertest.ZK{}, root, machine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	store := machine.NewMemory()
	commit, err := m.Apply(store, time.Now(), create)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("leaf", commit.Results[0].Receipts[0].Index, "of", commit.Head.Size)
	commit, err = m.Apply(store, time.Now(), create)
	fmt.Println("replayed:", commit.Results[0].Receipts[0].Replayed, err)
	fmt.Println("audit:", m.Audit(store))
	// Output:
	// leaf 0 of 2
	// replayed: true <nil>
	// audit: <nil>
}
