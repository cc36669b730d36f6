package agency_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// TestParseKey reads what signs, and nothing else.
func TestParseKey(t *testing.T) {
	file := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		none(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	got, err := agency.ParseKey(file(key))
	if err != nil || !key.PublicKey.Equal(got.Public()) {
		t.Errorf("another key: %v", err)
	}
	agrees, err := ecdh.X25519().GenerateKey(rand.Reader)
	none(t, err)
	for name, b := range map[string][]byte{
		"nothing": nil, "no PEM": []byte("key"), "no key": []byte("-----BEGIN PRIVATE KEY-----\naGk=\n-----END PRIVATE KEY-----\n"),
		"a key that does not sign": file(agrees), "too large": append(file(key), make([]byte, 64<<10)...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := agency.ParseKey(b)
			is(t, err, agency.ErrConfig)
		})
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\naGk=\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if key, err := agency.ParseKey(b); (key == nil) == (err == nil) {
			t.Errorf("%v, %v", key, err)
		}
	})
}

// TestKeysInUse follows the changes of the DID.
func TestKeysInUse(t *testing.T) {
	w := newWorld(t)
	office, _ := w.create()
	for _, step := range []struct {
		change func() error
		want   []string
	}{
		{func() error { return nil }, []string{"sig-1", "zk-1"}},
		{func() error { return office.Rotate(t.Context()) }, []string{"sig-2", "zk-1"}},
		{func() error { return office.ReplaceProofKey(t.Context()) }, []string{"sig-2", "zk-2"}},
	} {
		none(t, step.change())
		if got := office.KeysInUse(); !slices.Equal(got, step.want) {
			t.Errorf("in use %v, want %v", got, step.want)
		}
		if key, err := office.Signer(); err != nil || key != office.Keys().Key {
			t.Errorf("%v", err)
		}
	}
	if got := w.root.KeysInUse(); !slices.Equal(got, []string{"sig-1"}) {
		t.Errorf("the root has %v", got)
	}
}

// TestBearer: a code leads to who bears it, and to nobody before.
func TestBearer(t *testing.T) {
	w := newWorld(t)
	office, _ := w.create()
	who := ledgertest.SubjectOf(office.DID())
	_, err := w.root.Bearer(t.Context(), who.Code)
	is(t, err, ledger.ErrAbsent)
	none(t, w.root.Accredit(t.Context(), agency.Grant{To: office.DID(), Action: ledger.ActionIssue, Type: vct, Region: region, Subject: who}))
	if did, err := w.root.Bearer(t.Context(), who.Code); err != nil || did != office.DID() {
		t.Errorf("%s, %v", did, err)
	}
}
