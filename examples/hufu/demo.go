package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/qrimage"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
)

func (a *app) demoCommand() *cobra.Command {
	var table, keep string
	var stage elsewhere
	cmd := command("demo", "", func(ctx context.Context, _ string) error {
		file := sample("residents.csv")
		if table != "" {
			var err error
			if file, err = a.readFile(table, tableLimit); err != nil {
				return err
			}
		}
		if !isAddress(a.ledger) {
			return a.demo(ctx, file, keep, nil)
		}
		return a.demo(ctx, file, keep, &stage)
	})
	flags := cmd.Flags()
	flags.StringVar(&table, "csv", "", "table of residents (default: the sample that ships with hufu)")
	flags.StringVar(&stage.trust, "trust", "", "trust file of the ledger whose addresses --ledger gives")
	flags.StringVar(&stage.fingerprint, "fingerprint", "", "its fingerprint, which came another way")
	flags.StringVar(&stage.rootKey, "root-key", "", "the root agency's key, a PEM file that hufu-node testnet makes")
	flags.StringVar(&keep, "keep", "", "new folder that keeps ledger, vaults and messages to be looked at")
	flags.BoolVar(&a.explain, "explain", false, "say at each step why it can be trusted")
	return cmd
}

const (
	demoType   = "urn:hufu:credential:resident:1"
	demoRegion = "110101"
	// demoPassphrase protects folders that are thrown away, or kept to be
	// opened by hand.
	demoPassphrase = "hufu demo"
	// demoSpan is how much time passes in the demo, and a little more: it ends
	// now, so that what is kept can be opened afterwards.
	demoSpan = 10 * time.Hour
)

// demoAgencies are made up, like their codes. Each has a folder of this name.
var demoAgencies = map[string]ledger.Subject{
	"root":    demoAgency("National Root Agency", "国家根授权机构", "11100000MB0000000P", "010-5550 0100"),
	"office":  demoAgency("Dongcheng Residents' Office", "东城区居民管理处", "12110101MB0000001F", "010-5550 0101, https://office.dongcheng.example"),
	"library": demoAgency("Dongcheng Library", "东城区图书馆", "12110101MB0000002J", "010-5550 0102, https://library.dongcheng.example"),
	"gym":     demoAgency("Dongcheng Gymnasium", "东城区体育馆", "12110101MB0000003M", "010-5550 0103"),
}

func demoAgency(english, chinese, code, contact string) ledger.Subject {
	return ledger.Subject{Name: ledger.Text{English: english, Chinese: chinese}, Code: code, Contact: contact}
}

// scene is everything one run of the demo holds.
type scene struct {
	*app    // with the demo's clock and ledger
	dir     string
	real    func() time.Time
	at      string // addresses of a ledger elsewhere
	now     time.Time
	stage   *elsewhere // nil: the ledger is the demo's own
	keys    *prover.Prover
	root    *hufuagency.Agency
	office  *folder.Agency
	log     folder.Ledger
	own     *sqlitelog.Log // the same, where it is the demo's own
	desk    *issuer.Desk
	citizen *folder.Wallet
	library *folder.Counter
	other   *folder.Counter
	offers  []issuer.Offer
	opened  []io.Closer // in this order
}

// clockNow is the demo's own time: it stands still but for the steps that move
// it. A ledger elsewhere keeps its own time, which the demo follows.
func (s *scene) clockNow() time.Time {
	if s.stage != nil {
		return s.real().Add(s.stage.ahead)
	}
	return s.now
}

