package remote

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
)

// Names of the files in the folder of a ledger elsewhere.
const (
	fileServers = "nodes.json"
	fileTrust   = "trust.json"
)

// ErrFolder means the folder of a ledger elsewhere with a file that is missing, or
// that is not as Join wrote it.
var ErrFolder = errors.New("remote: folder of a ledger elsewhere is damaged")

// servers is the content of nodes.json.
type servers struct {
	Nodes []string `json:"nodes"`
}

// Joined is a ledger elsewhere with the trust file that its folder keeps.
type Joined struct {
	*Client
	addresses []string
	trust     *ledger.TrustFile
}

// Join makes the folder of a ledger elsewhere: trust.json, whose fingerprint the
// caller has checked, and nodes.json with the servers' addresses. The error is
// [ErrAddress], fs.ErrExist where the folder is that of a ledger already, or the
// system's own.
func Join(dir string, trust *ledger.TrustFile, addresses ...string) error {
	if _, err := New(Options{}, addresses...); err != nil {
		return err
	}
	b, err := json.Marshal(servers{addresses})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("remote: join: %w", err)
	}
	if err := durable.Create(filepath.Join(dir, fileTrust), trust.Bytes(), 0o600); err != nil {
		return fmt.Errorf("remote: join: %w", err)
	}
	if err := durable.Create(filepath.Join(dir, fileServers), b, 0o600); err != nil {
		return fmt.Errorf("remote: join: %w", err)
	}
	return durable.SyncFolder(dir)
}

// OpenJoined opens a folder that [Join] made. It asks no server. trust.json was
// checked when it came in and lies in its owner's folder: it is not held against a
// fingerprint again. The error is fs.ErrNotExist where the folder has no
// nodes.json, [ErrFolder], or the system's own.
func OpenJoined(dir string, options Options) (*Joined, error) {
	b, err := limits.ReadFile(filepath.Join(dir, fileServers), limits.Document)
	if err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	var file servers
	if err := strictjson.Read(b, limits.Document, &file); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFolder, fileServers, err)
	}
	client, err := New(options, file.Nodes...)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFolder, fileServers, err)
	}
	b, err = limits.ReadFile(filepath.Join(dir, fileTrust), limits.Document)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrFolder, fileTrust, err) // not the fs.ErrNotExist of nodes.json
	}
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFolder, fileTrust, err)
	}
	return &Joined{client, file.Nodes, trust}, nil
}

// Trust is the trust file of the folder.
func (j *Joined) Trust() *ledger.TrustFile { return j.trust }

// Addresses are those of the servers, as Join got them.
func (j *Joined) Addresses() []string { return j.addresses }

// Close closes the connections that no question uses. The servers go on.
func (j *Joined) Close() error {
	j.http.CloseIdleConnections()
	return nil
}
