// Package web resolves did:web (W3C CCG, did:web method specification, draft of 2023).
//
// The identifier names a host, with %3A before a port, and a path, with colons for slashes.
// The document of did:web:university.example:law lies at
//
//	https://university.example/law/did.json
//
// and that of did:web:university.example at /.well-known/did.json. It is JSON (DID Core
// 5): id is the DID, verificationMethod lists keys as publicKeyJwk or publicKeyMultibase,
// and assertionMethod says which of them may sign. A key that stands only under another
// relationship, such as keyAgreement, is no key here.
//
// For example, Resolve of did:web:university.example returns the one P-256 key that
// assertionMethod names, as did:web:university.example#key-1.
//
// The fetch is that of package internal/fetch (SD-JWT VC draft -18, section 6.1): https, at
// the dialled address no private network, no redirect, three seconds, 64 KiB. A document is
// kept for five minutes.
//
// Not checked: whether the host should be believed. Whoever has the host, or its
// certificate, has the DID. No history is known: a key that is gone signed nothing.
package web

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// Method is the name of the method.
const Method = "web"

var (
	// ErrUnavailable means that the document cannot be had now: it says nothing about the
	// DID.
	ErrUnavailable = errors.New("web: no DID document to be had")
	// ErrDocument means a document that is malformed, or another's.
	ErrDocument = errors.New("web: DID document refused")
)

const (
	keptFor = 5 * time.Minute
	maxKept = 256
	maxKeys = 64
)

// Options widens what may be fetched. The zero value is safe.
type Options = fetch.Options

// Resolver implements did.Resolver. It is safe for concurrent use.
type Resolver struct {
	fetch *fetch.Client
	clock func() time.Time

	mu   sync.Mutex
	kept map[string]kept
}

type kept struct {
	document *did.Document
	until    time.Time
}

// NewResolver makes a resolver.
func NewResolver(opts Options) *Resolver {
	return &Resolver{fetch: fetch.New(opts), clock: time.Now, kept: map[string]kept{}}
}

// Address is where the document of a DID lies. Errors: did.ErrSyntax,
// did.ErrUnsupportedMethod.
func Address(id string) (string, error) {
	parsed, err := did.Parse(id)
	if err != nil {
		return "", err
	}
	if parsed.Method != Method {
		return "", did.ErrUnsupportedMethod
	}
	parts := strings.Split(parsed.Identifier, ":")
	for i := range parts {
		part, err := url.PathUnescape(parts[i])
		if err != nil || part == "" || strings.ContainsAny(part, "/\\?#@") || i > 0 && (part == "." || part == ".." || strings.Contains(part, ":")) {
			return "", fmt.Errorf("%w: no host and path", did.ErrSyntax)
		}
		parts[i] = part
	}
	u := url.URL{Scheme: "https", Host: parts[0], Path: "/.well-known/did.json"}
	if len(parts) > 1 {
		u.Path = "/" + strings.Join(parts[1:], "/") + "/did.json"
	}
	if again, err := url.Parse(u.String()); err != nil || again.Host != parts[0] {
		return "", fmt.Errorf("%w: no host", did.ErrSyntax)
	}
	return u.String(), nil
}

