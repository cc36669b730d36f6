package anchored_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

func resolve(t *testing.T, c *hufutest.Country, judge func(*ledger.View) error) error {
	t.Helper()
	return c.Client(c.Log).Resolve(t.Context(), judge, ledger.ResolveOptions{})
}

func TestParticipant(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	var p ceremony.Participant
	err := resolve(t, c, func(view *ledger.View) (err error) {
		p, err = anchored.Participant(view, c.Office.DID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := p.PublicKey()
	if err != nil || p.DID != c.Office.DID || !key.Equal(c.Office.Key.Public()) {
		t.Errorf("got %+v, %v", p, err)
	}
	c.Office.Change(func(d *ledger.DID) {
		for i := range d.Keys {
			d.Keys[i].Until = c.Now().Unix()
		}
	})
	err = resolve(t, c, func(view *ledger.View) error {
		_, err := anchored.Participant(view, c.Office.DID)
		return err
	})
	if !errors.Is(err, anchored.ErrNoKey) {
		t.Errorf("without a key in force: %v", err)
	}
}

func TestCheckParticipants(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	own, err := ceremony.NewParticipant(c.Office.DID, c.Office.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ceremony.NewParticipant(c.Office.DID, c.Library.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	state := func(p ceremony.Participant) *ceremony.State {
		return &ceremony.State{
			Plan:    &ceremony.Plan{Participants: []ceremony.Participant{p}},
			Records: []ceremony.Record{{Step: "phase1", Number: 1, Participant: p.DID, Time: c.Now()}},
		}
	}
	if err := resolve(t, c, func(view *ledger.View) error { return anchored.CheckParticipants(view, state(own)) }); err != nil {
		t.Error(err)
	}
	err = resolve(t, c, func(view *ledger.View) error { return anchored.CheckParticipants(view, state(foreign)) })
	var refused *ceremony.Refused
	if !errors.As(err, &refused) || !errors.Is(err, ceremony.ErrOtherKey) || refused.Number != 1 {
		t.Errorf("another agency's key: %v", err)
	}
	early := state(own)
	early.Records[0].Time = c.Now().AddDate(-1, 0, 0)
	err = resolve(t, c, func(view *ledger.View) error { return anchored.CheckParticipants(view, early) })
	if !errors.Is(err, ceremony.ErrOtherKey) {
		t.Errorf("before the key began: %v", err)
	}
}

// sealed is a folder with this machine's keys in the place of a ceremony's.
func sealed(t *testing.T, keys *prover.Prover) (dir string, s *ceremony.State) {
	t.Helper()
	cache, err := testkeys.Cache()
	if err != nil {
		t.Fatal(err)
	}
	s = &ceremony.State{Plan: &ceremony.Plan{}, Stage: ceremony.StageSealed, Transcript: ceremony.Hash{1}, VerifyingKeys: map[zkp.Circuit]ceremony.Hash{}}
	for _, circuit := range prover.Circuits() {
		_, hash, err := keys.VerifyingKey(circuit)
		if err != nil {
			t.Fatal(err)
		}
		s.Plan.Circuits = append(s.Plan.Circuits, ceremony.PlannedSystem{Circuit: circuit})
		s.VerifyingKeys[circuit] = hash
	}
	found, _ := filepath.Glob(filepath.Join(cache, "hufu", "zkp", "*", string(zkp.CircuitShow)+".vk"))
	for _, name := range found {
		if b, err := os.ReadFile(name); err == nil && sha256.Sum256(b) == s.VerifyingKeys[zkp.CircuitShow] {
			dir = t.TempDir()
			if err := os.CopyFS(ceremony.KeysDir(dir), os.DirFS(filepath.Dir(name))); err != nil {
				t.Fatal(err)
			}
			return dir, s
		}
	}
	t.Fatal("no folder of keys")
	return "", nil
}

func TestPublish(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	keys := hufutest.New(t, hufutest.Options{}).UseProver()
	dir, state := sealed(t, keys)
	folder := publish.Folder(t.TempDir())
	if _, err := anchored.Open(t.Context(), c.Client(c.Log), folder, zkp.KeyOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no keys yet: %v", err)
	}
	open := *state
	open.Stage = ceremony.StagePhase2
	if err := anchored.Publish(t.Context(), c.Log, c.Log.Trust().ID(), folder, dir, &open, c.Root.Key); !errors.Is(err, anchored.ErrNotSealed) {
		t.Errorf("not sealed: %v", err)
	}
	other := *state
	other.VerifyingKeys = map[zkp.Circuit]ceremony.Hash{}
	if err := anchored.Publish(t.Context(), c.Log, c.Log.Trust().ID(), folder, dir, &other, c.Root.Key); !errors.Is(err, ceremony.ErrKeys) {
		t.Errorf("other keys: %v", err)
	}
	if err := anchored.Publish(t.Context(), c.Log, c.Log.Trust().ID(), folder, dir, state, c.Root.Key); err != nil {
		t.Fatal(err)
	}
	var refused *ledger.RefusedError
	if err := anchored.Publish(t.Context(), c.Log, c.Log.Trust().ID(), folder, dir, state, c.Root.Key); !errors.As(err, &refused) {
		t.Errorf("published twice: %v", err)
	}
	opened, err := anchored.Open(t.Context(), c.Client(c.Log), folder, zkp.KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want, hash, _ := keys.VerifyingKey(zkp.CircuitShow)
	if _, got, err := opened.VerifyingKey(zkp.CircuitShow); err != nil || got != hash {
		t.Errorf("other keys were opened: %v", err)
	}
	if b, err := publish.VerifyingKey(t.Context(), folder, hash); err != nil || string(b) != string(want) {
		t.Errorf("the verifying key is not public: %v", err)
	}

	without := hufutest.New(t, hufutest.Options{})
	if _, err := anchored.Open(t.Context(), without.Client(without.Log), folder, zkp.KeyOptions{}); !errors.Is(err, zkp.ErrVerifyingKey) {
		t.Errorf("a ledger that does not name them: %v", err)
	}
	alone := hufutest.New(t, hufutest.Options{})
	alone.UseProver() // the same keys, and the ledger says that one party made them
	if _, err := anchored.Open(t.Context(), alone.Client(alone.Log), folder, zkp.KeyOptions{}); !errors.Is(err, zkp.ErrSinglePartySetup) {
		t.Errorf("keys of one party: %v", err)
	}
	if _, err := anchored.Open(t.Context(), alone.Client(alone.Log), folder, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true}); err != nil {
		t.Errorf("keys of one party, taken knowingly: %v", err)
	}
}

func TestPublishDevelopment(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	keys := c.UseProver() // which calls PublishDevelopment
	for _, circuit := range prover.Circuits() {
		b, hash, err := keys.VerifyingKey(circuit)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := publish.VerifyingKey(t.Context(), c.Public, hash); err != nil {
			t.Error(err)
		}
		if err := resolve(t, c, func(view *ledger.View) error {
			return publish.CheckKey(view, b, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
		}); err != nil {
			t.Error(err)
		}
	}
}
