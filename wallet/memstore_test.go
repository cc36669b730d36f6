package wallet_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/wallettest"
)

func TestMemoryStore(t *testing.T) {
	wallettest.TestStore(t, func(*testing.T) wallet.Store { return wallet.NewMemoryStore() })
}

func TestSoftwareKeys(t *testing.T) {
	open := func(*testing.T) wallet.KeyStore { return wallet.NewSoftwareKeys(wallet.NewMemoryStore()) }
	wallettest.TestKeyStore(t, open)
	t.Run("user authentication is ErrUnsupported", func(t *testing.T) {
		spec := wallet.KeySpec{Algorithm: wallet.ES256, UserAuth: true}
		if _, err := open(t).Generate(t.Context(), spec); !errors.Is(err, wallet.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a printed key is only its name", func(t *testing.T) {
		key, err := open(t).Generate(t.Context(), wallet.KeySpec{Algorithm: wallet.EdDSA})
		if err != nil {
			t.Fatal(err)
		}
		want := "wallet key " + key.Info().ID
		for _, format := range []string{"%v", "%+v", "%#v", "%x", "%s"} {
			if got := fmt.Sprintf(format, key); got != want {
				t.Errorf("%s prints %d characters instead of the name", format, len(got))
			}
		}
	})
}
