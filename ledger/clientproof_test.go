package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// TestVerifyProof: a proof that comes from elsewhere is judged by the client's own trust,
// and the server is asked nothing.
func TestVerifyProof(t *testing.T) {
	s, _ := consortium(t)
	fork := s.copy()
	fork.put(anchorOf(9)) // from here on another history
	s.put(anchorOf(1))
	c := must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	if err := c.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := s.asked
	key := anchorOf(1).Key()
	view, err := c.VerifyProof(s.again(key), ledger.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := view.Get(key); err != nil || view.Proof() == nil {
		t.Error(err)
	}
	// Of another size, only the cosignatures vouch for it; it is not taken for the highest.
	highest := c.Head().Size
	if _, err := c.VerifyProof(s.prove(key), ledger.VerifyOptions{}); err != nil || c.Head().Size != highest {
		t.Errorf("a newer checkpoint: %v, highest %d", err, c.Head().Size)
	}
	var fault *ledger.InconsistentError
	if _, err := c.VerifyProof(fork.prove(), ledger.VerifyOptions{}); !errors.As(err, &fault) {
		t.Errorf("another root for the size that was seen: %v", err)
	}
	if _, err := c.VerifyProof(nil, ledger.VerifyOptions{}); !is(err, ledger.ErrFormat) {
		t.Errorf("no proof: %v", err)
	}
	old := s.again(key)
	s.now = s.now.Add(25 * time.Hour)
	if _, err := c.VerifyProof(old, ledger.VerifyOptions{}); !is(err, ledger.ErrStale) {
		t.Errorf("a day later: %v", err)
	}
	if _, err := c.VerifyProof(old, ledger.VerifyOptions{MaxAge: 26 * time.Hour}); err != nil {
		t.Errorf("a reader who takes it: %v", err)
	}
	s.now = s.now.Add(181 * 24 * time.Hour)
	if _, err := c.VerifyProof(s.prove(key), ledger.VerifyOptions{}); !is(err, ledger.ErrBootstrap) {
		t.Errorf("a client that has not followed: %v", err)
	}
	if s.asked != asked {
		t.Error("the server was asked")
	}
}
