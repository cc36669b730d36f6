package issuer_test

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath/certpathtest"
)

// certificates are a path for a key, and its anchor.
type certificates struct {
	chain  [][]byte // leaf, intermediate
	anchor []byte
}

func certify(t testing.TB, leaf crypto.Signer) certificates {
	t.Helper()
	root := certpathtest.New(time.Now(), "anchor")
	public := leaf.Public().(*ecdsa.PublicKey)
	chain := root.Below(certpathtest.Template{Name: "authority"}).Certify(&ecdsa.PrivateKey{PublicKey: *public}, certpathtest.Template{Name: "office"})
	return certificates{chain: chain, anchor: root.Certificate.Raw}
}

// credentialNumber reads a whole number as claims have it.
func credentialNumber(v any) (int64, error) {
	switch n := v.(type) {
	case int64:
		return n, nil
	case float64:
		return int64(n), nil
	case json.Number:
		return n.Int64()
	}
	return 0, fmt.Errorf("%T is no number", v)
}
