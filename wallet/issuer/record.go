package issuer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Kinds of record in the store.
const (
	kindOffer      = "offer"          // offer, by hash of the code
	kindCredential = "credential"     // issued, by place
	kindPerson     = "person"         // person, by hash of schema and person
	kindCommitment = "commitment"     // claim, by hash of schema and commitment
	kindExternal   = "external"       // external, by hash of the agency's own name
	kindNewest     = "status-newest"  // number of the newest list, by type
	kindList       = "status-list"    // list, by URI
	kindTaken      = "status-taken"   // bits of a page: given away
	kindInvalid    = "status-invalid" // bits of a page: revoked, as the ledger has it
	kindResigned   = "resigned"       // entry, by hash of the credential before
	kindAnchored   = "anchored"       // bits of a page: an anchor covers the credential, or none ever will
	kindExistence  = "existence"      // existence, by hash of the credential
	kindBatch      = "batch"          // batch, by root, and the pending one
)

// offer is one person's way to a credential, from its making on.
type offer struct {
	Type     string         `json:"type"` // Type.ID
	Person   string         `json:"person"`
	Claims   jsontext.Value `json:"claims,omitzero"` // until it is taken up
	Code     string         `json:"code"`
	External string         `json:"external,omitzero"`
	Replaces bool           `json:"replaces,omitzero"`
	Rebind   bool           `json:"rebind,omitzero"`
	Expires  time.Time      `json:"expires"`
	// TxCode is the hash of the transaction code, TxDigits its length, and Wrong counts the
	// wrong ones that were tried.
	TxCode   string `json:"txCode,omitzero"`
	TxDigits int    `json:"txDigits,omitzero"`
	Wrong    int    `json:"wrong,omitzero"`
	// SignIn means that the code is an issuer_state, which buys nothing by itself.
	SignIn bool `json:"signIn,omitzero"`
	// Deferred means that a clerk decides after the application. One of the two times is
	// set once he did.
	Deferred bool      `json:"deferred,omitzero"`
	Approved time.Time `json:"approved,omitzero"`
	Refused  time.Time `json:"refused,omitzero"`
	// Redeemed is when the code bought a grant.
	Redeemed time.Time `json:"redeemed,omitzero"`
	Waiting  *waiting  `json:"waiting,omitzero"`
	Taken    *taken    `json:"taken,omitzero"`
}

// waiting is an application that a clerk has not decided yet, checked.
type waiting struct {
	Transaction string     `json:"transaction"` // id
	Application string     `json:"application"` // hash
	Holders     [][]byte   `json:"holders"`     // JWK
	Commitment  []byte     `json:"commitment,omitzero"`
	Shown       *shownHere `json:"shown,omitzero"`
}

// shownHere is what the proof of an identity credential showed.
type shownHere struct {
	Person string  `json:"person"`
	Bound  zkp.Day `json:"bound"`
}

// taken is what became of an offer.
type taken struct {
	Place entry `json:"place"`
	// Copies are the places of the second copy and the following ones.
	Copies []entry `json:"copies,omitzero"`
	// Application is the hash of the application that was answered, and Response the
	// answer, for a wallet that did not get it.
	Application string `json:"application"`
	Response    []byte `json:"response,omitzero"`
	// Ended means that the answer is not given again: a copy was revoked.
	Ended bool `json:"ended,omitzero"`
	// Transaction is the id under which a wallet waited for the answer.
	Transaction string `json:"transaction,omitzero"`
	// Notification is the id under which a wallet says what became of it, in Events.
	Notification string     `json:"notification,omitzero"`
	Events       []Notified `json:"events,omitzero"`
}

// places are those of all copies.
func (t *taken) places() []entry {
	if t == nil {
		return nil
	}
	return append([]entry{t.Place}, t.Copies...)
}

// copyAt is the number of the copy at a place, from 0; -1 for a place of an earlier answer.
func (t *taken) copyAt(at entry) int { return slices.Index(t.places(), at) }

// entry is a place in a status list. It names an issued credential.
type entry struct {
	List  string `json:"list"` // URI
	Index int    `json:"index"`
}

func (p entry) id() string { return p.List + "/" + strconv.Itoa(p.Index) }

// issued is one credential.
type issued struct {
	Type     string    `json:"type"`
	Offer    string    `json:"offer"` // hash of the code
	External string    `json:"external,omitzero"`
	At       time.Time `json:"at"`
	NotAfter zkp.Day   `json:"notAfter"`
	KeyID    string    `json:"keyId"` // of the key that signed the credential
	handle
	// Earlier are the handles of endorsements that were signed anew and count still.
	Earlier []handle `json:"earlier,omitzero"`
	// Revoking means that its revocation waits for the ledger.
	Revoking bool      `json:"revoking,omitzero"`
	Revoked  time.Time `json:"revoked,omitzero"`
}

// handle makes a revocation handle: ProofKey signed the endorsement, and Random is in it.
// Keys come and go, and the handle stays.
type handle struct {
	ProofKey []byte `json:"proofKey,omitzero"`
	Random   []byte `json:"random,omitzero"`
}

// handleOf is the handle of an endorsement; the zero one where there is none.
func handleOf(e *zkp.Endorsement) handle {
	if e == nil {
		return handle{}
	}
	return handle{e.Issuer.Bytes(), e.Random[:]}
}

// none means that there is nothing to revoke but the entry of the status list.
func (h handle) none() bool { return len(h.ProofKey) == 0 }

// external is what an agency's own name stands for.
type external struct {
	Offers []string `json:"offers,omitzero"` // hashes of codes, not taken up
	Held   []entry  `json:"held,omitzero"`
}

// get reads a JSON record. It reports false where there is none.
func get(tx vault.Tx, kind, id string, into any) (bool, error) {
	r, err := tx.Get(kind, id)
	if errors.Is(err, vault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := strictjson.Read(r.Value, limits.Record, into); err != nil {
		return false, fmt.Errorf("%w: %s: %w", vault.ErrDamaged, kind, err)
	}
	return true, nil
}

// getIssued reads a credential that the desk knows to be there.
func getIssued(tx vault.Tx, at entry) (*issued, error) {
	c := new(issued)
	there, err := get(tx, kindCredential, at.id(), c)
	if err == nil && !there {
		err = fmt.Errorf("%w: no credential at its place in the status list", vault.ErrDamaged)
	}
	return c, err
}

func deterministic(claims map[string]any) ([]byte, error) {
	return json.Marshal(claims, json.Deterministic(true))
}

func put(tx vault.Tx, kind, id string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return tx.Put(kind, id, b)
}

// hashText names a record by texts, none of which contains a zero byte.
func hashText(texts ...string) string {
	h := sha256.New()
	h.Write([]byte("hufu/desk/2"))
	for _, t := range texts {
		h.Write([]byte{0})
		h.Write([]byte(t))
	}
	return hex.EncodeToString(h.Sum(nil))
}
