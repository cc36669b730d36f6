package vault

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// keyKind is the kind of the records that hold software keys.
const keyKind = "key"

// softwareKeys keeps private keys as records of a Store.
type softwareKeys struct{ store Store }

// NewSoftwareKeys returns a KeyStore that keeps its keys in store. They are as
// private as the store: encrypted in sqlitevault, in the clear in memory. A key
// lies in the memory of this process while it signs, so UserAuth is refused
// with ErrUnsupported.
func NewSoftwareKeys(store Store) KeyStore { return softwareKeys{store} }

// softwareKey keeps the signer out of its method set: callers can only sign.
type softwareKey struct {
	signer crypto.Signer
	info   KeyInfo
}

func (k softwareKey) Public() crypto.PublicKey { return k.signer.Public() }
func (k softwareKey) Info() KeyInfo            { return k.info }

// Format keeps the private key out of every log line, whatever the verb.
func (k softwareKey) Format(f fmt.State, _ rune) { io.WriteString(f, "vault key "+k.info.ID) }

// Sign always draws from crypto/rand and ignores the caller's source: a
// repeated ECDSA nonce would reveal the key.
func (k softwareKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.signer.Sign(rand.Reader, digest, opts)
}

// softwareKeyJSON is the value of a key record.
type softwareKeyJSON struct {
	Algorithm  Algorithm `json:"alg"`
	Purpose    string    `json:"purpose"`
	Exportable bool      `json:"exportable"`
	Created    int64     `json:"created"` // Unix milliseconds
	PKCS8      []byte    `json:"pkcs8"`
}

func (s softwareKeys) Generate(ctx context.Context, spec KeySpec) (Key, error) {
	if spec.UserAuth {
		return nil, fmt.Errorf("%w: user authentication", ErrUnsupported)
	}
	signer, err := generate(spec.Algorithm)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, fmt.Errorf("vault: encode key: %w", err)
	}
	id := make([]byte, 16)
	rand.Read(id) // never fails: crypto/rand ends the process instead
	created := time.Now().UTC().Truncate(time.Millisecond)
	value, err := json.Marshal(softwareKeyJSON{
		Algorithm: spec.Algorithm, Purpose: spec.Purpose, Exportable: spec.Exportable,
		Created: created.UnixMilli(), PKCS8: pkcs8,
	})
	if err != nil {
		return nil, fmt.Errorf("vault: encode key: %w", err)
	}
	info := KeyInfo{ID: hex.EncodeToString(id), Spec: spec, Public: signer.Public(), Created: created}
	err = s.store.Update(ctx, func(tx Tx) error { return tx.Put(keyKind, info.ID, value) })
	if err != nil {
		return nil, err
	}
	return softwareKey{signer, info}, nil
}

func generate(alg Algorithm) (crypto.Signer, error) {
	switch alg {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("%w: algorithm %q", ErrUnsupported, alg)
}

func (s softwareKeys) Key(ctx context.Context, id string) (Key, error) {
	var record Record
	err := s.store.View(ctx, func(tx Tx) (err error) {
		record, err = tx.Get(keyKind, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return parseSoftwareKey(record)
}

func parseSoftwareKey(record Record) (Key, error) {
	var stored softwareKeyJSON
	if err := strictjson.Read(record.Value, limits.Record, &stored); err != nil {
		return nil, fmt.Errorf("vault: malformed key record: %w", ErrInvalidated)
	}
	private, err := x509.ParsePKCS8PrivateKey(stored.PKCS8)
	if err != nil {
		return nil, fmt.Errorf("vault: malformed key record: %w", ErrInvalidated)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("vault: key record that cannot sign: %w", ErrInvalidated)
	}
	return softwareKey{signer, KeyInfo{
		ID:      record.ID,
		Spec:    KeySpec{Algorithm: stored.Algorithm, Purpose: stored.Purpose, Exportable: stored.Exportable},
		Public:  signer.Public(),
		Created: time.UnixMilli(stored.Created).UTC(),
	}}, nil
}

func (s softwareKeys) Keys(ctx context.Context) ([]KeyInfo, error) {
	var infos []KeyInfo
	err := s.store.View(ctx, func(tx Tx) error {
		records, err := tx.List(keyKind)
		if err != nil {
			return err
		}
		for _, record := range records {
			key, err := parseSoftwareKey(record)
			if err != nil {
				return err
			}
			infos = append(infos, key.Info())
		}
		return nil
	})
	slices.SortStableFunc(infos, func(a, b KeyInfo) int { return a.Created.Compare(b.Created) })
	return infos, err
}

func (s softwareKeys) DeleteKey(ctx context.Context, id string) error {
	return s.store.Update(ctx, func(tx Tx) error { return tx.Delete(keyKind, id) })
}
