package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hufu-id/hufu/ledger/cometlog"
)

// metrics are the ledger's own, beside those that CometBFT serves at the address
// that node.json names. Nothing in them is about a person or a key.
type metrics struct{ node *cometlog.Node }

var (
	publishedHeight = describe("published_height", "Height of the newest checkpoint that enough nodes have signed.")
	publishedSize   = describe("published_size", "Leaves of the log under that checkpoint.")
	waiting         = describe("waiting_checkpoints", "Committed checkpoints that wait for signatures.")
	signatures      = describe("newest_signatures", "Signatures that this node has seen on its newest checkpoint.")
	lastTime        = describe("last_checkpoint_seconds", "Unix time of the newest committed checkpoint.")
	databaseBytes   = describe("database_bytes", "Size of the ledger's database.")
	walBytes        = describe("database_wal_bytes", "Size of its write-ahead log, which is cut above 16 MiB.")
	accepted        = describe("accepted_operations_total", "Operations that came into the ledger since the node was started.")
	refused         = describe("refused_operations_total", "Operations that were refused since the node was started.")
)

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("hufu_ledger_"+name, help, nil, nil)
}

// Describe implements prometheus.Collector.
func (m metrics) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, out) }

// Collect implements prometheus.Collector.
func (m metrics) Collect(out chan<- prometheus.Metric) {
	s := m.node.Status()
	for desc, value := range map[*prometheus.Desc]float64{
		publishedHeight: float64(s.Published), publishedSize: float64(s.Size), waiting: float64(s.Waiting),
		signatures: float64(s.Signatures), lastTime: float64(s.Last.UnixMilli()) / 1000,
		databaseBytes: float64(s.Database), walBytes: float64(s.WAL),
	} {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	out <- prometheus.MustNewConstMetric(accepted, prometheus.CounterValue, float64(s.Accepted))
	out <- prometheus.MustNewConstMetric(refused, prometheus.CounterValue, float64(s.Refused))
}
