package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/wallet/issuer"
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
			if file, err = folder.ReadFile(table, a.in, tableLimit); err != nil {
				return err
			}
		}
		if !strings.Contains(a.ledger, "://") { // a folder, no address
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
	"counter": demoAgency("Demonstration Counter", "演示窗口", "12110101MB0000004Q", "010-5550 0104"),
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
	return folder.WriteFile(filepath.Join(s.path("messages"), name), b)
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
	_, err := folder.PublishEpoch(ctx, s.log, s.ledger, s.folders())
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

// elsewhere is a ledger that the demo is given: a consortium's, in real time.
type elsewhere struct {
	trust, fingerprint, rootKey string
	// ahead is by how much the clocks of wallets and counters go before the
	// ledger's: the demo cannot wait until something is hours old.
	ahead time.Duration
}

// longestEpoch is how long the demo waits for an epoch to end.
const longestEpoch = time.Minute

// joinScene takes the place of making a ledger.
func (s *scene) joinScene(ctx context.Context) error {
	trust, err := folder.ReadTrust(s.stage.trust, s.in, s.stage.fingerprint)
	if err != nil {
		return err
	}
	if trust.EpochLength > longestEpoch {
		return &inputError{id: "demo.long-epochs", name: trust.EpochLength.String()}
	}
	if err := folder.JoinLedger(s.ledger, trust, strings.Split(s.at, ",")...); err != nil {
		return err
	}
	if s.log, err = folder.OpenLedger(ctx, s.ledger, s.folders()); err != nil {
		return err
	}
	s.opened = append(s.opened, s.log)
	if s.root, err = s.importedRoot(ctx, trust); err != nil {
		return err
	}
	print := trust.Fingerprint()
	s.step("joined", "Fingerprint", hex.EncodeToString(print[:8]), "Epoch", trust.EpochLength.String(),
		"Witnesses", len(trust.WitnessKeys), "K", trust.K)
	return anchored.PublishDevelopment(ctx, s.root, s.public(), s.keys)
}

// importedRoot is a root agency whose key comes from a file, as hufu-node testnet
// makes one. It has no vault.
func (s *scene) importedRoot(ctx context.Context, trust *ledger.TrustFile) (*hufuagency.Agency, error) {
	b, err := folder.ReadFile(s.stage.rootKey, s.in, documentLimit)
	if err != nil {
		return nil, err
	}
	key, err := hufuagency.ParseKey(b)
	if err != nil {
		return nil, &inputError{id: "input.malformed", name: s.stage.rootKey, err: folder.ErrDamaged}
	}
	client, err := folder.NewReader(ctx, s.log, s.ledger, s.folders())
	if err != nil {
		return nil, err
	}
	return hufuagency.WithKey(trust.RootDID+"#sig-1", key, client, s.log, hufuagency.Options{Clock: s.clock})
}

// awaitEpoch waits until the ledger has closed the epoch that is now.
func (s *scene) awaitEpoch(ctx context.Context) error {
	client, err := folder.NewReader(ctx, s.log, s.ledger, s.folders())
	if err != nil {
		return err
	}
	return client.AwaitEpoch(ctx, s.log.Trust().EpochAt(s.real()), 200*time.Millisecond)
}
