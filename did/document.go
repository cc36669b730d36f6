package did

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"slices"
	"time"
)

// A Document is the result of resolving a DID. It holds the keys, and only
// those other members that this project uses (DID Core 5).
type Document struct {
	// ID is the DID that the document describes.
	ID string
	// Keys lists the keys that may sign for the DID, each in its own period.
	Keys []Key
	// AlsoKnownAs lists other names that the subject claims. Nobody has proved
	// them.
	AlsoKnownAs []string
}

// A Key is one public key of a document.
type Key struct {
	// ID is the full DID URL of the key, with the fragment.
	ID string
	// Controller is the DID that holds the private key.
	Controller string
	// Public is an *ecdsa.PublicKey on P-256 or an ed25519.PublicKey.
	Public crypto.PublicKey
	// Alg is the JOSE algorithm that Public signs with: ES256 or EdDSA.
	Alg string
	// From is the first instant at which the key is in force; zero means from
	// the beginning.
	From time.Time
	// Until is the first instant at which the key is no longer in force; zero
	// means without end.
	Until time.Time
	// CompromisedFrom is the first instant at which another party may have had
	// the private key; zero means never. No signature of such a key counts,
	// whatever date it bears, unless it provably existed before: see CheckExisted.
	CompromisedFrom time.Time
}

// ValidAt reports whether a signature of the given time counts.
func (k Key) ValidAt(at time.Time) bool { return k.CheckAt(at) == nil }

// CheckAt returns nil where a signature of the given time counts. The error is
// [ErrKeyCompromised] or [ErrKeyNotValid].
func (k Key) CheckAt(at time.Time) error {
	switch {
	case !k.CompromisedFrom.IsZero():
		return ErrKeyCompromised
	case at.Before(k.From) || !k.Until.IsZero() && !at.Before(k.Until):
		return ErrKeyNotValid
	}
	return nil
}

// CheckExisted is CheckAt for what provably existed at a time, zero where nothing proves
// it. A signature of a compromised key counts, too, if it existed before
// CompromisedFrom, since nobody but its owner had the key by then.
func (k Key) CheckExisted(at, existed time.Time) error {
	if !existed.IsZero() && existed.Before(k.CompromisedFrom) {
		k.CompromisedFrom = time.Time{}
	}
	return k.CheckAt(at)
}

// Key returns the key with this full DID URL. The error is [ErrNoKey].
func (d *Document) Key(id string) (Key, error) {
	i := slices.IndexFunc(d.Keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, ErrNoKey
	}
	return d.Keys[i], nil
}

// A Resolver finds the document of a DID. An error means that the resolver
// could not find it out. A resolver never returns a partial document.
type Resolver interface {
	Resolve(ctx context.Context, id string) (*Document, error)
}

// Methods maps a method name ("jwk", "key", "hufu") to its resolver. The empty
// map resolves nothing.
type Methods map[string]Resolver

// SelfContained returns resolvers for did:jwk and did:key. Their identifiers
// contain the key, so they need no network and no ledger.
func SelfContained() Methods { return Methods{"jwk": MethodJWK{}, "key": MethodKey{}} }

// Resolve passes id to the resolver of its method and checks that the answer is
// about id. Errors: [ErrSyntax], [ErrUnsupportedMethod], [ErrDocument], and
// those of the resolver.
func (m Methods) Resolve(ctx context.Context, id string) (*Document, error) {
	parsed, err := Parse(id)
	if err != nil {
		return nil, err
	}
	resolver, ok := m[parsed.Method]
	if !ok || resolver == nil {
		return nil, ErrUnsupportedMethod
	}
	document, err := resolver.Resolve(ctx, id)
	if err != nil {
		return nil, err
	}
	if document == nil || document.ID != id {
		return nil, ErrDocument
	}
	return document, nil
}

// FindKey resolves the DID in kid and returns the key that kid names, if the
// key is in force at the given time. kid is a full DID URL, as in a JWS header.
// The zero time means now. Errors: [ErrSyntax], [ErrNoKey], [ErrKeyNotValid],
// [ErrKeyCompromised], and those of the resolver.
func FindKey(ctx context.Context, resolver Resolver, kid string, at time.Time) (Key, error) {
	id, _, err := ParseURL(kid)
	if err != nil {
		return Key{}, err
	}
	document, err := resolver.Resolve(ctx, id.String())
	if err != nil {
		return Key{}, err
	}
	key, err := document.Key(kid)
	if err != nil {
		return Key{}, err
	}
	if at.IsZero() {
		at = time.Now()
	}
	if err := key.CheckAt(at); err != nil {
		return Key{}, err
	}
	return key, nil
}

// selfContained returns the document of a DID whose identifier contains its
// only key. The caller has checked the key.
func selfContained(id, fragment string, public crypto.PublicKey) *Document {
	key := Key{ID: id + "#" + fragment, Controller: id, Public: public, Alg: ES256{}.Alg()}
	if _, ok := public.(ed25519.PublicKey); ok {
		key.Alg = EdDSA{}.Alg()
	}
	return &Document{ID: id, Keys: []Key{key}}
}
