package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/verifier"
	counterstore "github.com/hufu-id/hufu/verifier/sqlitestore"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp/prover"
)

// home is what a wallet's and a counter's folder have in common: the trust
// file they were given, and where its ledger lies.
type home struct {
	dir    string
	Ledger string `json:"ledger"`
	trust  *ledger.TrustFile
}

const homeName = "home.json"

// newHome keeps a trust file whose fingerprint was checked.
func newHome(dir, trustPath string, trust *ledger.TrustFile) (*home, error) {
	at, err := filepath.Abs(filepath.Dir(trustPath))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &inputError{id: "output.unwritable", name: dir, err: err}
	}
	if _, err := os.Lstat(filepath.Join(dir, vaultName)); err == nil { // somebody else's home
		return nil, &inputError{id: "output.exists", name: dir}
	}
	h := &home{dir: dir, Ledger: at, trust: trust}
	b, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if err := writeNew(filepath.Join(dir, trustName), trust.Bytes()); err != nil {
		return nil, err
	}
	return h, writeNew(filepath.Join(dir, homeName), b)
}

func openHome(dir, missing string) (*home, error) {
	h := &home{dir: dir}
	b, err := os.ReadFile(filepath.Join(dir, homeName))
	if err != nil {
		return nil, &inputError{id: missing, name: dir, err: err}
	}
	if err := parseJSON(b, h); err != nil {
		return nil, &inputError{id: "input.malformed", name: filepath.Join(dir, homeName), err: err}
	}
	// The file was pinned when it came in and lies in its owner's folder.
	trust, err := os.ReadFile(filepath.Join(dir, trustName))
	if err != nil {
		return nil, &inputError{id: missing, name: dir, err: err}
	}
	if h.trust, err = ledger.ParseTrust(trust); err != nil {
		return nil, &inputError{id: "input.malformed", name: filepath.Join(dir, trustName), err: errDamaged}
	}
	return h, nil
}

// public is the folder of the ledger's public files.
func (h *home) public() publish.Folder { return publicOf(h.Ledger) }

func publicOf(ledgerDir string) publish.Folder {
	return publish.Folder(filepath.Join(ledgerDir, publicName))
}

// citizen is an open wallet.
type citizen struct {
	*wallet.Wallet
	home  *home
	vault *sqlitevault.Store
	log   ledgerLog
}

// newCitizen makes a wallet and leaves it open.
func newCitizen(ctx context.Context, h *home, passphrase []byte, keys *prover.Prover, clock func() time.Time) (*citizen, error) {
	store, err := sqlitevault.Create(ctx, filepath.Join(h.dir, vaultName), passphrase, sqlitevault.Options{})
	if errors.Is(err, os.ErrExist) {
		return nil, &inputError{id: "output.exists", name: h.dir, err: err}
	}
	if err != nil {
		return nil, err
	}
	return joinCitizen(ctx, h, store, keys, clock)
}

// openCitizen opens a wallet; keys may be nil where nothing is proved.
func openCitizen(ctx context.Context, h *home, passphrase []byte, keys *prover.Prover, clock func() time.Time) (*citizen, error) {
	store, err := sqlitevault.Open(ctx, filepath.Join(h.dir, vaultName), passphrase, sqlitevault.Options{})
	if err != nil {
		return nil, &inputError{id: "vault.closed", name: h.dir, err: err}
	}
	return joinCitizen(ctx, h, store, keys, clock)
}

