package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/qrimage"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

func (a *app) demoCommand() *cobra.Command {
	var table, keep string
	var stage elsewhere
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the main job once, on real parts, and six attacks on it",
		Long: "An agency issues, a citizen holds, a counter checks, a ledger anchors, a\n" +
			"zero-knowledge proof hides. Everything runs on this machine, without a network.\n" +
			"The first run makes development keys and caches them.",
		Example: "  hufu demo\n  hufu demo --lang zh --explain\n  hufu demo --csv residents.csv --keep here\n" +
			"  hufu demo --ledger http://127.0.0.1:26601,http://127.0.0.1:26604 \\\n" +
			"    --trust testnet/trust.json --fingerprint 1f0c… --root-key testnet/root.key",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			file := sample("residents.csv")
			if table != "" {
				var err error
				if file, err = a.readFile(table, tableLimit); err != nil {
					return err
				}
			}
			if !isAddress(a.ledger) {
				return a.demo(cmd.Context(), file, keep, nil)
			}
			return a.demo(cmd.Context(), file, keep, &stage)
		},
	}
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

// scene is everything one run of the demo holds.
type scene struct {
	*app
	dir     string
	now     time.Time
	stage   *elsewhere // nil: the ledger is the demo's own
	keys    *prover.Prover
	root    *agency
	office  *agency
	log     ledgerLog
	own     *sqlitelog.Log // the same, where it is the demo's own
	desk    *issuer.Desk
	citizen *citizen
	library *counter
	other   *counter
	offers  []issuer.Offer
}

// clockNow is the demo's own time: it stands still but for the steps that move
// it. A ledger elsewhere keeps its own time, which the demo follows.
func (s *scene) clockNow() time.Time {
	if s.stage != nil {
		return s.clock().Add(s.stage.ahead)
	}
	return s.now
}

