package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// TestTestnetHeartbeat: short epochs close by themselves; what is asked for counts.
func TestTestnetHeartbeat(t *testing.T) {
	for want, args := range map[int64][]string{
		10: {"--epoch", "10s"}, 60: {"--epoch", "1h"}, 25: {"--epoch", "10s", "--heartbeat", "25s"},
	} {
		dir := filepath.Join(t.TempDir(), "testnet")
		must(t, append([]string{"testnet", "--nodes", "1", "--dir", dir, "--port", strconv.Itoa(freePorts(t, 3)), "--make-only"}, args...)...)
		b, err := os.ReadFile(filepath.Join(dir, "node0", genesisName))
		if err != nil {
			t.Fatal(err)
		}
		var genesis struct {
			AppState struct {
				Heartbeat int64 `json:"heartbeat"`
			} `json:"app_state"`
		}
		if err := json.Unmarshal(b, &genesis); err != nil {
			t.Fatal(err)
		}
		if genesis.AppState.Heartbeat != want {
			t.Errorf("%v: %d s", args, genesis.AppState.Heartbeat)
		}
	}
}
