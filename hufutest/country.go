package hufutest

import (
	"context"
	_ "embed"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/gb"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// What the country has one of.
const (
	// Type is the vct of the residents' credentials.
	Type = "urn:test:resident:1"
	// Region is where the office issues: Dongcheng, Beijing.
	Region = "110101"
	// Origin names the log.
	Origin = "test.example/ledger"
)

//go:embed testdata/resident.schema.json
var schemaFile []byte

//go:embed testdata/driver.schema.json
var driverFile []byte

//go:embed testdata/permit.schema.json
var permitFile []byte

// The vct of the credentials of OpenDriverDesk and of OpenPermitDesk.
const (
	DriverType = "urn:test:driver:1"
	PermitType = "urn:test:permit:1"
)

// TB is what a country needs of a *testing.T or *testing.B; see Run for
// examples, which have neither.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	TempDir() string
	Cleanup(func())
	Context() context.Context
}

// Options changes a country. The zero value is the usual one.
type Options struct {
	// Start is when the clock stands at first; zero means 2026-11-21, 10:05 in
	// Beijing.
	Start time.Time
	// Desk is for the residents' office: the days and the size of its list count.
	Desk issuer.Config
	// ZK is what the ledger computes with; nil means a zkp.Accumulator.
	ZK ledger.ZK
	// EpochLength is whole seconds; zero means an hour.
	EpochLength time.Duration
}

// Country is a ledger, its agencies and what they publish.
type Country struct {
	t TB

	Dir     string // the ledger's folder
	Log     *sqlitelog.Log
	Root    *Agency
	Office  *Agency // accredited to issue Type in Region
	Library *Agency // accredited to ask for Type in Region
	Schema  *credential.Schema
	Public  *Public
	Desk    *issuer.Desk // the office's

	desk   issuer.Config
	prover wallet.Prover
	// Wait is how the wallets made from now on wait; nil waits by the machine's clock.
	Wait func(ctx context.Context, d time.Duration) error

	mu  sync.Mutex
	now time.Time
}

// New founds a country. Nobody lives in it yet, and no epoch is closed.
func New(t TB, opts Options) *Country {
	t.Helper()
	c := &Country{t: t, now: opts.Start, Public: &Public{}}
	if c.now.IsZero() {
		c.now = firstDay.Add(10*time.Hour + 5*time.Minute)
	}
	c.Dir = filepath.Join(t.TempDir(), "ledger")
	if opts.ZK == nil {
		opts.ZK = new(zkp.Accumulator)
	}
	c.found(opts)

	var err error
	c.Schema, err = credential.ParseSchema(schemaFile)
	c.must(err)
	c.PublishSchema(c.Schema)
	c.Office = c.NewAgency().named("Dongcheng Residence Registration", "东城区户籍管理处", gb.USCC("12110101MB0000001"), "010-5550 0101")
	c.Library = c.NewAgency().named("Dongcheng Library", "东城区图书馆", gb.USCC("12110101MB0000002"), "https://library.dongcheng.example")
	c.Accredit(c.Office, ledger.ActionIssue, ledger.StateActive)
	c.Accredit(c.Library, ledger.ActionVerify, ledger.StateActive)
	c.desk = opts.Desk
	c.Desk = c.OpenDesk(c.Office, Region)
	c.must(c.Desk.Publish(t.Context()))
	return c
}

// maxPause lets a test move the clock by years between two checkpoints.
const maxPause = 100 * 365 * 24 * time.Hour

// found makes the ledger and its root agency.
func (c *Country) found(opts Options) {
	ctx, store := c.t.Context(), vault.NewMemoryStore()
	root, err := agency.PrepareRoot(ctx, store, agency.Options{Clock: c.Now})
	c.must(err)
	c.Log, err = sqlitelog.Init(ctx, c.Dir, Origin, opts.ZK, root.Key, sqlitelog.InitOptions{
		Clock: c.Now, NextKeys: [][32]byte{root.Next}, Deciders: []ledger.Decider{root.Decider}, EpochLength: opts.EpochLength, MaxPause: maxPause,
	})
	c.must(err)
	c.t.Cleanup(func() { _ = c.Log.Close() })
	a, err := agency.Open(ctx, store, c.Client(c.Log), c.Log, agency.Options{Clock: c.Now})
	c.must(err)
	c.Root = c.agencyOf(a).named("National Root Agency", "国家根授权机构", gb.USCC("11100000MB0000000"), "010-5550 0100")
	c.must(a.Describe(ctx, c.Root.Subject))
}

func (c *Country) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("hufutest: %v", err)
	}
}

// Now is the clock of everybody in the country.
func (c *Country) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock. The ledger notices only at its next checkpoint.
func (c *Country) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Heartbeat makes a fresh checkpoint.
func (c *Country) Heartbeat() {
	c.t.Helper()
	_, err := c.Log.Heartbeat(c.t.Context())
	c.must(err)
}

// NextEpoch moves the clock five minutes past the end of the epoch and lets the
// ledger close it.
func (c *Country) NextEpoch() {
	c.t.Helper()
	length := c.Log.Trust().EpochLength
	c.Advance(c.Now().Truncate(length).Add(length + 5*time.Minute).Sub(c.Now()))
	c.Heartbeat()
}

// Submit appends objects, signed by an agency, all or none.
func (c *Country) Submit(by *Agency, objects ...ledger.Object) {
	c.t.Helper()
	_, err := by.agency.Submit(c.t.Context(), objects...)
	c.must(err)
}

