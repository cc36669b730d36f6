package cometlog_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// testnet makes the folder of a node that is alone, and never runs.
func testnet(t *testing.T, origin string) string {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	decider, _ := ledgertest.Decider(t, root)
	dirs, err := cometlog.Testnet(t.TempDir(), 1, root, cometlog.TestnetOptions{Origin: origin, Deciders: []ledger.Decider{decider}})
	if err != nil {
		t.Fatal(err)
	}
	return dirs[0]
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// trusting writes a trust file that names the genesis document, as a founder may who lies.
func trusting(t *testing.T, dir string, genesis []byte) {
	t.Helper()
	trust, err := ledger.ParseTrust(read(t, dir, "trust.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := *trust
	file.Genesis = sha256.Sum256(genesis)
	if trust, err = ledger.NewTrust(file); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "trust.json", trust.Bytes())
}

// TestGenesisUnderTheFingerprint: the trust file names the genesis document, whose voters
// are those of the first agreement.
func TestGenesisUnderTheFingerprint(t *testing.T) {
	dir := testnet(t, "ledger.example")
	if g, err := cometlog.ReadGenesis(dir); err != nil || g.Origin != "ledger.example" {
		t.Fatal(g, err)
	}
	good := read(t, dir, "genesis.json")
	change := func(change func(doc map[string]any)) []byte {
		var doc map[string]any
		if err := json.Unmarshal(good, &doc); err != nil {
			t.Fatal(err)
		}
		change(doc)
		b, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	voter := func(doc map[string]any) map[string]any { return doc["validators"].([]any)[0].(map[string]any) }
	state := func(doc map[string]any) map[string]any { return doc["app_state"].(map[string]any) }
	stranger := read(t, testnet(t, "ledger.example"), "genesis.json")
	for name, genesis := range map[string][]byte{
		"another spelling": append(bytes.Clone(good), '\n'),
		"nothing":          nil,
		"no voter":         change(func(doc map[string]any) { doc["validators"] = []any{} }),
		"another voter": change(func(doc map[string]any) {
			var other map[string]any
			if err := json.Unmarshal(stranger, &other); err != nil {
				t.Fatal(err)
			}
			doc["validators"] = other["validators"]
		}),
		"a voter with more power": change(func(doc map[string]any) { voter(doc)["power"] = "1000" }),
		"another chain":           change(func(doc map[string]any) { doc["chain_id"] = "hufu-other" }),
		"larger blocks": change(func(doc map[string]any) {
			doc["consensus_params"].(map[string]any)["block"].(map[string]any)["max_bytes"] = "22020096"
		}),
		"no word about blocks": change(func(doc map[string]any) { delete(doc, "consensus_params") }),
		"another log":          change(func(doc map[string]any) { state(doc)["origin"] = "pilot.example" }),
		"another epoch length": change(func(doc map[string]any) { state(doc)["epochLength"] = 10 }),
		"no operations":        change(func(doc map[string]any) { state(doc)["operations"] = "gA==" }),
		"another ledger's":     stranger,
	} {
		write(t, dir, "genesis.json", genesis)
		if _, err := cometlog.ReadGenesis(dir); !errors.Is(err, cometlog.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "another spelling" {
			continue
		}
		trusting(t, dir, genesis)
		if _, err := cometlog.ReadGenesis(dir); !errors.Is(err, cometlog.ErrConfig) {
			t.Errorf("%s, with a trust file that names it: %v", name, err)
		}
	}
}

// TestKeysServeOneLedger: a folder's keys, once founded with, join no other ledger, though
// it has the same origin.
func TestKeysServeOneLedger(t *testing.T) {
	one, other := testnet(t, "ledger.example"), testnet(t, "ledger.example")
	trust, err := ledger.ParseTrust(read(t, other, "trust.json"))
	if err != nil {
		t.Fatal(err)
	}
	before := read(t, one, "node.json")
	if err := cometlog.Join(one, trust, read(t, other, "genesis.json"), nil); !errors.Is(err, cometlog.ErrConfig) {
		t.Error("joined another ledger:", err)
	}
	if !bytes.Equal(before, read(t, one, "node.json")) {
		t.Error("a refused join changed the folder")
	}
	for _, name := range []string{"trust.json", "genesis.json"} {
		write(t, one, name, read(t, other, name))
	}
	if _, err := cometlog.Open(t.Context(), one, nil, cometlog.Options{}); !errors.Is(err, cometlog.ErrConfig) {
		t.Error("runs on another ledger:", err)
	}
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m, err := cometlog.ReadMember(one)
	if err != nil {
		t.Fatal(err)
	}
	fresh := *m
	fresh.Ledger = nil
	decider, _ := ledgertest.Decider(t, root)
	deciders := []ledger.Decider{decider}
	for name, members := range map[string][]cometlog.Member{"of another origin": {fresh}, "of a ledger that stands": {*m}} {
		if _, _, err := cometlog.Found(cometlog.TestnetOptions{Origin: "pilot.example", Deciders: deciders}, root, members); !errors.Is(err, cometlog.ErrConfig) {
			t.Errorf("founded with a member %s: %v", name, err)
		}
	}
	if _, _, err := cometlog.Found(cometlog.TestnetOptions{Origin: "ledger.example", Deciders: deciders}, root, []cometlog.Member{*m}); !errors.Is(err, cometlog.ErrConfig) {
		t.Error("founded anew with keys that serve a ledger:", err)
	}
}
