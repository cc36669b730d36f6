package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
)

var metricLine = regexp.MustCompile(`(?m)^(hufu_ledger_\w+(?:\{[^}]*\})?|hufu_consensus_consensus_height\{[^}]*\}) ([-0-9.e+]+)$`)

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

// consensusHeight is the name of CometBFT's figure.
func consensusHeight(figures map[string]float64) string {
	for name := range figures {
		if strings.HasPrefix(name, "hufu_consensus_") {
			return name
		}
	}
	return ""
}

var documented = regexp.MustCompile("(?m)^\\| `(hufu_ledger_\\w+)` \\| [^|]+ \\| [^|]+ \\|$")

// TestMetricsAreDocumented: an operator finds every figure in docs/consortium.md, what it
// says and when to worry, and none that is not there.
func TestMetricsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../../docs/consortium.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, m := range documented.FindAllStringSubmatch(string(doc), -1) {
		told[m[1]] = true
	}
	described := make(chan *prometheus.Desc, 100)
	metrics{}.Describe(described)
	close(described)
	served := 0
	for d := range described {
		served++
		name, _, _ := strings.Cut(strings.TrimPrefix(d.String(), `Desc{fqName: "`), `"`)
		if !told[name] {
			t.Errorf("%s is not documented", name)
		}
	}
	if served < 15 || len(told) != served {
		t.Errorf("%d figures are served, and %d documented", served, len(told))
	}
}

// TestRefusalsByReason: a reason is a code, and never the text of an error.
func TestRefusalsByReason(t *testing.T) {
	r := new(refusals)
	r.count(3, &ledger.RefusedError{Kind: "use", Reason: fmt.Errorf("somebody: %w", ledger.ErrUsed)})
	r.count(1, cometlog.ErrBusy)
	r.count(2, errors.New("somebody's own words"))
	if want := map[string]uint64{"use-counted": 3, "busy": 1, "internal": 2}; !maps.Equal(r.of, want) {
		t.Errorf("%v, want %v", r.of, want)
	}
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(metrics{func() cometlog.Status { return cometlog.Status{} }, r}); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != len(figureList)+1 {
		t.Errorf("%d families: %v", len(families), err)
	}
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
	for name, want := range map[string]float64{"accepted_operations_total": 3, "refused_operations_total{reason=\"entry-missing\"}": 1} {
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
	if want := len(figureList) + 2; len(after) != want { // a reason, and CometBFT's height
		t.Errorf("%d figures, want %d: %v", len(after), want, after)
	}
	for name, between := range map[string][2]float64{ // what settles once the peers have found each other
		"peers": {3, 3}, "lag_blocks": {0, 1}, "mempool_transactions": {0, 0}, "waiting_submitters": {0, 0},
	} {
		var v float64
		if !eventually(func() bool { v = n.metrics(0)["hufu_ledger_"+name]; return v >= between[0] && v <= between[1] }) {
			t.Errorf("%s stays %v", name, v)
		}
	}
	for name, is := range map[string]func(v float64) bool{
		"clock_skew_seconds": func(v float64) bool { return v > -1 && v < 1 },
		"block_height": func(v float64) bool {
			return v == after[consensusHeight(after)] || v == after[consensusHeight(after)]-1
		},
		"last_block_seconds":      func(v float64) bool { return v <= float64(time.Now().Unix())+1 && v > float64(time.Now().Unix())-120 },
		"database_bytes":          func(v float64) bool { return v > 10_000 },
		"refused_proposals_total": func(v float64) bool { return v == 0 },
	} {
		if v := after["hufu_ledger_"+name]; !is(v) {
			t.Errorf("%s is %v", name, v)
		}
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
