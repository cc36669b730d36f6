package ledger_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

// An agency asks for a schema to be published.
func ExampleNewOperation() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	op, err := ledger.NewOperation(&ledger.Schema{
		ID: "resident", Version: 1, VCT: "urn:example:resident", Hash: sha256.Sum256([]byte("the schema file")),
		Attributes: [ledger.AttributeSlots]string{"name", "birth_date"},
		Owner:      "did:hufu:qwkjdqsx4ktwcpw4g6ymrfpnkxsr2jdi",
	})
	if err != nil {
		log.Fatal(err)
	}
	trust, _, _ := smallestLedger()
	signed, err := ledger.Sign(trust.ID(), op, key)
	if err != nil {
		log.Fatal(err)
	}
	received, err := ledger.ParseSignedOperation(signed.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	_, err = received.Verify(trust.ID(), ledger.DefaultSuites())
	fmt.Println(received.Operation.Kind, received.Operation.Key, err)
	// Output: schema schema/resident/1 <nil>
}

// A log of one leaf over an empty map proves that an anchor is absent.
func ExampleVerify() {
	trust, checkpoint, state := smallestLedger()
	fingerprint := trust.Fingerprint()
	pinned, err := ledger.ParseTrustPinned(trust.Bytes(), hex.EncodeToString(fingerprint[:]))
	if err != nil {
		log.Fatal(err)
	}
	key := ledger.AnchorKey(pinned.RootDID, sha256.Sum256([]byte("salt and record")))
	noSiblings := make([]byte, 32)
	proof := &ledger.Proof{
		Checkpoint: checkpoint, StateLeaf: state.Bytes(),
		Entries: []ledger.Entry{{Key: key, Proof: noSiblings}},
	}
	view, err := ledger.Verify(pinned, proof, ledger.VerifyOptions{MaxAge: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	_, err = view.Get(key)
	fmt.Println(err)
	_, err = view.Get(ledger.AgreementKey(0))
	fmt.Println(err)
	// Output:
	// ledger: no such object
	// ledger: not covered by the proof: 1 keys
}

func smallestLedger() (*ledger.TrustFile, []byte, *ledger.StateLeaf) {
	_, logKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	_, witnessKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := ledger.NewLogSigner("ledger.example", logKey)
	if err != nil {
		log.Fatal(err)
	}
	witness, err := ledger.NewCosigner("ledger.example/witness", witnessKey, nil)
	if err != nil {
		log.Fatal(err)
	}
	trust, err := ledger.NewTrust(ledger.TrustFile{
		Origin: "ledger.example", LogKey: signer.VerifierKey(), WitnessKeys: []string{witness.VerifierKey()}, K: 1,
		RootDID: "did:hufu:qwkjdqsx4ktwcpw4g6ymrfpnkxsr2jdi", First: sha256.Sum256([]byte("the first agreement")),
	})
	if err != nil {
		log.Fatal(err)
	}
	state := &ledger.StateLeaf{UnixMilli: uint64(time.Now().UnixMilli())}
	text := ledger.FormatCheckpoint("ledger.example", 1, tlog.RecordHash(state.Bytes()))
	checkpoint, err := note.Sign(&note.Note{Text: text}, signer, witness)
	if err != nil {
		log.Fatal(err)
	}
	return trust, checkpoint, state
}
