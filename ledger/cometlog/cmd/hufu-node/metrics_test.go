package main

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
)

var metricLine = regexp.MustCompile(`(?m)^(hufu_ledger_\w+|hufu_consensus_consensus_height\{[^}]*\}) ([0-9.e+]+)$`)

// metrics reads a node's figures as Prometheus does.
func (n *network) metrics(i int) (figures map[string]float64) {
	n.Helper()
	config, err := cometlog.ReadConfig(n.folder(i))
	if err != nil {
		n.Fatal(err)
	}
	_, text := n.get("http://" + config.Metrics + "/metrics")
	figures = map[string]float64{}
	for _, m := range metricLine.FindAllStringSubmatch(text, -1) {
		if figures[m[1]], err = strconv.ParseFloat(m[2], 64); err != nil {
			n.Fatal(err)
		}
	}
	return figures
}

// TestMetrics: what is on the ledger, what was refused, and who does not sign.
func TestMetrics(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Minute)
	n.ready()
	before := n.metrics(0)
	for k := range 3 {
		if err := n.submit(n.client(0), n.anchor(k), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	refused := n.sign(&ledger.Audit{Hash: numbered(1), Agency: "did:hufu:" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
	if _, err := n.client(0).Submit(t.Context(), refused); err == nil {
		t.Fatal("a stranger's entry was taken")
	}
	after := n.metrics(0)
	for name, want := range map[string]float64{"accepted_operations_total": 3, "refused_operations_total": 1} {
		if got := after["hufu_ledger_"+name] - before["hufu_ledger_"+name]; got != want {
			t.Errorf("%s: %v more, not %v", name, got, want)
		}
	}
	head, err := n.head(0)
	if err != nil {
		t.Fatal(err)
	}
	if after["hufu_ledger_published_size"] != float64(head.Size) || after["hufu_ledger_published_height"] != float64(head.State.Height) {
		t.Errorf("%v, and the node is at size %d, height %d", after, head.Size, head.State.Height)
	}
	if age := float64(time.Now().Unix()) - after["hufu_ledger_last_checkpoint_seconds"]; age < -1 || age > 60 {
		t.Errorf("the newest checkpoint is %v s old", age)
	}
	if after["hufu_ledger_database_bytes"]+after["hufu_ledger_database_wal_bytes"] < 4096 {
		t.Error("no database:", after)
	}
	if len(after) != 10 {
		t.Errorf("%d figures: %v", len(after), after)
	}
	if !eventually(func() bool { return n.metrics(0)["hufu_ledger_newest_signatures"] == 4 }) {
		t.Error("not all four have signed:", n.metrics(0))
	}
	n.kill(3)
	if err := n.submit(n.client(0), n.anchor(4), time.Minute); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if got := n.metrics(0)["hufu_ledger_newest_signatures"]; got != 3 {
		t.Errorf("%v signatures with a dead node", got)
	}
	n.kill(2)
	if err := n.submit(n.client(0), n.anchor(5), 3*time.Second); err == nil {
		t.Fatal("acknowledged by two of four")
	}
}
