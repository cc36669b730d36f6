package cometlog_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/ledger/cometlog"
)

func TestReadConfig(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "node.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"name": "north", "origin": "ledger.example", "listen": "192.0.2.1:26600", "peers": null, "api": "127.0.0.1:26601"}`)
	if c, err := cometlog.ReadConfig(dir); err != nil || c.Name != "north" || c.API != "127.0.0.1:26601" {
		t.Error(c, err)
	}
	for name, text := range map[string]string{
		"nothing":            ``,
		"no object":          `[]`,
		"misspelt":           `{"origin": "ledger.example", "listen": "192.0.2.1:26600", "metric": "127.0.0.1:9100"}`,
		"in capitals":        `{"origin": "ledger.example", "listen": "192.0.2.1:26600", "API": "0.0.0.0:80"}`,
		"twice":              `{"origin": "ledger.example", "listen": "192.0.2.1:26600", "api": "", "api": "0.0.0.0:80"}`,
		"something behind":   `{"origin": "ledger.example", "listen": "192.0.2.1:26600"}{}`,
		"no listen":          `{"origin": "ledger.example"}`,
		"no origin":          `{"listen": "192.0.2.1:26600"}`,
		"a short id":         `{"origin": "ledger.example", "ledger": "AAAA", "listen": "192.0.2.1:26600"}`,
		"no host and port":   `{"origin": "ledger.example", "listen": "192.0.2.1"}`,
		"peer without a key": `{"origin": "ledger.example", "listen": "192.0.2.1:26600", "peers": ["192.0.2.2:26600"]}`,
	} {
		write(text)
		if _, err := cometlog.ReadConfig(dir); !errors.Is(err, cometlog.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseGenesis(t *testing.T) {
	good := `{"origin": "ledger.example", "rootDID": "did:hufu:x", "epochLength": 3600, "heartbeat": 60, "operations": "AA=="}`
	if g, err := cometlog.ParseGenesis([]byte(good)); err != nil || g.Origin != "ledger.example" || g.Heartbeat != 60 || len(g.Operations) != 1 {
		t.Error(g, err)
	}
	for name, text := range map[string]string{
		"nothing":       ``,
		"misspelt":      `{"epochLength": 3600, "heartbeat": 60, "developement": true}`,
		"in capitals":   `{"epochLength": 3600, "heartbeat": 60, "Development": true}`,
		"twice":         `{"epochLength": 3600, "heartbeat": 60, "heartbeat": 61}`,
		"trailing":      good + good,
		"no epoch":      `{"heartbeat": 60}`,
		"endless epoch": `{"epochLength": 99999999999, "heartbeat": 60}`,
	} {
		if _, err := cometlog.ParseGenesis([]byte(text)); !errors.Is(err, cometlog.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
