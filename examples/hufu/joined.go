package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/publish"
	files "github.com/hufu-id/hufu/publish/remote"
)

// nodesName is the file that makes a folder one of a ledger elsewhere: beside it
// lie trust.json and the public folder, which keeps what the nodes serve, and no
// ledger.
const nodesName = "nodes.json"

// nodesFile says where the ledger is served.
type nodesFile struct {
	Nodes []string `json:"nodes"`
}

// joined is a ledger elsewhere. What it says is believed when it is proved.
type joined struct {
	*remote.Client
	trust *ledger.TrustFile
	clock func() time.Time
}

// isAddress tells the address of a ledger from a folder.
func isAddress(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// joinLedger makes the folder of a ledger elsewhere, whose trust file was held
// against its fingerprint. The addresses are separated by commas.
func joinLedger(dir, addresses string, trust *ledger.TrustFile) error {
	nodes := strings.Split(addresses, ",")
	if _, err := remote.New(remote.Options{}, nodes...); err != nil {
		return &inputError{id: "ledger.address", name: addresses, err: err}
	}
	b, err := json.Marshal(nodesFile{nodes})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &inputError{id: "output.unwritable", name: dir, err: err}
	}
	if err := writeNew(filepath.Join(dir, trustName), trust.Bytes()); err != nil {
		return err
	}
	return writeNew(filepath.Join(dir, nodesName), b)
}

// openJoined opens such a folder; nil where it is none.
func openJoined(dir string, clock func() time.Time) (ledgerLog, error) {
	nodes, err := readNodes(dir)
	if nodes == nil || err != nil {
		return nil, err
	}
	client, err := remote.New(remote.Options{}, nodes...)
	if err != nil {
		return nil, &inputError{id: "ledger.address", name: strings.Join(nodes, ","), err: err}
	}
	// The file was pinned when it came in and lies in its owner's folder.
	b, err := os.ReadFile(filepath.Join(dir, trustName))
	if err != nil {
		return nil, &inputError{id: "ledger.closed", name: dir, err: err}
	}
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return nil, &inputError{id: "ledger.closed", name: dir, err: errDamaged}
	}
	return &joined{client, trust, clock}, nil
}

// readNodes reads where a ledger elsewhere is served; nil where it lies here.
func readNodes(dir string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(dir, nodesName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &inputError{id: "ledger.closed", name: dir, err: err}
	}
	var file nodesFile
	if err := parseJSON(b, &file); err != nil {
		return nil, &inputError{id: "ledger.closed", name: dir, err: errDamaged}
	}
	return file.Nodes, nil
}

// publicPath is where a served ledger has its public files.
const publicPath = "/public"

// files are the public files of the home's ledger. Those of a ledger elsewhere come
// from its nodes, as far as these answer in secret or on this machine, and are kept
// in the public folder.
func (h *home) files(clock func() time.Time) (publish.Source, error) {
	nodes, err := readNodes(h.Ledger)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for _, node := range nodes {
		if at := strings.TrimSuffix(node, "/") + publicPath; files.CheckAddress(at) == nil {
			addresses = append(addresses, at)
		}
	}
	if len(addresses) == 0 {
		return h.public(), nil
	}
	server, err := files.New(files.Options{}, addresses...)
	if err != nil {
		return nil, err
	}
	return publish.NewCached(server, h.public(), publish.CacheOptions{Clock: clock}), nil
}

// Trust is the pinned trust file.
func (j *joined) Trust() *ledger.TrustFile { return j.trust }

// Get returns a value that is proved.
func (j *joined) Get(ctx context.Context, key string) (value []byte, err error) {
	client, err := ledger.NewClient(ctx, j.trust, j.Client, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: j.clock})
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, key)
}

// Close has nothing to close: the nodes go on.
func (*joined) Close() error { return nil }
