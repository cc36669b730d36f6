package folder

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Card is agency.json: who an agency is. Nothing in it is secret.
type Card struct {
	Name    string `json:"name"` // English
	Chinese string `json:"name_zh,omitempty"`
	Code    string `json:"code,omitempty"` // unified social credit code
	Contact string `json:"contact,omitempty"`
	DID     string `json:"did,omitempty"` // a root agency's is empty until a ledger has it
	Root    bool   `json:"root,omitempty"`
	// Described says that the ledger knows who its root agency is.
	Described bool `json:"described,omitempty"`
}

// Fill takes from the card what a subject leaves out.
func (c Card) Fill(s ledger.Subject) ledger.Subject {
	return ledger.Subject{
		Name: ledger.Text{English: cmp.Or(s.Name.English, c.Name), Chinese: cmp.Or(s.Name.Chinese, c.Chinese)},
		Code: cmp.Or(s.Code, c.Code), Contact: cmp.Or(s.Contact, c.Contact),
	}
}

const cardName = "agency.json"

// ReadCard reads agency.json in an agency's folder. The error is an [*Error] with
// [ErrMissing] or [ErrMalformed].
func ReadCard(dir string) (card Card, err error) {
	name := filepath.Join(dir, cardName)
	b, err := limits.ReadFile(name, limits.Document)
	if err != nil {
		return card, &Error{dir, ErrMissing, err}
	}
	if err := strictjson.Read(b, limits.Document, &card); err != nil || card.Name == "" {
		return card, &Error{name, ErrMalformed, err}
	}
	return card, nil
}

// FindCard reads the card of an agency by its folder. Of one that is named by its DID
// nothing more is known. The error is one of ReadCard, or agency.ErrNoDID where the
// agency has none yet.
func FindCard(didOrFolder string) (Card, error) {
	if ledger.CheckDID(didOrFolder) == nil {
		return Card{DID: didOrFolder}, nil
	}
	card, err := ReadCard(didOrFolder)
	if err == nil && card.DID == "" {
		err = agency.ErrNoDID
	}
	return card, err
}

// Agency is the open folder of an agency.
type Agency struct {
	*agency.Agency // nil until Join

	Card  Card
	Vault *Vault
	dir   string
	opts  Options

	log    Ledger // nil without one
	client *ledger.Client
}

// ApplicationName is the file in an agency's folder that another agency admits: see
// agency.Apply. Nothing in it is secret.
const ApplicationName = "application"

