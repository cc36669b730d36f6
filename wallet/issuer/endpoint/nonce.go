package endpoint

import (
	"context"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
)

const kindKeys = "oauth-keys"

// keys are made once for all servers over a store.
type keys struct {
	Secret     []byte `json:"secret"`     // of nonces
	Encryption []byte `json:"encryption"` // P-256, for requests
}

// openKeys reads the server's keys, and makes them at the first time.
func (s *Server) openKeys(ctx context.Context) error {
	return s.update(ctx, func(tx vault.Tx) error {
		k := new(keys)
		r, err := tx.Get(kindKeys, "server")
		switch {
		case errors.Is(err, vault.ErrNotFound):
			fresh, err := jwe.GenerateKey()
			if err != nil {
				return err
			}
			k.Secret, k.Encryption = make([]byte, 32), fresh.Bytes()
			_, _ = rand.Read(k.Secret) // never fails
			text, err := json.Marshal(k)
			if err != nil {
				return err
			}
			if err := tx.Put(kindKeys, "server", text); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			if err := strictjson.Read(r.Value, limits.Document, k); err != nil {
				return fmt.Errorf("%w: %w", vault.ErrDamaged, err)
			}
		}
		if s.private, err = ecdh.P256().NewPrivateKey(k.Encryption); err != nil {
			return fmt.Errorf("%w: %w", vault.ErrDamaged, err)
		}
		s.secret = k.Secret
		return nil
	})
}

// purpose keeps nonces of one kind from passing for another.
type purpose byte

const (
	forProof     purpose = 1 // c_nonce of OpenID4VCI
	forDPoP      purpose = 2
	forChallenge purpose = 3 // of a wallet attestation
)

const (
	nonceTime = 5 * time.Minute
	// skew is the largest difference from another server's clock over the same store.
	skew = time.Minute
)

// newNonce makes a nonce that every server over the store knows as its own: time, 64 random
// bits, and a MAC of both.
func (s *Server) newNonce(p purpose) string {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:8], uint64(s.now().Unix()))
	_, _ = rand.Read(b[8:16]) // never fails
	copy(b[16:], s.mac(p, b[:16]))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Server) mac(p purpose, b []byte) []byte {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte{byte(p)})
	m.Write(b)
	return m.Sum(nil)[:16]
}

// isNonce reports whether this server made a nonce, and it has not ended. Whether it was
// used is another question.
func (s *Server) isNonce(p purpose, text string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 32 || !hmac.Equal(s.mac(p, b[:16]), b[16:]) {
		return false
	}
	age := s.now().Sub(time.Unix(int64(binary.BigEndian.Uint64(b[:8])), 0))
	return age >= -skew && age <= nonceTime
}

// useNonces uses the nonces of key proofs up.
func (s *Server) useNonces(tx vault.Tx, nonces []string) error {
	for _, nonce := range nonces {
		err := s.shelf.once(tx, name("nonce", nonce), s.now().Add(nonceTime+2*skew))
		if errors.Is(err, errUsed) {
			return fmt.Errorf("%w: it was used before", openid.ErrProofNonce)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nonce is the nonce endpoint (OpenID4VCI 1.0 section 7).
func (s *Server) nonce(w http.ResponseWriter, r *http.Request) error {
	body, err := openid.NonceBytes(s.newNonce(forProof))
	if err != nil {
		return err
	}
	w.Header().Set("DPoP-Nonce", s.newNonce(forDPoP))
	return answer(w, http.StatusOK, body)
}

// challenge is the challenge endpoint of wallet attestations
// (draft-ietf-oauth-attestation-based-client-auth-07 section 8).
func (s *Server) challenge(w http.ResponseWriter, r *http.Request) error {
	body, err := oauth.ChallengeBytes(s.newNonce(forChallenge))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, body)
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body []byte) error {
	return write(w, status, "application/json", body)
}

// errGone: who asked is no longer there.
var errGone = errors.New("endpoint: the connection is gone")
