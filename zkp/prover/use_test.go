package prover_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/zkp"
)

// recordedUse is one use with what a ledger holds against it.
type recordedUse struct {
	Keys      map[string][]byte `json:"keys"`
	Epoch     zkp.Epoch         `json:"epoch"`
	Owner     string            `json:"owner"`
	Event     string            `json:"event"`
	Payload   []byte            `json:"payload"`
	Use       []byte            `json:"use"`
	Nullifier []byte            `json:"nullifier"`
}

// recordUse answers in a scope of a kind, and makes a use of the answer.
func recordUse(t testing.TB, kind zkp.ScopeKind) recordedUse {
	t.Helper()
	f := newFixture(t)
	p, _ := testKeys(t)
	payload := sha256.Sum256([]byte("ballot and salt"))
	u := &zkp.Use{Salt: [16]byte{1, 2, 3}, SchemaID: "cn.resident", SchemaVersion: 1}
	req := recordedRequest(t, f)
	req.Nonce, req.Scope.Kind = zkp.UseNonce(payload, u.Salt), kind
	u.Audience, u.Query, u.Expiry, u.Statement = req.Audience, req.Query, req.Expiry, req.Questions[0].Statements[0]
	u.Presentation = present(t, f, req)
	scope, err := req.Scope.Element()
	if err != nil {
		t.Fatal(err)
	}
	nullifier := zkp.Nullifier(scope, f.credential.Secret.Pseudonym(scope))
	r := recordedUse{
		Keys: map[string][]byte{}, Epoch: f.epoch, Owner: req.Scope.Owner, Event: req.Scope.ID,
		Payload: payload[:], Use: u.Bytes(), Nullifier: nullifier[:],
	}
	for _, c := range []zkp.Circuit{zkp.CircuitPrepare, zkp.CircuitShow} {
		if r.Keys[string(c)], _, err = p.VerifyingKey(c); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// The recorded use is of today's circuits and encodings: where this fails after
// a wanted change, run it with -update.
func TestRecordedUse(t *testing.T) {
	path := filepath.Join("..", "testdata", "use.json")
	if *update {
		b, err := json.Marshal(recordUse(t, zkp.ScopeCounted), elements, jsontext.WithIndent("  "), json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r recordedUse
	if err := json.Unmarshal(b, &r, elements); err != nil {
		t.Fatal(err)
	}
	u, err := zkp.ParseUse(r.Use)
	if err != nil {
		t.Fatal(err)
	}
	if f := newFixture(t); r.Epoch != f.epoch || u.Statement.Table != recordedRequest(t, f).Questions[0].Statements[0].Table {
		t.Error("the recorded use is not of the fixture")
	}
}

// TestOnlyCountedIsUsed: what a holder answered in another scope is no use, whatever nonce
// the requester chose for it: a wallet shows what is said in a counted scope alone.
func TestOnlyCountedIsUsed(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	for kind, want := range map[zkp.ScopeKind]error{zkp.ScopeCounted: nil, zkp.ScopeOnce: zkp.ErrShow, zkp.ScopePairwise: zkp.ErrShow} {
		r := recordUse(t, kind)
		u, err := zkp.ParseUse(r.Use)
		if err != nil {
			t.Fatal(err)
		}
		ledger := &zkp.Accumulator{AllowSinglePartySetupUnsafe: true}
		key := func(circuit string) ([]byte, bool, error) { return r.Keys[circuit], false, nil }
		_, err = ledger.CheckUse(r.Use, r.Owner, r.Event, [32]byte(r.Payload), u.SchemaID, u.SchemaVersion, u.Statement.Digest(),
			r.Epoch.Number, uint32(r.Epoch.Day), r.Epoch.Registry.Bytes(), r.Epoch.Revocation.Bytes(), key)
		if !errors.Is(err, want) {
			t.Errorf("kind %q: %v", kind, err)
		}
	}
}
