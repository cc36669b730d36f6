package sqlitelog_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// A root agency starts a ledger and anchors a hash. A reader, who has the trust
// file and nothing else, believes the anchor by its proof.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	next, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // belongs into a safe
	if err != nil {
		log.Fatal(err)
	}
	decider, err := ledger.NewDecider(root.Public(), next.Public())
	if err != nil {
		log.Fatal(err)
	}
	l, err := sqlitelog.Init(ctx, dir, "ledger.example/demo", ledgertest.ZK{}, root,
		sqlitelog.InitOptions{Deciders: []ledger.Decider{decider}})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	anchor := &ledger.Anchor{Hash: sha256.Sum256([]byte("salt and record")), Count: 1, Agency: l.Trust().RootDID}
	signed, err := ledger.SignObject(l.Trust().ID(), anchor, root)
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := l.Submit(ctx, signed)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("leaf", receipt.Operations[0].Index, "of", receipt.Size)

	trust, err := ledger.ParseTrust(l.Trust().Bytes()) // in earnest, ParseTrustPinned
	if err != nil {
		log.Fatal(err)
	}
	proof, err := l.Prove(ctx, anchor.Key())
	if err != nil {
		log.Fatal(err)
	}
	view, err := ledger.Verify(trust, proof, ledger.VerifyOptions{Now: time.Now()})
	if err != nil {
		log.Fatal(err)
	}
	found, err := view.Anchor(anchor.Agency, anchor.Hash)
	fmt.Println(found.Count, "record,", err)
	// Output:
	// leaf 3 of 5
	// 1 record, <nil>
}
