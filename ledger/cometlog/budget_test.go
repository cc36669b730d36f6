package cometlog_test

import (
	"encoding/json"
	"testing"

	"github.com/hufu-id/hufu/internal/budget"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger/cometlog"
)

func genesisFile(t testing.TB) []byte {
	t.Helper()
	b, err := json.Marshal(&cometlog.Genesis{Origin: "ledger.example", EpochLength: 3600, Heartbeat: 60, Operations: []byte{0x80}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBudgets(t *testing.T) {
	for name, d := range map[string]budget.Door{
		"member": {Cap: 4 << 10, Factor: 64, Form: budget.JSON, Seeds: [][]byte{memberFile(t)}, Parse: func(b []byte) error {
			_, err := cometlog.ParseMember(b)
			return err
		}},
		"genesis": {Cap: limits.Proof, Factor: 64, Form: budget.JSON, Seeds: [][]byte{genesisFile(t)}, Parse: func(b []byte) error {
			_, err := cometlog.ParseGenesis(b)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) { d.Check(t, 64<<10) })
	}
}

func FuzzParseGenesis(f *testing.F) {
	f.Add(genesisFile(f))
	f.Add([]byte(`{"origin":"a","epochLength":1,"heartbeat":1,"operations":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := cometlog.ParseGenesis(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := cometlog.ParseGenesis(again); err != nil || same.EpochLength != g.EpochLength || string(same.Operations) != string(g.Operations) {
			t.Errorf("%q: %v", b, err)
		}
	})
}
