package ledger

import (
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/strictjson"
)

// nominationDomain separates the signature of a nomination from all others.
const nominationDomain = "hufu/decider/1\x00"

// maxNomination caps a nomination in JSON.
const maxNomination = 2048

// A Nomination is what an agency hands in to decide in the next agreement, or to found a
// ledger. All of it is public. It is JSON:
//
//	{"origin": "...", "ledger": "<base64>", "key": "<base64>", "next": "<base64>",
//	 "replaces": "<base64>", "proof": "<base64>"}
type Nomination struct {
	// Origin names the log, and Ledger the ledger; zero for one that is to be founded.
	Origin string
	Ledger ID
	// Decider is the agency's say.
	Decider Decider
	// Replaces is the Next that the agency has in the agreement that holds; zero for an
	// agency that decides nothing yet.
	Replaces [32]byte
	// Proof is the signature of Decider.Key: nobody hands in a key that another has.
	Proof []byte
}

type nominationJSON struct {
	Origin   string `json:"origin"`
	Ledger   []byte `json:"ledger,omitempty"`
	Key      []byte `json:"key"`
	Next     []byte `json:"next"`
	Replaces []byte `json:"replaces,omitempty"`
	Proof    []byte `json:"proof"`
}

// Nominate signs a nomination with the agency's signature key. The error is [ErrSuite],
// [ErrKey], or the signer's own.
func Nominate(n Nomination, key crypto.Signer) (*Nomination, error) {
	if err := CheckKey(n.Origin); err != nil {
		return nil, err
	}
	suites := DefaultSuites()
	public, err := suites.MarshalKey(key.Public())
	if err != nil {
		return nil, err
	}
	n.Decider.Key = public
	if _, n.Proof, err = suites.sign(key, n.message()); err != nil {
		return nil, err
	}
	return ParseNomination(n.Bytes())
}

// message is what the key signs: the domain and the CBOR of the other fields.
func (n *Nomination) message() []byte {
	return append([]byte(nominationDomain), encode([]any{n.Origin, n.Ledger[:], n.Decider, n.Replaces})...)
}

// Bytes returns the JSON.
func (n *Nomination) Bytes() []byte {
	j := nominationJSON{Origin: n.Origin, Key: n.Decider.Key, Next: n.Decider.Next[:], Proof: n.Proof}
	if n.Ledger != (ID{}) {
		j.Ledger = n.Ledger[:]
	}
	if n.Replaces != [32]byte{} {
		j.Replaces = n.Replaces[:]
	}
	b, _ := json.Marshal(j, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true)) // then it never fails
	return append(b, '\n')
}

// ParseNomination reads a nomination and verifies its proof. The error is [ErrTooLarge],
// [ErrFormat], [ErrKey], [ErrValue], [ErrSuite] or [ErrSignature].
func ParseNomination(b []byte) (*Nomination, error) {
	var j nominationJSON
	err := strictjson.Read(b, maxNomination, &j)
	if errors.Is(err, strictjson.ErrTooLarge) {
		return nil, fmt.Errorf("%w: nomination of %d bytes", ErrTooLarge, len(b))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: nomination: %w", ErrFormat, err)
	}
	n := &Nomination{Origin: j.Origin, Decider: Decider{Key: j.Key}, Proof: j.Proof}
	ok := readHash(&n.Decider.Next, j.Next) && (j.Ledger == nil || readHash((*[32]byte)(&n.Ledger), j.Ledger)) &&
		(j.Replaces == nil || readHash(&n.Replaces, j.Replaces))
	if !ok {
		return nil, fmt.Errorf("%w: hash in the nomination", ErrValue)
	}
	if err := CheckKey(n.Origin); err != nil {
		return nil, err
	}
	return n, DefaultSuites().verify(n.Decider.Key, n.message(), n.Proof)
}

// Seat puts the nominated agency into an agreement that is in the making: in the place that
// it has, or behind the others. The error is [ErrConflict] for a nomination for another
// ledger, or one that replaces a say that the agreement does not have.
func (t *Agreement) Seat(id ID, n *Nomination) error {
	if n.Ledger != id {
		return fmt.Errorf("%w: nomination for another ledger", ErrConflict)
	}
	if n.Replaces == [32]byte{} {
		t.Deciders = append(t.Deciders, n.Decider)
		return nil
	}
	place := slices.IndexFunc(t.Deciders, func(d Decider) bool { return d.Next == n.Replaces })
	if place < 0 {
		return fmt.Errorf("%w: the nomination replaces a say that nobody has", ErrConflict)
	}
	t.Deciders[place] = n.Decider
	return nil
}

// deciderDigits is how many digits name a decider, and least of them are needed to find one.
const (
	deciderDigits = 16
	leastDigits   = 8
)

// Name returns the first 16 hexadecimal digits of the KeyHash of the key in use: agreements
// do not say who their agencies are.
func (d Decider) Name() string {
	hash := KeyHash(d.Key)
	return hex.EncodeToString(hash[:])[:deciderDigits]
}

// Unseat takes an agency out of an agreement that is in the making. It is named by the
// first digits of its Name, eight at least. The error is [ErrMissing].
func (t *Agreement) Unseat(name string) error {
	place := slices.IndexFunc(t.Deciders, func(d Decider) bool {
		return len(name) >= leastDigits && strings.HasPrefix(d.Name(), name)
	})
	if place < 0 {
		return fmt.Errorf("%w: no decider of that name", ErrMissing)
	}
	t.Deciders = slices.Delete(t.Deciders, place, place+1)
	return nil
}
