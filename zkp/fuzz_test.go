package zkp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/zkp"
)

// seeds are what each fuzz target begins with: real ones, and real ones bent.
func seeds(t testing.TB) map[string][][]byte {
	r := readRecorded(t)
	bent := func(b []byte) [][]byte {
		flipped := bytes.Clone(b)
		flipped[len(b)/2] ^= 1
		return [][]byte{b, b[:len(b)-1], append(bytes.Clone(b), 0), flipped}
	}
	corpus := map[string][][]byte{}
	for _, h := range readHostile(t) {
		corpus[h.Kind] = append(corpus[h.Kind], h.raw(t))
	}
	for i, b := range corpus["endorsement"] {
		corpus["endorsement"][i] = []byte(base64.RawURLEncoding.EncodeToString(b))
	}
	return map[string][][]byte{
		"presentation":  append(bent(r.Presentation), corpus["presentation"]...),
		"endorsement":   append(append(bent([]byte(r.Endorsement)), []byte(newCredential(t).Endorsement.String())), corpus["endorsement"]...),
		"use":           bent(readUse(t).Use),
		"verifying key": append(bent(r.ShowKey), bent(r.PrepareKey)...),
	}
}

func TestFuzzSeeds(t *testing.T) {
	for name, s := range seeds(t) {
		if len(s) == 0 || len(s[0]) == 0 {
			t.Errorf("no seeds for %s", name)
		}
	}
}

func FuzzPresentation(f *testing.F) {
	for _, s := range seeds(f)["presentation"] {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := zkp.ParsePresentation(b)
		if err != nil {
			if !errors.Is(err, zkp.ErrForm) {
				t.Errorf("refused as %v", err)
			}
			return
		}
		if !bytes.Equal(p.Bytes(), b) {
			t.Error("written as something else than it is read from")
		}
	})
}

func FuzzEndorsement(f *testing.F) {
	for _, s := range seeds(f)["endorsement"] {
		f.Add(string(s))
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := zkp.ParseEndorsement(s)
		if err != nil {
			if !errors.Is(err, zkp.ErrForm) && !errors.Is(err, zkp.ErrProofKey) {
				t.Errorf("refused as %v", err)
			}
			return
		}
		if h.String() != s {
			t.Error("written as something else than it is read from")
		}
		// Nobody has signed it: checking must refuse, and not fall over.
		if err := h.Verify(number(1), number(2), new(zkp.Attributes)); !errors.Is(err, zkp.ErrSignature) {
			t.Errorf("verified: %v", err)
		}
	})
}

func FuzzVerifyingKey(f *testing.F) {
	for _, s := range seeds(f)["verifying key"] {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := zkp.ParseVerifyingKey(b, sha256.Sum256(b), zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
		if err != nil {
			if !errors.Is(err, zkp.ErrVerifyingKey) {
				t.Errorf("refused as %v", err)
			}
			return
		}
		if !bytes.Equal(k.Bytes(), b) {
			t.Error("written as something else than it is read from")
		}
	})
}

func FuzzUse(f *testing.F) {
	for _, s := range seeds(f)["use"] {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := zkp.ParseUse(b)
		if err != nil {
			if !errors.Is(err, zkp.ErrForm) {
				t.Errorf("refused as %v", err)
			}
			return
		}
		if !bytes.Equal(u.Bytes(), b) {
			t.Error("written as something else than it is read from")
		}
	})
}
