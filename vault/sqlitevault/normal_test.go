package sqlitevault

import (
	"bytes"
	"testing"

	"github.com/hufu-id/hufu/vault/internal/sealed"
)

// TestPassphraseInAnyForm: one passphrase, typed on two keyboards. A slot that was
// sealed under the form that was typed still opens by it.
func TestPassphraseInAnyForm(t *testing.T) {
	composed, decomposed := []byte("caf\u00e9"), []byte("cafe\u0301")
	id, root := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, sealed.RootBytes)
	quick := KDF{MemoryKiB: 32 << 10, Time: 2, Threads: 4}
	for _, sealed := range [][]byte{composed, decomposed} {
		s, err := newSlot(id, root, sealed, quick)
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range [][]byte{composed, decomposed} {
			if got, err := s.open(id, typed); err != nil || !bytes.Equal(got, root) {
				t.Errorf("sealed under %+q, typed %+q: %v", sealed, typed, err)
			}
		}
		if _, err := s.open(id, []byte("cafe")); err == nil {
			t.Error("another passphrase opens it")
		}
	}
	old, err := newSlot(id, root, decomposed, quick)
	if err != nil {
		t.Fatal(err)
	}
	old.wrapped = sealed.AEAD(old.key(decomposed)).Seal(nil, old.nonce, root, old.associated(id))
	if _, err := old.open(id, decomposed); err != nil {
		t.Errorf("an older vault, opened as before: %v", err)
	}
}
