package verifier_test

import (
	"testing"

	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/verifiertest"
)

func TestMemoryStore(t *testing.T) {
	verifiertest.TestStore(t, func(*testing.T) verifier.Store { return verifier.NewMemoryStore() })
}