// Resolve fetches the document of a DID. Errors: those of [Address], [ErrUnavailable],
// [ErrDocument], the context's own.
func (r *Resolver) Resolve(ctx context.Context, id string) (*did.Document, error) {
	address, err := Address(id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	known := r.kept[id]
	r.mu.Unlock()
	if known.document != nil && r.clock().Before(known.until) {
		return known.document, nil
	}
	b, err := r.fetch.Get(ctx, address, "application/did+json, application/did+ld+json, application/json", limits.Document)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	document, err := Parse(b, id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) >= maxKept {
		clear(r.kept)
	}
	r.kept[id] = kept{document, r.clock().Add(keptFor)}
	return document, nil
}

type documentJSON struct {
	ID              string           `json:"id"`
	Methods         []methodJSON     `json:"verificationMethod"`
	AssertionMethod []jsontext.Value `json:"assertionMethod"`
}

type methodJSON struct {
	ID           string         `json:"id"`
	Type         string         `json:"type"`
	Controller   string         `json:"controller"`
	PublicKeyJwk jsontext.Value `json:"publicKeyJwk"`
	Multibase    string         `json:"publicKeyMultibase"`
}

// Parse reads the document of a DID. Keys of other suites are passed over; without one that
// may sign the error is [ErrDocument].
func Parse(b []byte, id string) (*did.Document, error) {
	var in documentJSON
	if err := strictjson.Read(b, limits.Document, &in, strictjson.AllowUnknown); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if in.ID != id {
		return nil, fmt.Errorf("%w: it is another's", ErrDocument)
	}
	if len(in.Methods)+len(in.AssertionMethod) > maxKeys {
		return nil, fmt.Errorf("%w: above %d keys", ErrDocument, maxKeys)
	}
	document := &did.Document{ID: id}
	for _, raw := range in.AssertionMethod {
		method, err := in.method(raw)
		if err != nil {
			return nil, err
		}
		key, err := method.key(id)
		if errors.Is(err, did.ErrUnsupportedKey) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDocument, err)
		}
		if slices.ContainsFunc(document.Keys, func(k did.Key) bool { return k.ID == key.ID }) {
			return nil, fmt.Errorf("%w: two keys of one id", ErrDocument)
		}
		document.Keys = append(document.Keys, key)
	}
	if len(document.Keys) == 0 {
		return nil, fmt.Errorf("%w: no key of it may sign", ErrDocument)
	}
	return document, nil
}

// method is the one that an element of assertionMethod names, or is.
func (d *documentJSON) method(raw jsontext.Value) (*methodJSON, error) {
	var name string
	if raw.Kind() != '"' {
		m := new(methodJSON)
		if err := strictjson.Read(raw, limits.Document, m, strictjson.AllowUnknown); err != nil {
			return nil, fmt.Errorf("%w: assertionMethod", ErrDocument)
		}
		return m, nil
	}
	if err := strictjson.Read(raw, limits.Document, &name); err != nil {
		return nil, fmt.Errorf("%w: assertionMethod", ErrDocument)
	}
	var found *methodJSON
	for i := range d.Methods {
		if absolute(d.ID, d.Methods[i].ID) == absolute(d.ID, name) {
			if found != nil {
				return nil, fmt.Errorf("%w: two keys of one id", ErrDocument)
			}
			found = &d.Methods[i]
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: assertionMethod names no key", ErrDocument)
	}
	return found, nil
}

// absolute is the full DID URL of a key that a document may name by its fragment.
func absolute(id, name string) string {
	if strings.HasPrefix(name, "#") {
		return id + name
	}
	return name
}

// key reads a verification method. It is the DID's own: another controller's key would be
// for that one to take back.
func (m *methodJSON) key(id string) (did.Key, error) {
	key := did.Key{ID: absolute(id, m.ID), Controller: m.Controller}
	owner, _, err := did.ParseURL(key.ID)
	if err != nil || owner.String() != id || m.Controller != id {
		return key, fmt.Errorf("%w: a key of another DID", did.ErrSyntax)
	}
	switch {
	case len(m.PublicKeyJwk) > 0 && m.Multibase == "":
		key.Public, err = did.ParseJWK(m.PublicKeyJwk)
	case len(m.PublicKeyJwk) == 0 && (m.Type == "Multikey" || m.Type == "Ed25519VerificationKey2020"):
		key.Public, err = multikey(m.Multibase)
	default:
		err = did.ErrUnsupportedKey
	}
	if err != nil {
		return key, err
	}
	suite, err := did.DefaultSuites().ForKey(key.Public)
	if err != nil {
		return key, did.ErrUnsupportedKey
	}
	key.Alg = suite.Alg()
	return key, nil
}

// multikey reads a key as did:key writes it.
func multikey(text string) (crypto.PublicKey, error) {
	document, err := did.MethodKey{}.Resolve(context.Background(), "did:key:"+text)
	if err != nil {
		return nil, err
	}
	return document.Keys[0].Public, nil
}