// PublishSchema makes a schema public, and puts it on the ledger under the root's
// name.
func (c *Country) PublishSchema(s *credential.Schema) {
	c.t.Helper()
	_, err := c.Public.PublishSchema(c.t.Context(), s.Bytes())
	c.must(err)
	c.NameSchema(s)
}

// NameSchema puts a schema on the ledger and its file nowhere.
func (c *Country) NameSchema(s *credential.Schema) {
	c.t.Helper()
	c.must(c.Root.agency.PublishSchema(c.t.Context(), s))
}

// Accredit lets the root grant an agency an action on Type in Region, or change
// the state of what it granted. ledger.StateEnded ends it now.
func (c *Country) Accredit(agency *Agency, action, state string) {
	c.t.Helper()
	a := &ledger.Accreditation{
		Agency: agency.DID, Action: action, Region: Region, Type: Type, Accreditor: c.Root.DID, State: state,
		Subject: agency.Subject,
	}
	if state == ledger.StateEnded {
		a.Until = c.Now().Unix()
	}
	c.Submit(c.Root, a)
}

// OpenDriverDesk opens another agency's desk for driving licences, which the library may
// ask for too. The type is bound by the residents' credentials.
func (c *Country) OpenDriverDesk() *issuer.Desk {
	c.t.Helper()
	return c.openSecondDesk(driverFile)
}

// OpenPermitDesk opens another agency's desk for permits, which the library may ask for
// too. The desk finds out itself who a person is.
func (c *Country) OpenPermitDesk() *issuer.Desk {
	c.t.Helper()
	return c.openSecondDesk(permitFile)
}

func (c *Country) openSecondDesk(file []byte) *issuer.Desk {
	c.t.Helper()
	schema, err := credential.ParseSchema(file)
	c.must(err)
	c.PublishSchema(schema)
	second := c.NewAgency()
	for agency, action := range map[*Agency]string{second: ledger.ActionIssue, c.Library: ledger.ActionVerify} {
		c.Submit(c.Root, &ledger.Accreditation{
			Agency: agency.DID, Action: action, Region: Region, Type: schema.VCT, Accreditor: c.Root.DID, State: ledger.StateActive,
			Subject: agency.Subject,
		})
	}
	cfg := c.DeskConfig(second)
	cfg.Types[0].Schema = schema
	desk, err := issuer.New(cfg)
	c.must(err)
	c.must(desk.Publish(c.t.Context()))
	return desk
}

// HoldLicence gives a wallet a driving licence. The wallet holds the resident's
// credential, and proves with it who the person is.
func (c *Country) HoldLicence(h *Holder, desk *issuer.Desk, r Resident, class, since string) *wallet.Stored {
	c.t.Helper()
	return c.hold(h, desk, "resident_id,name,class,since\n"+r.Number+","+r.Name+","+class+","+since+"\n")
}

// HoldPermit gives a wallet a permit.
func (c *Country) HoldPermit(h *Holder, desk *issuer.Desk, name, class, since string) *wallet.Stored {
	c.t.Helper()
	return c.hold(h, desk, "name,class,since\n"+name+","+class+","+since+"\n")
}

func (c *Country) hold(h *Holder, desk *issuer.Desk, table string) *wallet.Stored {
	c.t.Helper()
	offers, refused, err := desk.Import(c.t.Context(), strings.NewReader(table), issuer.ImportOptions{})
	c.must(err)
	if len(offers) != 1 {
		c.t.Fatalf("hufutest: row refused: %v", refused)
	}
	response, err := desk.Answer(c.t.Context(), c.Apply(h, offers[0]))
	c.must(err)
	stored, err := h.Receive(c.t.Context(), response)
	c.must(err)
	return stored
}

// Apply lets a wallet take up an offer. Where the issuer wants a proof of identity, it
// shows the first credential that gives one.
func (c *Country) Apply(h *Holder, offer issuer.Offer) []byte {
	c.t.Helper()
	offered, err := h.ResolveOffer(c.t.Context(), offer.Offer)
	c.must(err)
	var opts wallet.ApplyOptions
	if offered.NeedsIdentity {
		c.must(h.Refresh(c.t.Context()))
	}
	if offered.NeedsIdentity && len(offered.Identity) > 0 {
		opts.Identity = offered.Identity[0].Parts[0].Credential
	}
	application, err := h.Wallet.Apply(c.t.Context(), offer.Offer, opts)
	c.must(err)
	return application
}

// OpenDesk opens an issuing desk of an agency over an empty memory store.
func (c *Country) OpenDesk(agency *Agency, region string) *issuer.Desk {
	c.t.Helper()
	cfg := c.DeskConfig(agency)
	cfg.Types[0].Region = region
	desk, err := issuer.New(cfg)
	c.must(err)
	return desk
}

// DeskConfig is a desk of an agency for residents of Region, over an empty memory
// store.
func (c *Country) DeskConfig(agency *Agency) issuer.Config {
	cfg := c.desk
	cfg.Keys, cfg.Store = agency.Issuer(), vault.NewMemoryStore()
	cfg.Types = []issuer.Type{{Schema: c.Schema, Region: Region}}
	cfg.Ledger, cfg.Publisher, cfg.Clock = c.Log, c.Public, c.Now
	cfg.Reader, cfg.Public, cfg.AllowSinglePartySetupUnsafe = c.Client(c.Log), c.Public, true
	return cfg
}
