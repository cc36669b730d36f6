package verifier

import (
	"fmt"
	"time"

	"github.com/hufu-id/hufu/verdict"
)

// Check names one step of Verify. The order of the constants is the order of
// the steps.
type Check = verdict.Check

// The checks.
const (
	CheckForm          Check = "form"          // size and shape; answers what was asked
	CheckRequest       Check = "request"       // known, unexpired, unused
	CheckClock         Check = "clock"         // ours is not behind the ledger's
	CheckCheckpoint    Check = "checkpoint"    // fresh, cosigned, extends the last one
	CheckIssuer        Check = "issuer"        // key valid when it signed
	CheckAccreditation Check = "accreditation" // chain to the trust root
	CheckSchema        Check = "schema"        // of the type asked, as on the ledger
	CheckSignature     Check = "signature"     // the issuer's
	CheckValidity      Check = "validity"      // not before, expiry
	CheckStatus        Check = "status"        // not revoked
	CheckBinding       Check = "binding"       // the holder's signature, for this request
	CheckEpoch         Check = "epoch"         // recent enough, roots of the ledger
	CheckPrepare       Check = "prepare"       // a valid, unrevoked credential
	CheckStatement     Check = "statement"     // what was asked, for this request
	CheckPolicy        Check = "policy"        // issuer and values
	CheckReplay        Check = "replay"        // answered before
	CheckOnce          Check = "once"          // person answered before
)

// Rejected means that something was checked and is false.
type Rejected struct {
	Check Check
	Err   error
}

func (r *Rejected) Error() string { return fmt.Sprintf("verifier: rejected at %s: %v", r.Check, r.Err) }

// Unwrap returns the reason.
func (r *Rejected) Unwrap() error { return r.Err }

// Unchecked means that something could not be checked. It is neither a yes nor a no.
// Asking again later may decide it.
type Unchecked struct {
	Check Check
	Err   error
}

func (u *Unchecked) Error() string {
	return fmt.Sprintf("verifier: could not check %s: %v", u.Check, u.Err)
}

// Unwrap returns the reason.
func (u *Unchecked) Unwrap() error { return u.Err }

// Learned is one thing that the counter now knows: a disclosed value or a proved
// statement.
type Learned struct {
	Query     string `json:"query"` // id
	Type      string `json:"type"`  // vct of the credential
	Claim     string `json:"claim"`
	Label     Text   `json:"label"`
	Value     any    `json:"value,omitempty"`
	Statement *Text  `json:"statement,omitempty"`
}

// Withheld is one claim of the credential type that was never received.
type Withheld struct {
	Query string `json:"query"` // id
	Type  string `json:"type"`  // vct of the credential
	Claim string `json:"claim"`
	Label Text   `json:"label"`
}

// Authorised is one document whose signature the holder authorised.
type Authorised struct {
	Label    Text   `json:"label"`
	Document string `json:"document"` // SHA-256, hexadecimal
}

// Issuer is who issued one credential.
type Issuer struct {
	// DID is the issuer's; off the ledger, its name as the credential or the certificate
	// has it.
	DID string `json:"did"`
	// Anchor is who vouches for an issuer off the ledger; empty on it.
	Anchor string `json:"anchor,omitempty"`
	// Name is the issuer's, as its accreditor vouches, or the subject of its certificate; nil
	// for the root, which nobody accredits, and where nobody gives one.
	Name *Text `json:"name,omitempty"`
	// Existed is the ledger's time by which the credential existed, where it counts
	// although the issuer's key was compromised later; nil where the key is in force.
	Existed *time.Time `json:"existed,omitempty"`
}

// Holder says what is proved about who holds the credentials of an answer.
type Holder string

// What is proved about the holder.
const (
	// HolderOne: the answer shows one credential, and its holder gave it.
	HolderOne Holder = "one"
	// HolderProved: the proofs are made with one secret, which the desks of one identity
	// type bound to one person. That person holds all credentials of the answer.
	HolderProved Holder = "proved"
	// HolderSameKey: one key is bound in every credential, and signed each presentation
	// for this request. Whoever has that key holds them all. That their issuers meant one
	// person is not proved.
	HolderSameKey Holder = "same-key"
	// HolderNotProved: each credential was shown by whoever holds it, and nothing proves
	// that these are one person.
	HolderNotProved Holder = "not-proved"
)

// Result is what the counter learned from an accepted answer, all of it verified. Holder
// says whether one person holds all credentials of the answer.
type Result struct {
	Request     string    `json:"request"`               // id of the request
	Correlation string    `json:"correlation,omitempty"` // as in RequestOptions
	Accepted    time.Time `json:"accepted"`              // when, on the counter's clock
	// Repeated means that the same answer had been accepted before, at Accepted: it
	// was sent again, and nobody is to be served again.
	Repeated      bool       `json:"repeated,omitempty"`
	Level         Level      `json:"level"`
	Queries       []string   `json:"queries"` // ids, in the query's order
	Format        string     `json:"format"`
	Types         []string   `json:"types"`             // vct of each
	Issuers       []Issuer   `json:"issuers,omitempty"` // of each; nil where proofs hide them
	Holder        Holder     `json:"holder"`
	Learned       []Learned  `json:"learned"`
	NeverReceived []Withheld `json:"neverReceived"`
	Checks        []Check    `json:"checks"`
	Pseudonym     string     `json:"pseudonym,omitempty"` // only in a named scope
	// Authorised lists what the holder authorised with the presentation: see
	// RequestOptions.Transactions.
	Authorised []Authorised `json:"authorised,omitempty"`
	// Says is what was said in a counted event, and Use the ledger.Use that counts it, in
	// its canonical form: the agency signs and submits it. Until the ledger took it the
	// person is counted at this counter alone.
	Says         *Text         `json:"says,omitempty"`
	Use          []byte        `json:"use,omitempty"`
	AsOf         time.Time     `json:"asOf"`       // of the checkpoint; zero where the ledger has no say
	Checkpoint   uint64        `json:"checkpoint"` // its size
	Bytes        int           `json:"bytes"`      // of the presentations
	Duration     time.Duration `json:"-"`          // of judging
	Milliseconds float64       `json:"milliseconds"`
}