// demo plays every scene in order.
func (a *app) demo(ctx context.Context, table []byte, keep string, stage *elsewhere) error {
	shown := *a
	s := &scene{app: &shown, real: a.clock, dir: keep, now: a.clock().Add(-demoSpan), stage: stage}
	shown.clock = s.clockNow
	if keep == "" {
		temp, err := os.MkdirTemp("", "hufu-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		s.dir = temp
	} else if err := os.Mkdir(keep, 0o700); err != nil {
		return &inputError{id: "output.exists", name: keep, err: err}
	}
	s.at, s.ledger = a.ledger, s.path("ledger")
	a.say("demo.title")
	defer s.close()
	for _, play := range []func(context.Context) error{
		s.openLedgerScene, s.accreditScene,
		func(ctx context.Context) error { return s.importScene(ctx, table) },
		s.receiveScene, s.claimsScene, s.proofScene, s.attackScene,
	} {
		if err := play(ctx); err != nil {
			return err
		}
	}
	if keep != "" {
		a.say("demo.kept", "Dir", keep, "Passphrase", demoPassphrase)
	}
	a.say("demo.end")
	return nil
}

// close closes what was opened; everything that mattered was committed.
func (s *scene) close() {
	if s.citizen != nil {
		_ = s.citizen.Close()
	}
	for _, c := range slices.Backward(s.opened) {
		_ = c.Close()
	}
}

// step prints a step's heading and, when asked, why it can be trusted.
func (s *scene) step(id string, data ...any) {
	s.heading(id, data...)
	s.why(id)
}

func (s *scene) heading(id string, data ...any) {
	if s.json {
		fields := map[string]any{"step": id}
		for i := 0; i+1 < len(data); i += 2 {
			fields[data[i].(string)] = data[i+1]
		}
		s.print(fields)
		return
	}
	fmt.Fprintln(s.out)
	s.say("step."+id, data...)
}

// why says, where asked, why a step can be trusted.
func (s *scene) why(id string) {
	if s.explain { // say is silent in JSON
		s.say("explain." + id)
	}
}

// keepMessage stores a message, for --keep.
func (s *scene) keepMessage(name string, b []byte) error {
	if err := os.MkdirAll(s.path("messages"), 0o700); err != nil {
		return err
	}
	return writeNew(filepath.Join(s.path("messages"), name), b)
}

// nextEpoch lets an epoch end that began after now, and the ledger close it.
func (s *scene) nextEpoch(ctx context.Context) error {
	if err := s.closeEpoch(ctx); err != nil {
		return err
	}
	if s.stage != nil {
		return nil
	}
	// The wallet reads the epoch's public sets from these files, and asks the
	// ledger nothing that names its credential.
	_, err := feed.Export(ctx, s.log, new(zkp.Accumulator), s.public().FeedDir())
	return err
}

func (s *scene) closeEpoch(ctx context.Context) error {
	if s.stage != nil {
		return s.awaitEpoch(ctx)
	}
	s.now = s.now.Truncate(s.log.Trust().EpochLength).Add(s.log.Trust().EpochLength + time.Minute)
	_, err := s.own.Heartbeat(ctx)
	return err
}

func (s *scene) openLedgerScene(ctx context.Context) error {
	var err error
	if s.keys, err = s.developmentKeys(ctx); err != nil {
		return err
	}
	if s.stage != nil {
		return s.joinScene(ctx)
	}
	root, err := folder.NewAgency(ctx, s.path("root"), demoAgencies["root"], []byte(demoPassphrase), nil, s.folders())
	if err != nil {
		return err
	}
	s.opened = append(s.opened, root)
	if s.own, err = s.initLedger(ctx, root, sqlitelog.InitOptions{}); err != nil {
		return err
	}
	s.opened = append(s.opened, s.own)
	if err := root.Join(ctx, s.own); err != nil {
		return err
	}
	s.log, s.root = s.own, root.Agency
	print := s.log.Trust().Fingerprint()
	s.step("ledger", "Fingerprint", hex.EncodeToString(print[:8]), "Epoch", s.log.Trust().EpochLength.String())
	return anchored.PublishDevelopment(ctx, s.root, s.public(), s.keys)
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// accreditScene: the residents' office may issue, the library may ask.
func (s *scene) accreditScene(ctx context.Context) error {
	schema, err := s.public().PublishSchema(ctx, sample("resident.schema.json"))
	if err == nil {
		err = s.root.PublishSchema(ctx, schema)
	}
	if err != nil {
		return err
	}
	if s.office, err = folder.NewAgency(ctx, s.path("office"), demoAgencies["office"], []byte(demoPassphrase), s.log, s.folders()); err != nil {
		return err
	}
	s.opened = append(s.opened, s.office)
	if s.library, err = s.newCounter(ctx, "library"); err != nil {
		return err
	}
	if s.other, err = s.newCounter(ctx, "gym"); err != nil {
		return err
	}
	for _, grant := range []hufuagency.Grant{
		{To: s.office.DID(), Action: ledger.ActionIssue, Subject: demoAgencies["office"]},
		{To: s.library.Agency.DID(), Action: ledger.ActionVerify, Subject: demoAgencies["library"]},
		{To: s.other.Agency.DID(), Action: ledger.ActionVerify, Subject: demoAgencies["gym"]},
	} {
		grant.Type, grant.Region, grant.Until = demoType, demoRegion, s.clock().AddDate(0, 0, 365)
		if s.stage != nil {
			if err := s.retire(ctx, grant); err != nil {
				return err
			}
		}
		if err := s.root.Accredit(ctx, grant); err != nil {
			return err
		}
	}
	s.desk, err = issuer.New(issuer.Config{
		Keys: issuer.Keys(s.office.Keys()), Types: []issuer.Type{{Schema: schema, Region: demoRegion}},
		Store: s.office.Vault, Ledger: s.log, Publisher: s.public(), Clock: s.clock,
	})
	if err != nil {
		return err
	}
	s.step("accredit", "Root", s.nameOf(demoAgencies["root"], ""), "Office", s.nameOf(demoAgencies["office"], ""),
		"Library", s.nameOf(demoAgencies["library"], ""), "Region", demoRegion)
	return nil
}

// retire ends what an earlier run on the same ledger was granted: it bears the names.
func (s *scene) retire(ctx context.Context, grant hufuagency.Grant) error {
	client, err := s.reader(ctx, s.log)
	if err != nil {
		return err
	}
	before, err := client.Get(ctx, ledger.CodeKey(grant.Subject.Code))
	if errors.Is(err, ledger.ErrAbsent) {
		return nil
	}
	if err != nil {
		return err
	}
	grant.To = string(before)
	if err = s.root.Revoke(ctx, grant); errors.Is(err, hufuagency.ErrNoGrant) {
		return nil
	}
	return err
}

func (s *scene) newCounter(ctx context.Context, name string) (*folder.Counter, error) {
	h, err := s.home(name)
	if err != nil {
		return nil, err
	}
	c, err := h.NewCounter(ctx, demoAgencies[name], []byte(demoPassphrase))
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, c)
	return c, c.KeepPolicy(sample(defaultPolicy))
}

func (s *scene) importScene(ctx context.Context, table []byte) error {
	offers, refused, err := s.desk.Import(ctx, bytes.NewReader(table), issuer.ImportOptions{})
	if err != nil {
		return err
	}
	if len(offers) == 0 {
		return errNoRows
	}
	s.offers = offers
	s.heading("import", "Accepted", len(offers), "Refused", len(refused))
	if s.json {
		s.reportRows(len(offers), refused, "")
	} else {
		s.sayRows(refused)
	}
	s.why("import")
	return s.desk.Publish(ctx)
}

// home makes the folder of a wallet or a counter.
func (s *scene) home(name string) (*folder.Home, error) {
	return folder.NewHome(s.path(name), filepath.Join(s.ledger, trustName), s.log.Trust(), s.folders())
}

// hold gives the stage to a new wallet, which applies for a credential and gets it.
func (s *scene) hold(ctx context.Context, name string, offer []byte) (application, response []byte, stored *wallet.Stored, err error) {
	h, err := s.home(name)
	if err == nil {
		s.citizen, err = h.NewWallet(ctx, []byte(demoPassphrase), s.keys)
	}
	if err == nil {
		application, err = s.citizen.Apply(ctx, offer, wallet.ApplyOptions{})
	}
	if err == nil {
		response, err = s.desk.Answer(ctx, application)
	}
	if err == nil {
		stored, err = s.citizen.Receive(ctx, response)
	}
	if err == nil {
		err = s.citizen.Refresh(ctx)
	}
	return application, response, stored, err
}

// receiveScene: apply, issue, check, store.
func (s *scene) receiveScene(ctx context.Context) error {
	application, response, stored, err := s.hold(ctx, "wallet", s.offers[0].Offer)
	if err != nil {
		return err
	}
	s.step("receive", "Bytes", len(response), "Claims", len(stored.Fields()))
	s.sayStored(stored)
	for name, b := range map[string][]byte{"offer.json": s.offers[0].Offer, "application.json": application, "response.json": response} {
		if err := s.keepMessage(name, b); err != nil {
			return err
		}
	}
	if err := s.nextEpoch(ctx); err != nil {
		return err
	}
	started := time.Now()
	if _, err := s.citizen.Prepare(ctx, 2); err != nil {
		return err
	}
	id := "epoch"
	if s.stage != nil {
		id = "epoch-live"
	}
	s.step(id, "Milliseconds", time.Since(started).Milliseconds()/2)
	return nil
}

// ask lets a counter make a request after the sample policy.
func (s *scene) ask(ctx context.Context, c *folder.Counter, cfg verifier.Config) (*verifier.Verifier, []byte, error) {
	cfg.AllowSinglePartySetupUnsafe = true
	v, err := c.Verifier(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	request, err := v.NewRequest(ctx, verifier.RequestOptions{})
	if err != nil {
		return nil, nil, err
	}
	return v, request.Object, nil
}

// present answers a request in one way.
func (s *scene) present(ctx context.Context, request []byte, with string) (*wallet.Presented, error) {
	ask, choice, err := s.consider(ctx, request, with)
	if err != nil {
		return nil, err
	}
	return s.citizen.Present(ctx, ask, wallet.Consent{Choice: choice})
}

// consider reads a request and picks one way to answer it.
func (s *scene) consider(ctx context.Context, request []byte, with string) (*wallet.Request, int, error) {
	ask, err := s.citizen.ResolveRequest(ctx, request)
	if err != nil {
		return nil, 0, err
	}
	choice, err := chooseWith(ask, with)
	return ask, choice, err
}

func (s *scene) claimsScene(ctx context.Context) error { return s.answerScene(ctx, "claims") }

func (s *scene) proofScene(ctx context.Context) error { return s.answerScene(ctx, "proof") }

// answerScene asks, presents, verifies, and prints the counter's screen.
func (s *scene) answerScene(ctx context.Context, how string) error {
	v, request, err := s.ask(ctx, s.library, verifier.Config{})
	if err != nil {
		return err
	}
	ask, choice, err := s.consider(ctx, request, how)
	if err != nil {
		return err
	}
	if how == "claims" {
		s.step("ask", "Library", s.nameOf(demoAgencies["library"], ""))
	} else if err := s.keepMessage("request.jwt", request); err != nil {
		return err
	} else {
		s.say("demo.ask-proof")
	}
	s.sayAsk(ask, choice)
	started := time.Now()
	presented, err := s.citizen.Present(ctx, ask, wallet.Consent{Choice: choice})
	if err != nil {
		return err
	}
	took := time.Since(started)
	result, err := v.Verify(ctx, presented.Response)
	if err != nil {
		return err
	}
	s.step(how, "Milliseconds", took.Milliseconds())
	s.sayResult(result)
	if how == "proof" {
		text := openid.QRText(openid.QRProofPresentation, proofBytes(presented.Response))
		code, err := qrimage.Encode(text)
		if err != nil {
			return err
		}
		s.say("demo.qr", "Characters", len(text), "Version", code.Version())
		if err := s.keepMessage("answer-proof.png", code.PNG(qrimage.ModulePixels)); err != nil {
			return err
		}
	}
	return s.keepMessage("answer-"+how+".json", presented.Response)
}

var errAccepted = errors.New("an attack was accepted")
