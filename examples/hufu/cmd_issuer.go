package main

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/folder/serve"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// What lies in the folder of hufu issuer serve.
const (
	issuerLedger = "ledger"
	issuerRoot   = "root"
	issuerOffice = "agency"
	issuerURL    = "url"
)

// The demonstration's agencies.
var (
	demoRoot = ledger.Subject{
		Name: ledger.Text{English: "Demonstration Root Agency", Chinese: "演示根授权机构"}, Code: "11100000MB0000000P", Contact: "010-5550 0100",
	}
	demoOffice = ledger.Subject{
		Name: ledger.Text{English: "Demonstration Residents' Office", Chinese: "演示居民管理处"}, Code: "12110101MB0000001F", Contact: "010-5550 0101",
	}
)

func (a *app) issuerCommand() *cobra.Command { return group("issuer", a.issuerServe()) }

func (a *app) issuerServe() *cobra.Command {
	at := &service{}
	var dir string
	cmd := command("serve", "", func(ctx context.Context, _ string) error {
		security, err := a.security(at)
		if err != nil {
			return err
		}
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			if err := a.foundIssuer(ctx, dir); err != nil {
				return err
			}
		}
		listener, url, err := at.listen(security)
		if err != nil {
			return err
		}
		if url, err = a.settled(dir, url); err != nil {
			return errors.Join(err, listener.Close())
		}
		return a.serveIssuer(ctx, dir, url, security, listener)
	})
	at.flags(cmd, "127.0.0.1:7001")
	cmd.Flags().StringVar(&dir, "dir", "issuer", "folder of the agency; one that is not there is made, with a demonstration agency")
	return cmd
}

// settled keeps the address under which a desk was served first: credentials name their
// status lists by it.
func (a *app) settled(dir, url string) (string, error) {
	name := filepath.Join(dir, issuerURL)
	known, err := limits.ReadFile(name, limits.Identifier)
	if errors.Is(err, os.ErrNotExist) {
		return url, folder.WriteFile(name, []byte(url+"\n"))
	}
	if err != nil {
		return "", &inputError{id: "input.unreadable", name: name, err: err}
	}
	if first := strings.TrimSpace(string(known)); first != url {
		return "", usageError{errors.New(a.words.text("issuer.moved", "First", first, "URL", url))}
	}
	return url, nil
}

// foundIssuer makes the demonstration: a ledger, its root agency, and an office that may
// issue. It is made aside and moved as a whole, so that an interrupted start leaves none.
func (a *app) foundIssuer(ctx context.Context, dir string) error {
	a.say("issuer.making", "Dir", dir)
	aside, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".new-")
	if err != nil {
		return &inputError{id: "output.unwritable", name: dir, err: err}
	}
	defer os.RemoveAll(aside)
	passphrase, err := a.servicePassphrase(aside)
	if err != nil {
		return err
	}
	if err := a.foundAt(ctx, aside, passphrase); err != nil {
		return err
	}
	if _, err := secret(aside, tokenName); err != nil {
		return err
	}
	if err := os.Rename(aside, dir); err != nil {
		return &inputError{id: "output.unwritable", name: dir, err: err}
	}
	return nil
}

func (a *app) foundAt(ctx context.Context, dir string, passphrase []byte) (err error) {
	at, opts := filepath.Join(dir, issuerLedger), a.folders()
	root, err := folder.NewAgency(ctx, filepath.Join(dir, issuerRoot), demoRoot, passphrase, nil, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	log, err := root.FoundLedger(ctx, at, logOrigin, sqlitelog.InitOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := root.Join(ctx, log); err != nil {
		return err
	}
	schema, err := root.PublishType(ctx, at, sample("resident-id.schema.json"))
	if err != nil {
		return err
	}
	office, err := folder.NewAgency(ctx, filepath.Join(dir, issuerOffice), demoOffice, passphrase, log, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, office.Close()) }()
	if err := a.admit(ctx, root.Agency, filepath.Join(dir, issuerOffice)); err != nil {
		return err
	}
	return a.accreditOffice(ctx, root, office, log, schema)
}

// accreditOffice lets an office issue a type, and its desk do so from now on.
func (a *app) accreditOffice(ctx context.Context, root, office *folder.Agency, log *sqlitelog.Log, schema *credential.Schema) error {
	if err := office.Join(ctx, log); err != nil {
		return err
	}
	grant := hufuagency.Grant{To: office.DID(), Subject: demoOffice, Action: ledger.ActionIssue, Type: schema.VCT, Region: demoRegion, Until: a.clock().AddDate(1, 0, 0)}
	if err := root.Accredit(ctx, grant); err != nil {
		return err
	}
	return office.KeepType(ctx, issuer.Type{Schema: schema, Region: demoRegion, ValidDays: 365, Name: schema.ID})
}

func (a *app) serveIssuer(ctx context.Context, dir, url string, security *tls.Config, listener net.Listener) (err error) {
	closing := listener // until somebody serves it
	defer func() {
		if closing != nil {
			err = errors.Join(err, closing.Close())
		}
	}()
	token, err := secret(dir, tokenName)
	if err != nil {
		return err
	}
	passphrase, err := a.servicePassphrase(dir)
	if err != nil {
		return err
	}
	at := filepath.Join(dir, issuerLedger)
	log, err := folder.OpenLog(ctx, at, a.folders())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if _, err := log.Heartbeat(ctx); err != nil {
		return err
	}
	office, err := folder.OpenAgency(ctx, filepath.Join(dir, issuerOffice), passphrase, a.folders())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, office.Close()) }()
	if err := office.Join(ctx, log); err != nil {
		return err
	}
	print := log.Trust().Fingerprint()
	fingerprint, trust := hex.EncodeToString(print[:]), filepath.Join(at, trustName)
	a.report(map[string]any{"address": url, "trust": trust, "fingerprint": fingerprint, "token": filepath.Join(dir, tokenName)},
		"issuer.ready", "URL", url, "Trust", trust, "Fingerprint", fingerprint, "Token", filepath.Join(dir, tokenName), "Ledger", at)
	closing = nil
	return serve.Desk(ctx, log, office, at, listener, serve.DeskOptions{
		URL: url, AdminToken: token, TLS: security, Heartbeat: time.Minute,
	})
}
