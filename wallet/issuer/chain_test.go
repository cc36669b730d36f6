package issuer_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// certificates are a path for a key, and its anchor.
type certificates struct {
	chain  [][]byte // leaf, intermediate
	anchor []byte
}

func certify(t testing.TB, leaf crypto.Signer) certificates {
	t.Helper()
	var keys []*ecdsa.PrivateKey
	var certs []*x509.Certificate
	for i, name := range []string{"anchor", "authority"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		none(t, err)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Unix(0, 0),
		}
		template.NotAfter = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
		parent, signer := template, key
		if i > 0 {
			parent, signer = certs[0], keys[0]
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		none(t, err)
		cert, err := x509.ParseCertificate(der)
		none(t, err)
		keys, certs = append(keys, key), append(certs, cert)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "office"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}, certs[1], leaf.Public(), keys[1])
	none(t, err)
	return certificates{chain: [][]byte{der, certs[1].Raw}, anchor: certs[0].Raw}
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