// NewAgency makes an agency's folder, its keys, and its application to the ledger
// ([ApplicationName]). Once another agency has admitted it, Join opens it. Without a
// ledger it makes the keys of a root agency, to which [Agency.Found] gives a DID. Of the
// subject only the English name is needed here; the rest at the accreditation. The
// error is an [*Error], or one of package agency; then the folder stays, and
// OpenAgency with Join finishes the work.
func NewAgency(ctx context.Context, dir string, subject ledger.Subject, passphrase []byte, log Ledger, opts Options) (*Agency, error) {
	a := &Agency{dir: dir, opts: opts.withDefaults(), Card: Card{
		Name: subject.Name.English, Chinese: subject.Name.Chinese, Code: subject.Code, Contact: subject.Contact, Root: log == nil,
	}}
	err := makeFolder(dir)
	if err == nil {
		a.Vault, err = createVault(ctx, dir, passphrase, opts)
	}
	if err != nil {
		return nil, err
	}
	if err = a.saveCard(); err == nil && log != nil {
		err = a.apply(ctx, log)
	} else if err == nil {
		_, err = a.RootKeys(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// OpenAgency opens an agency's vault and no more: Join comes next. The error is an
// [*Error] with [ErrMissing], [ErrMalformed] or [ErrVault].
func OpenAgency(ctx context.Context, dir string, passphrase []byte, opts Options) (*Agency, error) {
	card, err := ReadCard(dir)
	if err != nil {
		return nil, err
	}
	store, err := openVault(ctx, dir, passphrase, opts)
	if err != nil {
		return nil, err
	}
	return &Agency{dir: dir, Card: card, Vault: store, opts: opts.withDefaults()}, nil
}

// options are those of package agency.
func (a *Agency) options() agency.Options { return agency.Options{Clock: a.opts.Clock, ProofKey: true} }

// read reads a ledger with the trust that the vault keeps.
func (a *Agency) read(ctx context.Context, log Ledger) (err error) {
	a.client, err = ledger.NewClient(ctx, log.Trust(), log, vault.NewTrustStore(a.Vault, log.Trust().Origin), ledger.ClientOptions{Clock: a.opts.Clock})
	return err
}

// apply makes the application to a ledger, or the file of one that was made before.
func (a *Agency) apply(ctx context.Context, log Ledger) error {
	if err := a.read(ctx, log); err != nil {
		return err
	}
	application, err := agency.Apply(ctx, a.Vault, a.client, a.options())
	if err == nil {
		a.Card.DID, err = ledger.DIDOf(application.Operation)
	}
	if err == nil {
		err = replace(filepath.Join(a.dir, ApplicationName), application.Bytes())
	}
	if err != nil {
		return err
	}
	return a.saveCard()
}

// Join opens the agency on a ledger, finishes what was interrupted, and notes the DID
// in agency.json. A root agency whose subject is whole tells the ledger who it is. With a
// nil ledger the agency only signs. The error is [*WaitingError] where no agency has
// admitted this one yet, or one of agency.Open, agency.OpenOffline and ledger.NewClient.
func (a *Agency) Join(ctx context.Context, log Ledger) (err error) {
	if log == nil {
		a.Agency, err = agency.OpenOffline(ctx, a.Vault, a.options())
		return err
	}
	a.log = log
	if err := a.read(ctx, log); err != nil {
		return err
	}
	a.Agency, err = agency.Open(ctx, a.Vault, a.client, log, a.options())
	if !a.Card.Root && (errors.Is(err, agency.ErrNone) || errors.Is(err, ledger.ErrNotAdmitted)) {
		return a.wait(ctx, log)
	}
	if err != nil {
		return err
	}
	if subject := a.Card.Fill(ledger.Subject{}); a.Card.Root && !a.Card.Described && subject.Check() == nil {
		if err := a.Describe(ctx, subject); err != nil {
			return err
		}
		a.Card.Described = true
		return a.Found(a.DID())
	}
	if a.Card.DID == a.DID() {
		return nil
	}
	return a.Found(a.DID())
}

// A WaitingError says that no agency has admitted this one yet.
type WaitingError struct {
	// Application is the file to give to an agency on the ledger.
	Application string
}

func (e *WaitingError) Error() string { return ledger.ErrNotAdmitted.Error() + ": " + e.Application }

// Unwrap returns ledger.ErrNotAdmitted.
func (e *WaitingError) Unwrap() error { return ledger.ErrNotAdmitted }

// wait makes sure that the file of the application is there.
func (a *Agency) wait(ctx context.Context, log Ledger) error {
	if err := a.apply(ctx, log); err != nil {
		return err
	}
	return &WaitingError{filepath.Join(a.dir, ApplicationName)}
}

// RootKeys are what a ledger is founded with. Errors are those of
// agency.PrepareRoot.
func (a *Agency) RootKeys(ctx context.Context) (*agency.Root, error) {
	return agency.PrepareRoot(ctx, a.Vault, agency.Options{Clock: a.opts.Clock})
}

// FoundLedger makes a ledger in a folder with the agency's keys, and leaves it open: its
// genesis gives the agency its DID, as Found says. opts has what the caller decides;
// FoundLedger sets NextKeys, puts the agency before the other Deciders, and sets Clock
// where it is nil. The error is an [*Error] with
// [ErrExists], or one of RootKeys, Found and sqlitelog.Init.
func (a *Agency) FoundLedger(ctx context.Context, dir, origin string, opts sqlitelog.InitOptions) (*sqlitelog.Log, error) {
	keys, err := a.RootKeys(ctx)
	if err != nil {
		return nil, err
	}
	if opts.Clock == nil {
		opts.Clock = a.opts.Clock
	}
	opts.NextKeys = [][32]byte{keys.Next}
	opts.Deciders = append([]ledger.Decider{keys.Decider}, opts.Deciders...)
	log, err := sqlitelog.Init(ctx, dir, origin, new(zkp.Accumulator), keys.Key, opts)
	if errors.Is(err, os.ErrExist) {
		return nil, &Error{dir, ErrExists, err}
	}
	if err != nil {
		return nil, err
	}
	if err := a.Found(log.Trust().RootDID); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}

// Found notes the DID that a new ledger gave its root agency. The vault learns of it
// at the next Join: until witnesses elsewhere have signed, the ledger proves nothing.
func (a *Agency) Found(did string) error {
	a.Card.DID = did
	return a.saveCard()
}

func (a *Agency) saveCard() error {
	card, err := json.MarshalIndent(a.Card, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(a.dir, cardName), append(card, '\n'))
}

// Close closes the vault.
func (a *Agency) Close() error { return a.Vault.Close() }