// demo plays every scene in order.
func (a *app) demo(ctx context.Context, table []byte, keep string, stage *elsewhere) error {
	s := &scene{app: a, dir: keep, now: a.clock().Add(-demoSpan), stage: stage}
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
	for _, c := range []*counter{s.library, s.other} {
		if c != nil {
			_ = c.Close()
		}
	}
	for _, a := range []*agency{s.office, s.root} {
		if a != nil {
			_ = a.Close()
		}
	}
	if s.log != nil {
		_ = s.log.Close()
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

// keep stores a message for whoever looks at it afterwards.
func (s *scene) keepMessage(name string, b []byte) error {
	return replaceFile(filepath.Join(s.dir, "messages", name), append(b, '\n'))
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
	if s.root, err = newRoot(ctx, s.path("root"), "Root agency", []byte(demoPassphrase), s.clockNow); err != nil {
		return err
	}
	if s.own, err = initLedger(ctx, s.path("ledger"), s.root, sqlitelog.InitOptions{Clock: s.clockNow}); err != nil {
		return err
	}
	s.log = s.own
	if err := s.root.open(ctx, s.log, s.clockNow); err != nil {
		return err
	}
	print := s.log.Trust().Fingerprint()
	s.step("ledger", "Fingerprint", hex.EncodeToString(print[:8]), "Epoch", s.log.Trust().EpochLength.String())
	return publishKeys(ctx, s.root, s.public(), s.keys)
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

func (s *scene) public() publish.Folder { return publicOf(s.path("ledger")) }

// accreditScene: the residents' office may issue, the library may ask.
func (s *scene) accreditScene(ctx context.Context) error {
	schema, err := publishSchema(ctx, s.root, s.public(), sample("resident.schema.json"))
	if err != nil {
		return err
	}
	if s.office, err = newAgency(ctx, s.path("office"), "Residents' office", []byte(demoPassphrase), s.log, s.clockNow); err != nil {
		return err
	}
	if s.library, err = s.newCounter(ctx, "library"); err != nil {
		return err
	}
	if s.other, err = s.newCounter(ctx, "gym"); err != nil {
		return err
	}
	for _, grant := range []hufuagency.Grant{
		{To: s.office.DID(), Action: ledger.ActionIssue},
		{To: s.library.agency.DID(), Action: ledger.ActionVerify},
		{To: s.other.agency.DID(), Action: ledger.ActionVerify},
	} {
		grant.Type, grant.Region, grant.Until = demoType, demoRegion, s.clockNow().AddDate(0, 0, 365)
		if err := s.root.Accredit(ctx, grant); err != nil {
			return err
		}
	}
	s.desk, err = issuer.New(issuer.Config{
		Keys: s.office.issuer(), Schema: schema, Region: demoRegion, Store: s.office.vault, Ledger: s.log,
		Publisher: s.public(), Clock: s.clockNow,
	})
	if err != nil {
		return err
	}
	s.step("accredit", "Office", s.office.DID(), "Library", s.library.agency.DID(), "Region", demoRegion)
	return nil
}

func (s *scene) newCounter(ctx context.Context, name string) (*counter, error) {
	h, err := newHome(s.path(name), s.path(filepath.Join("ledger", trustName)), s.log.Trust())
	if err != nil {
		return nil, err
	}
	return newCounter(ctx, h, name, []byte(demoPassphrase), s.clockNow)
}

func (s *scene) importScene(ctx context.Context, table []byte) error {
	offers, refused, err := s.desk.Import(ctx, bytes.NewReader(table))
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

// receiveScene: apply, issue, check, store.
func (s *scene) receiveScene(ctx context.Context) error {
	h, err := newHome(s.path("wallet"), s.path(filepath.Join("ledger", trustName)), s.log.Trust())
	if err != nil {
		return err
	}
	if s.citizen, err = newCitizen(ctx, h, []byte(demoPassphrase), s.keys, s.clockNow); err != nil {
		return err
	}
	application, err := s.citizen.Apply(ctx, s.offers[0].Offer)
	if err != nil {
		return err
	}
	response, err := s.desk.Answer(ctx, application)
	if err != nil {
		return err
	}
	stored, err := s.citizen.Receive(ctx, response)
	if err != nil {
		return err
	}
	s.step("receive", "Bytes", len(response), "Claims", len(s.labelsOf(stored)))
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

func (s *scene) labelsOf(stored *wallet.Stored) []string {
	var names []string
	schema, err := credential.ParseSchema(sample("resident.schema.json"))
	if err != nil {
		return nil
	}
	for _, c := range schema.Claims {
		if len(c.Path.Values(stored.Claims)) > 0 {
			names = append(names, c.Path.String())
		}
	}
	return names
}

// ask lets a counter make a request after the sample policy.
func (s *scene) ask(ctx context.Context, c *counter) (*verifier.Verifier, []byte, error) {
	v, err := c.verifier(ctx, sample(defaultPolicy), true)
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

func (s *scene) claimsScene(ctx context.Context) error {
	v, request, err := s.ask(ctx, s.library)
	if err != nil {
		return err
	}
	ask, choice, err := s.consider(ctx, request, "claims")
	if err != nil {
		return err
	}
	s.step("ask")
	if !s.json {
		s.sayAsk(ask, choice)
	}
	return s.answerScene(ctx, v, ask, choice, "claims")
}

func (s *scene) proofScene(ctx context.Context) error {
	v, request, err := s.ask(ctx, s.library)
	if err != nil {
		return err
	}
	ask, choice, err := s.consider(ctx, request, "proof")
	if err != nil {
		return err
	}
	if err := s.keepMessage("request.jwt", request); err != nil {
		return err
	}
	return s.answerScene(ctx, v, ask, choice, "proof")
}

// answerScene presents, verifies, and prints the counter's screen.
func (s *scene) answerScene(ctx context.Context, v *verifier.Verifier, ask *wallet.Request, choice int, how string) error {
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
		if err := replaceFile(filepath.Join(s.dir, "messages", "answer-proof.png"), code.PNG(qrimage.ModulePixels)); err != nil {
			return err
		}
	}
	return s.keepMessage("answer-"+how+".json", presented.Response)
}

var errAccepted = errors.New("an attack was accepted")
