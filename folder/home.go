package folder

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/publish"
	files "github.com/hufu-id/hufu/publish/remote"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
)

// Home is what a wallet's and a counter's folder have in common: the trust file that
// they were given, and where its ledger lies.
type Home struct {
	Dir    string
	Ledger string // folder
	Trust  *ledger.TrustFile
	opts   Options
}

// homeFile is home.json.
type homeFile struct {
	Ledger string `json:"ledger"`
}

const (
	homeName  = "home.json"
	trustName = "trust.json"
)

// NewHome makes a folder for a trust file that lies at trustPath in its ledger's
// folder and whose fingerprint the caller has checked. The ledger must open. The error is
// an [*Error] with [ErrExists] or [ErrUnwritable], or one of OpenLedger.
func NewHome(ctx context.Context, dir, trustPath string, trust *ledger.TrustFile, opts Options) (*Home, error) {
	at, err := filepath.Abs(filepath.Dir(trustPath))
	if err != nil {
		return nil, err
	}
	log, err := ReadLedger(ctx, filepath.Dir(trustPath), opts)
	if err == nil {
		err = log.Close()
	}
	if err != nil {
		return nil, err
	}
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(dir, vaultName)); err == nil { // somebody else's home
		return nil, &Error{dir, ErrExists, nil}
	}
	b, err := json.Marshal(homeFile{at})
	if err != nil {
		return nil, err
	}
	if err := writeNew(filepath.Join(dir, trustName), trust.Bytes()); err != nil {
		return nil, err
	}
	return &Home{dir, at, trust, opts.withDefaults()}, writeNew(filepath.Join(dir, homeName), b)
}

// OpenHome reads a folder that NewHome made. The error is an [*Error] with
// [ErrMissing] or [ErrMalformed].
func OpenHome(dir string, opts Options) (*Home, error) {
	b, err := limits.ReadFile(filepath.Join(dir, homeName), limits.Document)
	if err != nil {
		return nil, &Error{dir, ErrMissing, err}
	}
	var file homeFile
	if err := strictjson.Read(b, limits.Document, &file); err != nil {
		return nil, &Error{filepath.Join(dir, homeName), ErrMalformed, err}
	}
	if b, err = limits.ReadFile(filepath.Join(dir, trustName), limits.Document); err != nil {
		return nil, &Error{dir, ErrMissing, err}
	}
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return nil, &Error{filepath.Join(dir, trustName), ErrMalformed, ErrDamaged}
	}
	return &Home{dir, file.Ledger, trust, opts.withDefaults()}, nil
}

// Client reads a ledger after the home's trust file. Errors are those of
// ledger.NewClient.
func (h *Home) Client(ctx context.Context, reader ledger.Reader, store ledger.TrustStore) (*ledger.Client, error) {
	return ledger.NewClient(ctx, h.Trust, reader, store, ledger.ClientOptions{Clock: h.opts.Clock})
}

// Read reads the home's ledger, and remembers nothing of it. The error is one of
// OpenLedger and ledger.NewClient, or read's.
func (h *Home) Read(ctx context.Context, read func(*ledger.Client) error) error {
	log, err := ReadLedger(ctx, h.Ledger, h.opts)
	if err != nil {
		return err
	}
	client, err := h.Client(ctx, log, ledger.NewMemoryTrustStore())
	if err == nil {
		err = read(client)
	}
	return errors.Join(err, log.Close())
}

// PublicPath is where a served ledger has its public files.
const PublicPath = "/public"

// Join opens the home's ledger, as ReadLedger does, and its public files. Those of a
// ledger elsewhere come from its servers, as far as these use TLS or lie on this machine
// (publish/remote.CheckAddress), and are kept in the public folder. Errors are those of
// OpenLedger.
func (h *Home) Join(ctx context.Context) (Ledger, publish.Source, error) {
	log, err := ReadLedger(ctx, h.Ledger, h.opts)
	if err != nil {
		return nil, nil, err
	}
	public, err := publicOf(log, h.Ledger, h.opts)
	if err != nil {
		return nil, nil, errors.Join(err, log.Close())
	}
	return log, public, nil
}

// publicOf has the public files of a ledger whose folder is named.
func publicOf(log Ledger, dir string, opts Options) (publish.Source, error) {
	var addresses []string
	if joined, elsewhere := log.(*remote.Joined); elsewhere {
		for _, server := range joined.Addresses() {
			if at := strings.TrimSuffix(server, "/") + PublicPath; files.CheckAddress(at) == nil {
				addresses = append(addresses, at)
			}
		}
	}
	if len(addresses) == 0 {
		return Public(dir), nil
	}
	server, err := files.New(files.Options{}, addresses...)
	if err != nil {
		return nil, err
	}
	return publish.NewCached(server, Public(dir), publish.CacheOptions{Clock: opts.Clock}), nil
}

// Wallet is an open wallet.
type Wallet struct {
	*wallet.Wallet
	vault *Vault
	log   Ledger
}

// NewWallet makes a wallet and leaves it open. prover is nil where nothing is proved.
// The error is an [*Error] with [ErrExists], or one of OpenWallet.
func (h *Home) NewWallet(ctx context.Context, passphrase []byte, prover wallet.Prover) (*Wallet, error) {
	store, err := createVault(ctx, h.Dir, passphrase, h.opts)
	if err != nil {
		return nil, err
	}
	return h.joinWallet(ctx, store, prover)
}

// OpenWallet opens a wallet; prover is nil where nothing is proved. The error is an
// [*Error], or one of ledger.NewClient and wallet.New.
func (h *Home) OpenWallet(ctx context.Context, passphrase []byte, prover wallet.Prover) (*Wallet, error) {
	store, err := openVault(ctx, h.Dir, passphrase, h.opts)
	if err != nil {
		return nil, err
	}
	return h.joinWallet(ctx, store, prover)
}

func (h *Home) joinWallet(ctx context.Context, store *Vault, prover wallet.Prover) (*Wallet, error) {
	log, public, err := h.Join(ctx)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	w := &Wallet{vault: store, log: log}
	client, err := h.Client(ctx, log, vault.NewTrustStore(store, h.Trust.Origin))
	if err == nil {
		w.Wallet, err = wallet.New(wallet.Config{
			Store: store, Keys: vault.NewSoftwareKeys(store), Ledger: client, Public: public, Sets: log,
			Prover: prover, Clock: h.opts.Clock,
		})
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close closes the ledger and the vault.
func (w *Wallet) Close() error { return errors.Join(w.log.Close(), w.vault.Close()) }
