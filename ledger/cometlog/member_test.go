package cometlog_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/ledger/cometlog"
)

func memberFile(t testing.TB) []byte {
	t.Helper()
	m, err := cometlog.CreateMember(filepath.Join(t.TempDir(), "node"), cometlog.NodeConfig{Name: "north.example/node", Origin: "ledger.example", Listen: "192.0.2.1:26600"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseMember(t *testing.T) {
	good := memberFile(t)
	m, err := cometlog.ParseMember(good)
	if err != nil || m.Name != "north.example/node" || !strings.HasSuffix(m.Peer, "@192.0.2.1:26600") {
		t.Fatal(m, err)
	}
	change := func(change func(map[string]any)) string {
		var fields map[string]any
		if err := json.Unmarshal(good, &fields); err != nil {
			t.Fatal(err)
		}
		change(fields)
		b, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	set := func(name string, value any) string { return change(func(f map[string]any) { f[name] = value }) }
	for name, text := range map[string]string{
		"nothing": "", "no object": "[]", "two objects": string(good) + string(good), "too long": strings.Repeat(" ", 5000) + string(good),
		"an unknown field": set("extra", 1), "another's name": set("name", "south.example/node"), "no witness": set("witness", ""),
		"a log's key":  set("witness", "north.example/node+1e4e5c11+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		"a short vote": set("vote", "AAAA"), "no vote": set("vote", nil), "no origin": set("origin", ""), "another origin": set("origin", "pilot.example"), "a short id": set("ledger", "AAAA"),
		"another ledger": set("ledger", make([]byte, 32)), "no proof": set("witnessProof", nil), "another's vote": set("vote", make([]byte, 32)),
		"another's proof": set("voteProof", make([]byte, 64)), "no peer": set("peer", ""), "a peer without a key": set("peer", "192.0.2.1:26600"),
		"two peers": set("peer", m.Peer+","+m.Peer), "a line in a peer": set("peer", m.Peer+"\n"),
	} {
		if got, err := cometlog.ParseMember([]byte(text)); !errors.Is(err, cometlog.ErrConfig) || got != nil {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func FuzzParseMember(f *testing.F) {
	f.Add(memberFile(f))
	f.Add([]byte(`{"name":"a","witness":"a+1+B","vote":"AA==","peer":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := cometlog.ParseMember(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := cometlog.ParseMember(again); err != nil || same.Name != m.Name || same.Peer != m.Peer || same.Witness != m.Witness || string(same.Vote) != string(m.Vote) {
			t.Errorf("%q: %v", b, err)
		}
	})
}
