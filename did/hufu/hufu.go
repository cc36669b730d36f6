// Package hufu resolves did:hufu, the DID method of agencies on a Hufu ledger.
//
// An identifier is did:hufu: and 32 characters of base32. They are the
// beginning of the hash of the operation that created the identifier
// (ledger.DIDOf), so nobody can claim another agency's identifier. The document
// (DID Core 5) is derived from the ledger's object: it lists each signature
// key, named #sig-1 and so on, with the period in which the key is in force, and
// since when it was compromised. The ledger never deletes a key, so today's
// document is enough to judge a signature of last year.
//
// For example, [FromView] of a view that proves did/did:hufu:aaaa… returns a
// document with that ID and one key, "did:hufu:aaaa…#sig-1": an
// *ecdsa.PublicKey, Alg "ES256", From at the time of its creation.
//
// The document omits proof keys (#zk-1): they verify nothing by themselves, and
// their accreditation is proved in zero knowledge. This package does not check
// whether the agency is accredited for anything. It does not check the age of
// the view: ledger.Verify did.
package hufu

import (
	"context"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
)

// Method is the name of the method.
const Method = "hufu"

// FromView derives the document of a DID from a verified view of the ledger. Nobody
// may change it: other readers of the same checkpoint get the same one.
// Errors: did.ErrSyntax, did.ErrUnsupportedMethod for another method,
// ledger.ErrDeactivated, ledger.ErrAbsent, did.ErrUnsupportedKey, and a
// [*ledger.NotProvedError], which makes ledger.Client.Resolve ask for the
// missing key.
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
	return ledger.Derive(view, "did/hufu "+id, func() (*did.Document, error) { return document(object) })
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
		if k.Compromised() {
			key.CompromisedFrom = time.Unix(k.CompromisedFrom, 0)
		}
		doc.Keys = append(doc.Keys, key)
	}
	return doc, nil
}

// A Resolver implements did.Resolver. It asks a ledger and believes only what
// the ledger proves. It is safe for concurrent use.
type Resolver struct{ client *ledger.Client }

// NewResolver returns a resolver over a client.
func NewResolver(client *ledger.Client) *Resolver { return &Resolver{client} }

// Resolve implements did.Resolver. Errors: those of [FromView] and of
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
