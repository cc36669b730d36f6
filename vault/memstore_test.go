package vault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/vaulttest"
)

func TestMemoryStore(t *testing.T) {
	vaulttest.TestStore(t, func(*testing.T) vault.Store { return vault.NewMemoryStore() })
}

func TestSoftwareKeys(t *testing.T) {
	open := func(*testing.T) vault.KeyStore { return vault.NewSoftwareKeys(vault.NewMemoryStore()) }
	vaulttest.TestKeyStore(t, open)
	t.Run("user authentication is ErrUnsupported", func(t *testing.T) {
		spec := vault.KeySpec{Algorithm: vault.ES256, UserAuth: true}
		if _, err := open(t).Generate(t.Context(), spec); !errors.Is(err, vault.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a printed key is only its name", func(t *testing.T) {
		key, err := open(t).Generate(t.Context(), vault.KeySpec{Algorithm: vault.EdDSA})
		if err != nil {
			t.Fatal(err)
		}
		want := "vault key " + key.Info().ID
		for _, format := range []string{"%v", "%+v", "%#v", "%x", "%s"} {
			if got := fmt.Sprintf(format, key); got != want {
				t.Errorf("%s prints %d characters instead of the name", format, len(got))
			}
		}
	})
}

func TestTrustStore(t *testing.T) {
	ledgertest.TestTrustStore(t, func(*testing.T) ledger.TrustStore {
		return vault.NewTrustStore(vault.NewMemoryStore(), "ledger.example")
	})
}
