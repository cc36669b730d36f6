package provenance

import (
	"context"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
)

// Source answers who vouches for an issuer or a requester, and which schemas and
// status lists an issuer committed to. [Ledger] is one. A source that needs more of
// a ledger returns a [*ledger.NotProvedError].
type Source interface {
	// Anchor names what every chain must lead to: for the ledger, the root agency.
	Anchor() string
	// Identify returns the key that a message names, if it is the named agency's and
	// was in force at a time. existed is a time at which the message provably existed,
	// zero where nothing proves it: where it lies before a compromise of the key, the
	// message counts all the same.
	Identify(ctx context.Context, id, keyID string, at, existed time.Time) (*Origin, error)
	// Vouch returns the chain from the agency to the anchor that entitles it to a
	// deed, the agency's own accreditation first. It is empty for the anchor itself.
	Vouch(ctx context.Context, id string, deed Deed) ([]ledger.Accreditation, error)
	// Schema returns what was committed to for one version of a schema.
	Schema(ctx context.Context, id string, version uint32) (*ledger.Schema, error)
	// Status returns what was committed to for a status list of an issuer.
	Status(ctx context.Context, issuer, uri string) (*ledger.Status, error)
}

// Origin says whose key signed, and by whom its owner is vouched for.
type Origin struct {
	// ID is the agency's DID.
	ID string
	// Key is the one that signed.
	Key did.Key
	// Document holds all keys of the agency.
	Document *did.Document
	// Existed is the ledger's own time by which the credential existed, where that counts
	// although Key was compromised later; zero where Key is in force.
	Existed time.Time
	// Chain leads from the agency's accreditation to the anchor. It is empty until
	// Source.Vouch was asked, and for the anchor itself.
	Chain []ledger.Accreditation
	// Evidence is what the source rests on: for the ledger, the signed checkpoint.
	Evidence []byte
}

// Deed is what an agency needs an accreditation for.
type Deed struct {
	// Action is ledger.ActionIssue or ledger.ActionVerify.
	Action string
	// Type is the credential type (vct).
	Type string
	// Region is a GB/T 2260 code of six digits.
	Region string
	// At is the time of the deed.
	At time.Time
}

// Ledger makes a Source of one verified view of a ledger.
func Ledger(view *ledger.View) Source { return onLedger{view} }

type onLedger struct{ view *ledger.View }

func (l onLedger) Anchor() string { return l.view.RootDID() }

func (l onLedger) Identify(_ context.Context, id, keyID string, at, existed time.Time) (*Origin, error) {
	document, err := hufu.FromView(l.view, id)
	if err != nil {
		return nil, err
	}
	key, err := document.Key(keyID)
	if err != nil {
		return nil, err
	}
	if err := key.CheckExisted(at, existed); err != nil {
		return nil, err
	}
	return &Origin{ID: id, Key: key, Document: document, Evidence: l.view.Head.Checkpoint}, nil
}

func (l onLedger) Vouch(_ context.Context, id string, d Deed) ([]ledger.Accreditation, error) {
	return l.view.Accredited(id, d.Type, d.Action, d.Region, d.At)
}

func (l onLedger) Schema(_ context.Context, id string, version uint32) (*ledger.Schema, error) {
	return l.view.Schema(id, version)
}

func (l onLedger) Status(_ context.Context, issuer, uri string) (*ledger.Status, error) {
	return l.view.Status(issuer, uri)
}
