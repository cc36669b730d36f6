package publish_test

import (
	"crypto/sha256"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
)

// TestKeyring: a key is fetched once, and only where the ledger's record is good enough.
func TestKeyring(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	prepare, show := keyFile(t, 1), showKey(t)
	source := &broken{Source: c.Public}
	keys := func(ring *publish.Keyring, circuits ...zkp.Circuit) error {
		return judge(t, c, func(view *ledger.View) error {
			_, err := ring.Keys(t.Context(), view, circuits)
			return err
		})
	}
	safe, knowing := publish.NewKeyring(source, zkp.KeyOptions{}), publish.NewKeyring(source, development)
	is(t, keys(knowing, zkp.CircuitPrepare), ledger.ErrAbsent)
	name := func(circuit zkp.Circuit, key []byte) {
		c.Submit(c.Root, &ledger.VK{Circuit: string(circuit), KeyHash: sha256.Sum256(key), Setup: ledger.SetupSingleParty, State: ledger.VKActive})
	}
	name(zkp.CircuitPrepare, prepare)
	name(zkp.CircuitShow, show)
	name(zkp.CircuitShowSet, show)

	is(t, keys(safe, zkp.CircuitPrepare), zkp.ErrSinglePartySetup)
	if n := len(source.asked); n != 0 {
		t.Errorf("%d files were read of keys that do not count", n)
	}
	is(t, keys(knowing, zkp.CircuitPrepare), publish.ErrKeyNotAtHand)
	is(t, keys(knowing, zkp.CircuitPrepare), publish.ErrNotAtHand)
	none(t, c.Public.PublishKey(t.Context(), prepare))
	none(t, c.Public.PublishKey(t.Context(), show))
	none(t, keys(knowing, zkp.CircuitPrepare))
	before := len(source.asked)
	none(t, keys(knowing, zkp.CircuitPrepare, zkp.CircuitShow))
	if n := len(source.asked) - before; n != 0 {
		t.Errorf("%d files were read again", n)
	}
	is(t, keys(knowing, zkp.CircuitShowSet), zkp.ErrVerifyingKey) // that of another circuit
}
