package main

import (
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/verdict"
)

// A figure is one of the ledger's own, beside those that CometBFT serves at the address
// that node.json names. Nothing in them is about a person or a key.
type figure struct {
	name, help string
	kind       prometheus.ValueType
	value      func(s *cometlog.Status) float64
}

// figureList is documented in docs/consortium.md.
var figureList = []figure{
	{"published_height", "Height of the newest checkpoint that enough nodes have signed.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Published) }},
	{"published_size", "Leaves of the log under that checkpoint.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Size) }},
	{"waiting_checkpoints", "Committed checkpoints that wait for signatures.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Waiting) }},
	{"newest_signatures", "Signatures that this node has seen on its newest checkpoint.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Signatures) }},
	{"last_checkpoint_seconds", "Unix time of the newest committed checkpoint.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return unix(s.Last) }},
	{"block_height", "Height of the newest block.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Block) }},
	{"last_block_seconds", "Unix time of the newest block.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return unix(s.BlockTime) }},
	{"lag_blocks", "Blocks that a peer is ahead of this node.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Lag) }},
	{"peers", "Nodes that this one is connected to.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Peers) }},
	{"mempool_transactions", "Transactions that wait for a block.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Mempool) }},
	{"mempool_bytes", "Bytes of the transactions that wait for a block.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.MempoolBytes) }},
	{"waiting_submitters", "Callers that wait for their submission.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Submitters) }},
	{"clock_skew_seconds", "How far this node's clock is ahead of the median of those that signed the newest block.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return s.Skew.Seconds() }},
	{"database_bytes", "Size of the ledger's database.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.Database) }},
	{"database_wal_bytes", "Size of the database's write-ahead log.", prometheus.GaugeValue,
		func(s *cometlog.Status) float64 { return float64(s.WAL) }},
	{"accepted_operations_total", "Operations that came into the ledger since the node was started.", prometheus.CounterValue,
		func(s *cometlog.Status) float64 { return float64(s.Accepted) }},
	{"refused_proposals_total", "Blocks of others that this node did not vote for since it was started.", prometheus.CounterValue,
		func(s *cometlog.Status) float64 { return float64(s.RefusedProposals) }},
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("hufu_ledger_"+name, help, labels, nil)
}

// refusals counts refused operations by the reason's code in package verdict.
type refusals struct {
	mu sync.Mutex
	of map[string]uint64
}

// count implements cometlog.Options.OnRefusal.
func (r *refusals) count(operations int, err error) {
	code := "busy"
	if !errors.Is(err, cometlog.ErrBusy) {
		v, _ := verdict.Classify(err)
		code = string(v.Code)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]uint64{}
	}
	r.of[code] += uint64(operations)
}

// metrics implements prometheus.Collector.
type metrics struct {
	status   func() cometlog.Status
	refusals *refusals
}

// refusedOperations is documented beside figureList.
var refusedOperations = describe("refused_operations_total", "Operations that this node refused since it was started, by reason.", "reason")

// Describe implements prometheus.Collector.
func (m metrics) Describe(out chan<- *prometheus.Desc) {
	for _, f := range figureList {
		out <- describe(f.name, f.help)
	}
	out <- refusedOperations
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(out chan<- prometheus.Metric) {
	s := m.status()
	for _, f := range figureList {
		out <- prometheus.MustNewConstMetric(describe(f.name, f.help), f.kind, f.value(&s))
	}
	m.refusals.mu.Lock()
	defer m.refusals.mu.Unlock()
	for code, n := range m.refusals.of {
		out <- prometheus.MustNewConstMetric(refusedOperations, prometheus.CounterValue, float64(n), code)
	}
}