func joinCitizen(ctx context.Context, h *home, store *sqlitevault.Store, keys *prover.Prover, clock func() time.Time) (*citizen, error) {
	log, err := openLedger(ctx, h.Ledger, clock)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	c := &citizen{home: h, vault: store, log: log}
	files, err := h.files(clock)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	cfg := wallet.Config{
		Store: impatient{store}, Keys: vault.NewSoftwareKeys(impatient{store}), Public: files, Sets: log, Clock: clock,
	}
	if keys != nil {
		cfg.Prover = keys
	}
	cfg.Ledger, err = ledger.NewClient(ctx, h.trust, log, vault.NewTrustStore(cfg.Store, h.trust.Origin), ledger.ClientOptions{Clock: clock})
	if err == nil {
		c.Wallet, err = wallet.New(cfg)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *citizen) Close() error { return errors.Join(c.log.Close(), c.vault.Close()) }

// counter is an open service counter.
type counter struct {
	home   *home
	agency *agency
	store  *counterstore.Store
	log    ledgerLog
	public publish.Source
	clock  func() time.Time
	// lifetime of a request; zero is the verifier's own.
	lifetime time.Duration
}

const counterName = "counter.db"

// newCounter makes a counter's folder; its DID goes on the ledger.
func newCounter(ctx context.Context, h *home, name string, passphrase []byte, clock func() time.Time) (*counter, error) {
	c := &counter{home: h, clock: clock}
	err := c.plug(ctx)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if c.agency, err = newAgency(ctx, h.dir, name, passphrase, c.log, clock); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if c.store, err = counterstore.Open(ctx, filepath.Join(h.dir, counterName), counterstore.Options{Create: true}); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// openCounter opens a counter that asks its ledger, or with offline its bundle.
func openCounter(ctx context.Context, h *home, passphrase []byte, clock func() time.Time, offline bool) (*counter, error) {
	c := &counter{home: h, clock: clock}
	var err error
	if !offline {
		err = c.plug(ctx)
	}
	if err == nil {
		c.agency, err = openAgency(ctx, h.dir, passphrase, c.log, clock)
	}
	if err == nil {
		err = c.openStore(ctx)
	}
	if err == nil && offline {
		err = c.unplug()
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *counter) openStore(ctx context.Context) (err error) {
	opening, cancel := context.WithTimeoutCause(ctx, patience, errBusy)
	defer cancel()
	if c.store, err = counterstore.Open(opening, filepath.Join(c.home.dir, counterName), counterstore.Options{}); err != nil {
		return &inputError{id: "counter.closed", name: c.home.dir, err: orBusy(opening, err)}
	}
	return nil
}

// plug takes the ledger and its public files.
func (c *counter) plug(ctx context.Context) (err error) {
	if c.log, err = openLedger(ctx, c.home.Ledger, c.clock); err != nil {
		return err
	}
	c.public, err = c.home.files(c.clock)
	return err
}

// unplug takes the bundle in place of the ledger.
func (c *counter) unplug() error {
	o, err := c.home.openBundle(c.clock)
	if err != nil {
		return err
	}
	c.log, c.public = o, o
	return nil
}

func (c *counter) Close() error {
	err := c.agency.Close()
	if c.store != nil {
		err = errors.Join(err, c.store.Close())
	}
	if c.log != nil {
		err = errors.Join(err, c.log.Close())
	}
	return err
}

// verifier joins the counter with a policy; nil is the one that it keeps. Development
// keys are accepted only where the caller said so.
func (c *counter) verifier(ctx context.Context, policyFile []byte, allowSingleParty bool) (*verifier.Verifier, error) {
	if policyFile == nil {
		var err error
		if policyFile, err = c.policy(); err != nil {
			return nil, err
		}
	}
	policy, err := verifier.ParsePolicy(policyFile)
	if err != nil {
		return nil, err
	}
	client, err := ledger.NewClient(ctx, c.home.trust, c.log, c.store.TrustStore(c.home.trust.Origin), ledger.ClientOptions{Clock: c.clock})
	if err != nil {
		return nil, err
	}
	own := c.agency.Keys()
	return verifier.New(verifier.Config{
		Identity: verifier.Identity{DID: own.DID, KeyID: own.KeyID, Key: own.Key},
		Ledger:   client, Policies: []*verifier.Policy{policy}, Store: c.store, Public: c.public,
		Clock: c.clock, Lifetime: c.lifetime, AllowSinglePartySetupUnsafe: allowSingleParty,
	})
}

// defaultPolicy is the sample that a new counter asks after.
const defaultPolicy = "adult-in-district.policy.json"

// policyName is the counter's policy file in its folder.
const policyName = "policy.json"

// policy reads the policy that the counter keeps.
func (c *counter) policy() ([]byte, error) {
	f, err := os.Open(filepath.Join(c.home.dir, policyName))
	if errors.Is(err, os.ErrNotExist) {
		return sample(defaultPolicy), nil
	}
	if err != nil {
		return nil, &inputError{id: "counter.closed", name: c.home.dir, err: err}
	}
	defer f.Close()
	return readAtMost(f, documentLimit)
}

// keepPolicy makes a policy the counter's. Requests made under another are still
// judged by that one.
func (c *counter) keepPolicy(file []byte) error {
	if _, err := verifier.ParsePolicy(file); err != nil {
		return err
	}
	return replaceFile(filepath.Join(c.home.dir, policyName), file)
}
