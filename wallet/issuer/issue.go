package issuer

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/zkp"
)

// ErrIssue means that a credential cannot be issued as asked.
var ErrIssue = errors.New("issuer: cannot issue")

// Keys are what an issuing desk signs with. Private keys enter as interfaces, so
// that a hardware module can hold them.
type Keys struct {
	// DID is the agency's identifier on the ledger.
	DID string
	// Ledger is the one for which the key signs operations.
	Ledger ledger.ID
	// KeyID is the DID URL of the signature key.
	KeyID string
	// Key signs credentials, status lists and ledger operations.
	Key crypto.Signer
	// Proof signs endorsements.
	Proof zkp.Signer
}

// An IssueSpec says what one credential will state.
type IssueSpec struct {
	Schema *credential.Schema
	Claims map[string]any // as the schema names them, already validated
	Region string         // GB/T 2260, for which the issuer is accredited

	Holder     crypto.PublicKey // of the holder's key
	Commitment zkp.Element      // holder commitment; zero: no endorsement
	Scope      zkp.Scope        // of the commitment; zero: that of the schema, see package identity
	Binding    zkp.Day          // day the holder's secret was bound
	Random     []byte           // of the handle, 16 bytes; nil: fresh

	// Chain is written as x5c; see Config.Chain. To who reads x5c the issuer is the subject
	// of the leaf (SD-JWT VC draft 18, section 2.5). iss stays the DID, which tells readers
	// of kid where the key stands.
	Chain [][]byte

	Status              status.Reference
	NotBefore, NotAfter zkp.Day // both included
}

// Issued is a fresh credential and its endorsement, nil where none was asked.
type Issued struct {
	Credential  *credential.SDJWT
	Endorsement *zkp.Endorsement
}

// Issue makes one SD-JWT VC. Every claim of the schema is selectively
// disclosable, the endorsement is one more of them, and the number of digests
// is the schema's, so that nobody can tell a credential with an endorsement from
// one without. It checks the claims against the schema once more and signs nothing
// that does not fit. random nil means crypto/rand.
func Issue(ctx context.Context, keys *Keys, spec *IssueSpec, random io.Reader) (*Issued, error) {
	if problems := spec.Schema.Validate(spec.Claims); len(problems) > 0 {
		return nil, fmt.Errorf("%w: claim %s: %s", ErrIssue, problems[0].Path, problems[0].Reason)
	}
	claims := map[string]any{
		"iss": keys.DID, "vct": spec.Schema.VCT,
		"iat": spec.NotBefore.Start().Unix(), "nbf": spec.NotBefore.Start().Unix(),
		"exp":                  (spec.NotAfter + 1).Start().Unix(),
		provenance.ClaimSource: map[string]any{"schema": spec.Schema.ID, "version": int64(spec.Schema.Version), "region": spec.Region},
		"status":               spec.Status.Claim(),
	}
	hide := make([]credential.Path, 0, len(spec.Schema.Claims)+2)
	for _, c := range spec.Schema.Claims {
		if value, ok := predicate.Claim(spec.Claims, c.Path); ok {
			place(claims, c.Path, value)
			hide = append(hide, c.Path)
		}
	}
	claims[predicate.ClaimBinding] = spec.Binding.String()
	hide = append(hide, credential.Path{predicate.ClaimBinding})

	out := new(Issued)
	if !spec.Commitment.IsZero() {
		var err error
		if out.Endorsement, err = issueEndorsement(ctx, keys, spec, random); err != nil {
			return nil, err
		}
		claims[zkp.ClaimName] = out.Endorsement.String()
		hide = append(hide, credential.Path{zkp.ClaimName})
	}
	var err error
	out.Credential, err = credential.Issue(ctx, keys.Key, did.Header{Typ: credential.Type, Kid: keys.KeyID, X5C: spec.Chain}, claims, hide,
		// Whole days, but those of the agency's zone rather than of UTC.
		credential.IssueOptions{Digests: spec.Schema.Digests, Holder: spec.Holder, Rand: random, AnyTimeOfDay: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIssue, err)
	}
	return out, nil
}

// place sets a claim at a path of names, as schemas have them.
func place(claims map[string]any, path credential.Path, value any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := claims[name.(string)].(map[string]any)
		if !ok {
			inner = map[string]any{}
			claims[name.(string)] = inner
		}
		claims = inner
	}
	claims[path[len(path)-1].(string)] = value
}

func issueEndorsement(ctx context.Context, keys *Keys, spec *IssueSpec, random io.Reader) (*zkp.Endorsement, error) {
	attributes, err := predicate.Attributes(spec.Schema, spec.Claims, spec.Binding)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIssue, err)
	}
	scope := spec.Scope
	if scope == (zkp.Scope{}) {
		scope = identity.Scope(keys.DID, spec.Schema)
	}
	if spec.Random != nil {
		random = bytes.NewReader(spec.Random)
	}
	endorsement, err := zkp.IssueEndorsement(ctx, keys.Proof, zkp.EndorsementSpec{
		Schema: predicate.SchemaElement(spec.Schema), Region: spec.Region, Holder: spec.Commitment, Issuance: scope,
		NotBefore: spec.NotBefore, NotAfter: spec.NotAfter, Attributes: attributes,
	}, random)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIssue, err)
	}
	return endorsement, nil
}
