package provenance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
)

// maxAttested bounds the accreditations of one attestation.
const maxAttested = 64

// ErrAttestation means that a proof of who asks cannot be made, because it would be too
// large.
var ErrAttestation = errors.New("provenance: no proof of who asks can be made")

// A Requester is a counter, and what it is about to ask.
type Requester struct {
	DID     string
	Types   []string // credential types (vct)
	Purpose string   // id, empty for none
}

// AttestOptions changes defaults. The zero value is safe.
type AttestOptions struct {
	// Now is the time of the decision; zero means the client's clock.
	Now time.Time
	// MaxAge bounds the age of the checkpoint; zero means the client's.
	MaxAge time.Duration
}

// Attest makes one ledger proof of who a counter is and what it may ask, for a wallet
// that asks nobody. Under one checkpoint it proves the counter's DID, every accreditation
// to verify one of the types, in force or not, each with its chain to the root, how the
// root describes itself, and the purpose where the ledger has it. The state leaf, which
// every proof has, names the newest closed epoch and its roots.
//
// Which accreditations there are, the ledger's server says: one that leaves some out makes
// the counter prove less than it could. The error is [ErrAttestation], or one of
// ledger.Client.Keys and Resolve.
func Attest(ctx context.Context, client *ledger.Client, who Requester, opts AttestOptions) (*ledger.Proof, error) {
	keys, err := attestedKeys(ctx, client, who)
	if err != nil {
		return nil, err
	}
	var proof *ledger.Proof
	judge := func(view *ledger.View) error {
		if err := attested(view, who, keys); err != nil {
			return err
		}
		proof = view.Proof()
		return nil
	}
	always := append(slices.Clone(keys), ledger.DIDKey(who.DID))
	err = client.Resolve(ctx, judge, ledger.ResolveOptions{Keys: always, Now: opts.Now, MaxAge: opts.MaxAge})
	return proof, err
}

// attestedKeys lists the accreditations to verify one of the types, and the purpose.
func attestedKeys(ctx context.Context, client *ledger.Client, who Requester) ([]string, error) {
	prefix := ledger.AccreditationPrefix(who.DID) + ledger.ActionVerify + "/"
	all, err := client.Keys(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, key := range all {
		rest, ours := strings.CutPrefix(key, prefix)
		_, typ, ok := strings.Cut(rest, "/") // after the region
		if ours && ok && slices.Contains(who.Types, typ) {
			keys = append(keys, key)
		}
	}
	if len(keys) > maxAttested {
		return nil, fmt.Errorf("%w: %d accreditations, %d fit", ErrAttestation, len(keys), maxAttested)
	}
	purpose := ledger.PurposeKey(who.DID, who.Purpose)
	if who.Purpose == "" || ledger.CheckKey(purpose) != nil {
		return keys, nil
	}
	known, err := client.Keys(ctx, purpose)
	if err == nil && slices.Contains(known, purpose) {
		keys = append(keys, purpose)
	}
	return keys, err
}

// attested reads all that the proof is to hold.
func attested(view *ledger.View, who Requester, keys []string) error {
	var missing []string
	read := func(err error) error {
		var unknown *ledger.NotProvedError
		if errors.As(err, &unknown) {
			missing = append(missing, unknown.Keys...)
			return nil
		}
		return err
	}
	if _, err := hufu.FromView(view, who.DID); read(err) != nil {
		return err
	}
	for _, key := range keys {
		if strings.HasPrefix(key, ledger.PrefixPurpose) {
			continue // it is proved by being asked for
		}
		// A chain that does not hold is proved as far as it goes: the wallet says why.
		_, err := ledger.Chain(view, view.RootDID(), key, view.Now())
		_ = read(err)
	}
	// Where the root has not described itself, that is proved too.
	_, err := view.Get(ledger.RootKey(view.RootDID()))
	_ = read(err)
	if len(missing) > 0 {
		return &ledger.NotProvedError{Keys: missing}
	}
	return nil
}
