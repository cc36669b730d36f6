package provenance

import (
	"context"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
)

// Source answers who vouches for an issuer or a requester. [Ledger], [X509] and [Pinned]
// make one, and [Sources] asks several. A source that needs more of a ledger returns a
// [*ledger.NotProvedError].
type Source interface {
	// Anchor names what every chain must lead to, for people: for the ledger, the root
	// agency's DID.
	Anchor() string
	// Names reports whether this source alone decides on an agency of this name, whatever
	// a message says of its keys. Nobody then chooses by the header how he is checked.
	Names(id string) bool
	// Identify returns the key that signed a message, if it is the named agency's and was
	// in force. The error wraps [ErrUnknown] where the source knows no such agency.
	Identify(ctx context.Context, m Message) (*Origin, error)
	// Vouch returns the chain from an agency that the source identified to the anchor that
	// entitles it to a deed, the agency's own accreditation first. It is empty for the
	// anchor itself, and where a source has no accreditations.
	Vouch(ctx context.Context, origin *Origin, deed Deed) ([]ledger.Accreditation, error)
	// ListKey returns the key that signed a status list of an agency that the source
	// identified. It must be in force now.
	ListKey(ctx context.Context, origin *Origin, header did.Header, now time.Time) (did.Key, error)
}

// Committed is a source that knows by their hashes which schemas and status lists an
// issuer stands by. [Ledger] is one. Credentials of other sources have no schema there:
// their type is what Options.Types says of its vct, and their status list is fetched from
// the address that they name.
type Committed interface {
	Source
	// Schema returns what was committed to for one version of a schema.
	Schema(ctx context.Context, id string, version uint32) (*ledger.Schema, error)
	// Status returns what was committed to for a status list of an issuer.
	Status(ctx context.Context, issuer, uri string) (*ledger.Status, error)
}

// Message says who speaks, as a signed message claims before anybody has verified it.
type Message struct {
	// ID is the issuer that a credential names in iss, or the DID of a requester; empty
	// where the certificate chain alone names it.
	ID string
	// Header is the message's own: kid and x5c choose the key.
	Header did.Header
	// Action is ledger.ActionIssue or ActionVerify: what the speaker is about to do.
	Action string
	// At is the time at which the message says that it was signed. Zero means Now.
	At time.Time
	// Existed is a time at which the message provably existed, zero where nothing proves
	// it. Where it lies before a compromise of the key, the message counts all the same.
	Existed time.Time
	// Now is the time of the decision; zero means the machine's.
	Now time.Time
}

func (m Message) times() Message {
	if m.Now.IsZero() {
		m.Now = time.Now()
	}
	if m.At.IsZero() {
		m.At = m.Now
	}
	return m
}

// Origin says whose key signed, and by whom its owner is vouched for.
type Origin struct {
	// ID is the agency's DID, or the issuer as a credential names it; of a chain without
	// such a name, x509_hash: and the hash of its leaf.
	ID string
	// Name is what the source calls the agency, made legible; empty on the ledger, where
	// Chain has it.
	Name string
	// Anchor names what the agency was held against.
	Anchor string
	// Key is the one that signed.
	Key did.Key
	// Document holds all keys of the agency; nil where a chain of certificates names one.
	Document *did.Document
	// Path leads to the anchor; nil where no chain does.
	Path *certpath.Path
	// Existed is the ledger's own time by which the credential existed, where that counts
	// although Key was compromised later; zero where Key is in force.
	Existed time.Time
	// Chain leads from the agency's accreditation to the anchor. It is empty until
	// Source.Vouch was asked, and for the anchor itself.
	Chain []ledger.Accreditation
	// Evidence is what the source rests on: for the ledger, the signed checkpoint.
	Evidence []byte

	by Source // who decided, where several were asked
}

// Deed is what an agency needs an accreditation for.
type Deed struct {
	// Action is ledger.ActionIssue or ledger.ActionVerify.
	Action string
	// Type is the credential type (vct).
	Type string
	// Region is a GB/T 2260 code of six digits; empty off the ledger.
	Region string
	// At is the time of the deed.
	At time.Time
}

// Ledger makes a Source of one verified view of a ledger.
func Ledger(view *ledger.View) Committed { return onLedger{view} }

type onLedger struct{ view *ledger.View }

func (l onLedger) Anchor() string { return l.view.RootDID() }

func (l onLedger) Names(id string) bool {
	parsed, err := did.Parse(id)
	return err == nil && parsed.Method == hufu.Method
}

func (l onLedger) Identify(_ context.Context, m Message) (*Origin, error) {
	m = m.times()
	document, err := hufu.FromView(l.view, m.ID)
	if err != nil {
		return nil, err
	}
	key, err := document.Key(m.Header.Kid)
	if err != nil {
		return nil, err
	}
	if err := key.CheckExisted(m.At, m.Existed); err != nil {
		return nil, err
	}
	return &Origin{ID: m.ID, Anchor: l.Anchor(), Key: key, Document: document, Evidence: l.view.Head.Checkpoint}, nil
}

func (l onLedger) Vouch(_ context.Context, origin *Origin, d Deed) ([]ledger.Accreditation, error) {
	return l.view.Accredited(origin.ID, d.Type, d.Action, d.Region, d.At)
}

func (l onLedger) Schema(_ context.Context, id string, version uint32) (*ledger.Schema, error) {
	return l.view.Schema(id, version)
}

func (l onLedger) Status(_ context.Context, issuer, uri string) (*ledger.Status, error) {
	return l.view.Status(issuer, uri)
}

func (l onLedger) ListKey(_ context.Context, origin *Origin, header did.Header, now time.Time) (did.Key, error) {
	return documentKey(origin, header, now)
}

// documentKey is a key of the agency's document that is in force.
func documentKey(origin *Origin, header did.Header, now time.Time) (did.Key, error) {
	key, err := origin.Document.Key(header.Kid)
	if err != nil {
		return did.Key{}, err
	}
	return key, key.CheckAt(now)
}
