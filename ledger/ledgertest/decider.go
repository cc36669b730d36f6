package ledgertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// Decider makes up the say of an agency with a signature key, and the key with which the
// agency signs the next agreement.
func Decider(t testing.TB, key crypto.Signer) (ledger.Decider, crypto.Signer) {
	t.Helper()
	next, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ledger.NewDecider(key.Public(), next.Public())
	if err != nil {
		t.Fatal(err)
	}
	return d, next
}
