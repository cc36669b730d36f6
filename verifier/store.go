package verifier

import (
	"context"
	"errors"
	"time"

	"github.com/hufu-id/hufu/openid"
)

var (
	// ErrUnknownRequest means that no request has this id: never made, or
	// purged.
	ErrUnknownRequest = errors.New("verifier: unknown request")
	// ErrRequestExists means that an id or nonce is already taken.
	ErrRequestExists = errors.New("verifier: request id or nonce is taken")
	// ErrReplayed means that the request, or its nonce, was accepted before.
	ErrReplayed = errors.New("verifier: replayed")
	// ErrUsedOnce means that this pseudonym was accepted before in this
	// once-only scope.
	ErrUsedOnce = errors.New("verifier: once-only pseudonym was used")
	// ErrUnknownPolicy means that no policy with this hash was stored.
	ErrUnknownPolicy = errors.New("verifier: unknown policy")
	// ErrRolledBack means that the store is older than it was here before, or that nothing
	// tells how new it must be.
	ErrRolledBack = errors.New("verifier: store is older than one that was seen before")
	// ErrStoreClosed means that the store was closed.
	ErrStoreClosed = errors.New("verifier: store is closed")
)

// A Request is a request that this counter made.
type Request struct {
	ID string // the state parameter, unguessable
	// Object is the signed request object. NewRequest returns it with a proof of who
	// asks; the store has it without, and behind it what only the counter knows, such as
	// the private key for an encrypted answer.
	Object []byte
	Nonce  string
	// Policy is the hash of the policy it was made under, and Query that of the
	// query as the object states it.
	Policy, Query [32]byte
	// Correlation is the caller's own name for it: see RequestOptions.
	Correlation string
	Created     time.Time
	Expires     time.Time

	// PutRequest ignores what follows.

	// Small is the same request without the proof, for a QR code. Only a wallet that has
	// the list of agencies can read it.
	Small []byte
	// ClientID is the counter's name in the request, the audience of the answer.
	ClientID string
	saying   *openid.Saying // what Object says in a counted event
	// Unproved is why Object carries no proof, nil where it does.
	Unproved error
	// Failures counts the attempts that were refused.
	Failures int
	// Accepted is when, zero before; then Answer is the SHA-256 of the answer, and
	// Result what the counter learned from it.
	Accepted time.Time
	Answer   [32]byte
	Result   []byte
}

// A OnceKey is a pseudonym within the scope of one event. Both fields come from a
// verified proof, never from a message alone.
type OnceKey struct {
	Scope, Pseudonym [32]byte
}

// An Acceptance is the last step of a verification.
type Acceptance struct {
	RequestID string
	Nonce     string
	// Once holds the once-only pseudonyms to be used up, often none.
	Once []OnceKey
	// At is the time of the decision on the verifier's clock.
	At time.Time
	// Answer is the SHA-256 of the answer, and Result what was learned from it, of
	// any form.
	Answer [32]byte
	Result []byte
}

// A Store keeps what must outlive a counter's process: policies, requests, used
// nonces and once-only pseudonyms. It is safe for many goroutines; a store on disk
// is safe for many processes too. Times are kept to the millisecond and come back
// in UTC.
type Store interface {
	// PutPolicy stores a policy file under its hash. Storing it again does nothing.
	PutPolicy(ctx context.Context, hash [32]byte, file []byte) error
	// Policy returns a policy file, or ErrUnknownPolicy.
	Policy(ctx context.Context, hash [32]byte) ([]byte, error)
	// PutRequest stores a new request, or returns ErrRequestExists.
	PutRequest(ctx context.Context, r Request) error
	// Request returns a request, expired or not, or ErrUnknownRequest.
	Request(ctx context.Context, id string) (Request, error)
	// CountFailure counts a refused attempt. The request stays usable: somebody who
	// saw its QR code could otherwise burn it by answering badly.
	CountFailure(ctx context.Context, id string) error
	// Accept consumes request, nonce and pseudonyms and keeps answer and result, in one
	// durable transaction: whoever was served can be told so after a crash. Nothing
	// is consumed when it fails: ErrUnknownRequest where no request has this
	// id and nonce, ErrReplayed where it was accepted before, ErrUsedOnce where a
	// pseudonym was, or stands twice in a.Once.
	Accept(ctx context.Context, a Acceptance) error
	// Purge forgets the requests that expired before a time, with their results. Used
	// nonces and pseudonyms stay: a replay is refused for ever. It holds up nobody
	// else. Where its context ends early, what it forgot until then stays forgotten.
	Purge(ctx context.Context, before time.Time) error
	Close() error
}
