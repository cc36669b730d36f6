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
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/internal/limits"
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
