package main

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/endpoint"
)

func (a *app) kioskCommand() *cobra.Command { return group("kiosk", a.kioskServe()) }

// kioskPolicy is the sample that a new kiosk asks after: one claim of the demonstration's
// resident-id.
const kioskPolicy = "adult.policy.json"

// kiosk is what one start of a counter's server needs.
type kiosk struct {
	service
	dir, policy, accreditor string
	region                  string
	subject                 ledger.Subject
	unsafe                  bool
}

func (a *app) kioskServe() *cobra.Command {
	k := &kiosk{}
	cmd := command("serve", "", func(ctx context.Context, _ string) error { return a.serveKiosk(ctx, k) })
	k.flags(cmd, "127.0.0.1:7002")
	subjectFlags(cmd, &k.subject, demoAgencies["counter"].Name.English)
	flags := cmd.Flags()
	flags.StringVar(&k.dir, "dir", envOr("HUFU_COUNTER", "kiosk"), "folder of the counter; made at the first start")
	flags.StringVar(&k.policy, "policy", "", "policy file, kept for the next start (at first: aged 18 or over, of resident-id)")
	flags.StringVar(&k.accreditor, "accredited-by", "", "folder of an agency that accredits the counter at the first start (default: the demonstration's root, beside the ledger)")
	flags.StringVar(&k.region, "region", demoRegion, "region for which the counter is accredited, a GB/T 2260 code")
	flags.BoolVar(&k.unsafe, "allow-single-party-unsafe", false, "accept development keys of the circuits")
	return cmd
}

func (a *app) serveKiosk(ctx context.Context, k *kiosk) error {
	security, err := a.security(&k.service)
	if err != nil {
		return err
	}
	var file []byte
	if k.policy != "" {
		if file, err = folder.ReadFile(k.policy, a.in, documentLimit); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(k.dir); errors.Is(err, os.ErrNotExist) {
		if err := a.makeKiosk(ctx, k); err != nil {
			return err
		}
	}
	h, err := folder.OpenHome(k.dir, a.folders())
	if err != nil {
		return missing("counter.missing", err)
	}
	passphrase, err := a.servicePassphrase(k.dir)
	if err != nil {
		return err
	}
	c, err := h.OpenCounter(ctx, passphrase, false)
	if err != nil {
		return err
	}
	defer c.Close()
	if file != nil {
		if err := c.KeepPolicy(file); err != nil {
			return err
		}
	}
	return a.openKiosk(ctx, k, security, c)
}

// openKiosk serves a counter until Ctrl-C.
func (a *app) openKiosk(ctx context.Context, k *kiosk, security *tls.Config, c *folder.Counter) error {
	listener, base, err := k.listen(security)
	if err != nil {
		return err
	}
	defer listener.Close()
	token, err := secret(k.dir, tokenName)
	if err != nil {
		return err
	}
	v, err := c.Verifier(ctx, verifier.Config{ResponseURI: base + "/response", AllowSinglePartySetupUnsafe: k.unsafe})
	if err != nil {
		return err
	}
	if err := v.Check(ctx, verifier.CheckOptions{Region: k.region}); err != nil {
		return err
	}
	handler, err := endpoint.New(endpoint.Config{Verifier: v, Base: base, Token: token})
	if err != nil {
		return err
	}
	at := filepath.Join(k.dir, tokenName)
	a.report(map[string]any{"address": base, "token": at, "counter": c.Agency.Card.DID}, "kiosk.ready", "Address", base, "Token", at)
	return endpoint.Serve(ctx, listener, handler, security)
}

// makeKiosk makes the counter's folder, and has it accredited where somebody who may
// accredit is at hand.
func (a *app) makeKiosk(ctx context.Context, k *kiosk) error {
	if k.subject.Code == "" { // nobody said who it is
		k.subject = demoAgencies["counter"]
	}
	path := filepath.Join(a.ledger, trustName)
	trust, err := readOwnTrust(path)
	if err != nil {
		return err
	}
	h, err := folder.NewHome(ctx, k.dir, path, trust, a.folders())
	if err != nil {
		return err
	}
	passphrase, err := a.servicePassphrase(k.dir)
	if err != nil {
		return err
	}
	c, err := h.NewCounter(ctx, k.subject, passphrase)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.KeepPolicy(sample(kioskPolicy)); err != nil {
		return err
	}
	print := trust.Fingerprint()
	a.report(map[string]any{"counter": k.dir, "did": c.Agency.Card.DID}, "kiosk.made", "Dir", k.dir, "DID", c.Agency.Card.DID,
		"Fingerprint", hex.EncodeToString(print[:]))
	return a.accreditKiosk(ctx, k, c)
}

// readOwnTrust reads the trust file of a ledger's folder on this machine.
func readOwnTrust(path string) (*ledger.TrustFile, error) {
	b, err := folder.ReadFile(path, nil, documentLimit)
	if err != nil {
		return nil, missing("ledger.missing", err)
	}
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return nil, &inputError{id: "input.malformed", name: path, err: err}
	}
	return trust, nil
}

// accreditKiosk lets the agency in a folder accredit the counter for the types that its
// policy asks for.
func (a *app) accreditKiosk(ctx context.Context, k *kiosk, c *folder.Counter) error {
	dir := k.accreditor
	if dir == "" {
		if dir = filepath.Join(filepath.Dir(filepath.Clean(a.ledger)), issuerRoot); !isFolder(dir) {
			return a.report(map[string]any{"application": filepath.Join(k.dir, folder.ApplicationName)}, "kiosk.accredit", "Dir", k.dir,
				"File", filepath.Join(k.dir, folder.ApplicationName))
		}
	}
	policy, err := verifier.ParsePolicy(sample(kioskPolicy))
	if err != nil {
		return err
	}
	passphrase, err := a.servicePassphrase(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	return a.withLedger(ctx, folder.OpenLedger, func(log folder.Ledger) error {
		by, err := folder.OpenAgency(ctx, dir, passphrase, a.folders())
		if err != nil {
			return err
		}
		defer by.Close()
		if err := by.Join(ctx, log); err != nil {
			return err
		}
		if err := a.admit(ctx, by.Agency, k.dir); err != nil {
			return err
		}
		for _, typ := range typesOf(policy) {
			if err := by.Accredit(ctx, hufuagency.Grant{
				To: c.Agency.Card.DID, Action: ledger.ActionVerify, Type: typ, Region: k.region,
				Until: a.clock().AddDate(1, 0, 0), Subject: c.Agency.Card.Fill(k.subject),
			}); err != nil {
				return err
			}
		}
		a.say("kiosk.accredited", "Dir", dir)
		return nil
	})
}

// typesOf lists the credential types that a policy asks for, each once.
func typesOf(policy *verifier.Policy) (types []string) {
	for _, query := range policy.Query.Credentials {
		types = append(types, query.Meta.VCTValues...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func isFolder(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}
