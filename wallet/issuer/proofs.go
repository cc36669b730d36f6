package issuer

import (
	"crypto"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
)

// proofCheck goes through what an application shows of its keys.
type proofCheck struct {
	d      *Desk
	app    *Application
	a      *application
	proved map[string]bool // thumbprints of keys with a proof of their own
	seen   map[string]bool // thumbprints of keys that have a copy
	nonces []string        // each once
	made   time.Time       // when the first proof was made
}

// proof checks one key proof (OpenID4VCI 1.0 appendix F.1) and the key attestation in its
// header.
func (c *proofCheck) proof(text string) error {
	proof, err := openid.ParseProof(text)
	if err != nil {
		return err
	}
	if err := c.nonce(proof.Unverified.Nonce); err != nil {
		return err
	}
	key, err := proof.Verify(c.d.cfg.URL, proof.Unverified.Nonce, openid.VerifyOptions{Now: c.d.cfg.Clock()})
	if err != nil {
		return err
	}
	if c.made.IsZero() {
		c.made = proof.Unverified.IssuedAt
	}
	id, err := did.Thumbprint(key)
	if err != nil {
		return err
	}
	if c.proved[id] { // two copies on one key would be one
		return fmt.Errorf("%w: two proofs of one key", openid.ErrProof)
	}
	c.proved[id] = true
	keys := []crypto.PublicKey{key}
	switch {
	case proof.KeyAttestation != "" && c.app.Attested != nil:
		if keys, err = c.attested(proof.KeyAttestation, key); err != nil {
			return err
		}
	case c.app.AttestationRequired:
		return fmt.Errorf("%w: a key attestation is required", openid.ErrProof)
	}
	return c.take(keys)
}

// attested reads the attestation of a key, and returns that key and the others that it
// attests: each has a copy.
func (c *proofCheck) attested(text string, key crypto.PublicKey) ([]crypto.PublicKey, error) {
	a, err := openid.ParseKeyAttestation(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", openid.ErrProof, err)
	}
	if a.Expires.IsZero() {
		return nil, fmt.Errorf("%w: the key attestation has no exp (appendix D.1)", openid.ErrProof)
	}
	if err := c.judge(a); err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(slices.Clone(a.Keys), func(other crypto.PublicKey) bool { return sameKey(other, key) })
	if len(others) == len(a.Keys) {
		return nil, fmt.Errorf("%w: the key attestation is of other keys", openid.ErrProof)
	}
	return append([]crypto.PublicKey{key}, others...), nil
}

// attestationAlone checks an attestation that stands in place of key proofs (appendix F.3).
func (c *proofCheck) attestationAlone(text string) error {
	if c.app.Attested == nil {
		return openid.ErrUnsupportedProof
	}
	a, err := openid.ParseKeyAttestation(text)
	if err != nil {
		return fmt.Errorf("%w: %w", openid.ErrProof, err)
	}
	if err := c.judge(a); err != nil {
		return err
	}
	c.made = a.IssuedAt
	return c.take(a.Keys)
}

func (c *proofCheck) judge(a *openid.KeyAttestation) error {
	if err := c.nonce(a.Nonce); err != nil {
		return err
	}
	if err := c.app.Attested(a); err != nil {
		return fmt.Errorf("%w: %w", openid.ErrProof, err)
	}
	return nil
}

// nonce looks at a nonce, and keeps it to be used up.
func (c *proofCheck) nonce(nonce string) error {
	if nonce == "" {
		return fmt.Errorf("%w: without a nonce", openid.ErrProof)
	}
	if err := c.app.Nonce(nonce); err != nil {
		return err
	}
	if !slices.Contains(c.nonces, nonce) {
		c.nonces = append(c.nonces, nonce)
	}
	return nil
}

// take gives each key one copy, as many as one application may have.
func (c *proofCheck) take(keys []crypto.PublicKey) error {
	for _, key := range keys {
		id, err := did.Thumbprint(key)
		if err != nil {
			return err
		}
		if c.seen[id] || len(c.a.holders) == c.d.cfg.MaxBatch {
			continue
		}
		c.seen[id], c.a.holders = true, append(c.a.holders, key)
	}
	return nil
}
