// Package hufu resolves did:hufu, the method of agencies on a Hufu ledger.
//
// An identifier is did:hufu: and 32 characters of base32: the beginning of the
// hash of the operation that created it (ledger.DIDOf), so nobody can claim
// another's. Its document (DID Core 5) is derived from the ledger's object: each
// signature key, named #sig-1 and so on, with the period in which it is in force.
// A key that was compromised ends when that began. Keys are never deleted, so
// whether a signature of last year counts needs only today's document.
//
// For example: [FromView] of a view that proves did/did:hufu:aaaa… returns a
// document with that ID and, say, one key "did:hufu:aaaa…#sig-1" with an
// *ecdsa.PublicKey, Alg "ES256" and From at the time of its creation.
//
// Proof keys (#zk-1) are not in the document: they verify nothing by themselves,
// and their accreditation is proved in zero knowledge. Not checked here: whether
// the agency is accredited for anything, and whether the view is fresh enough,
// which ledger.Verify did.
package hufu

import (
	"context"
	"fmt"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
)

// Method is the method's name.
const Method = "hufu"

// FromView derives the document of a DID from a verified view of the ledger.
// The error is did.ErrUnsupportedMethod for another method, did.ErrSyntax,
// ledger.ErrDeactivated, ledger.ErrAbsent, a [*ledger.NotProvedError] for
// ledger.Client.Resolve to act on, or did.ErrUnsupportedKey.
func FromView(view *ledger.View, id string) (*did.Document, error) {
	parsed, err := did.Parse(id)
	if err != nil {
		return nil, err
	}
	if parsed.Method != Method {
		return nil, did.ErrUnsupportedMethod
	}
	if err := ledger.CheckDID(id); err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrSyntax, err)
	}
	object, err := view.DID(id)
	if err != nil {
		return nil, err
	}
	if object.Deactivated {
		return nil, ledger.ErrDeactivated
	}
	return document(object)
}

func document(object *ledger.DID) (*did.Document, error) {
	doc := &did.Document{ID: object.ID}
	for _, k := range object.Keys {
		if k.Purpose != ledger.PurposeSignature {
			continue
		}
		public, err := ledger.DefaultSuites().ParseKey(k.Public)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", did.ErrUnsupportedKey, err)
		}
		suite, err := did.DefaultSuites().ForKey(public)
		if err != nil {
			return nil, fmt.Errorf("%w: no suite signs with it", did.ErrUnsupportedKey)
		}
		key := did.Key{ID: object.ID + "#" + k.ID, Controller: object.ID, Public: public, Alg: suite.Alg()}
		key.From, key.Until = k.Period()
		doc.Keys = append(doc.Keys, key)
	}
	return doc, nil
}

// Resolver is a did.Resolver that asks a ledger and believes only what it
// proves.
type Resolver struct{ client *ledger.Client }

// NewResolver makes a resolver over a client. It is safe for concurrent use.
func NewResolver(client *ledger.Client) *Resolver { return &Resolver{client} }

// Resolve implements did.Resolver. Errors are those of [FromView] and
// ledger.Client.Resolve.
func (r *Resolver) Resolve(ctx context.Context, id string) (doc *did.Document, err error) {
	var opts ledger.ResolveOptions
	if ledger.CheckDID(id) == nil {
		opts.Keys = []string{ledger.DIDKey(id)}
	}
	err = r.client.Resolve(ctx, func(view *ledger.View) error {
		doc, err = FromView(view, id)
		return err
	}, opts)
	if err != nil {
		return nil, err
	}
	return doc, nil
}
