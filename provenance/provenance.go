package provenance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
)

// Step names what Verify was doing when it failed.
type Step string

// The steps, in their order.
const (
	StepIssuer        Step = "issuer"
	StepAccreditation Step = "accreditation"
	StepSchema        Step = "schema"
	StepSignature     Step = "signature"
	StepValidity      Step = "validity"
	StepStatus        Step = "status"
)

// Error is a failed step. Where Unchecked is true the step could not be
// carried out, which says nothing about the credential.
type Error struct {
	Step      Step
	Unchecked bool
	// Who is the agency that the step is about, empty before it is known: its DID, or the
	// subject of its certificate, made legible.
	Who string
	// Anchor is what Who was held against: see Source.Anchor. Of several, those that could
	// be meant.
	Anchor string
	// Deed is what Who is not entitled to, where the step is StepAccreditation.
	Deed *Deed
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("provenance: %s: %v", e.Step, e.Err) }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// Reasons that have no sentinel of their own elsewhere.
var (
	// ErrSource: the claim that names schema and region is missing or malformed.
	ErrSource = errors.New("provenance: credential does not say by which schema it was issued")
	// ErrSchema: the schema at hand is not the one on the ledger.
	ErrSchema = errors.New("provenance: schema differs from the ledger's")
	// ErrNoSchema: the schema file that the ledger names cannot be had.
	ErrNoSchema = errors.New("provenance: schema file not at hand")
	// ErrStatusRoot: the status list is not the one whose root is on the ledger.
	ErrStatusRoot = errors.New("provenance: status list differs from the ledger's")
	// ErrStatusList: the status list cannot be fetched, or does not verify. That
	// says nothing about the credential.
	ErrStatusList = errors.New("provenance: no status list that verifies")
	// ErrUndated: the credential does not say from when and until when it holds.
	ErrUndated = errors.New("provenance: credential without nbf or exp")
	// ErrNoStatus: the credential names no status list.
	ErrNoStatus = errors.New("provenance: credential names no status list")
)

// ClaimSource is the visible claim {schema, version, region} of our credentials.
const ClaimSource = "hufu"

// Options narrows what is accepted. The zero value is safe.
type Options struct {
	// Now is the time of the decision; zero means the machine's.
	Now time.Time
	// MaxStatusAge bounds the age of the status list token; zero means that
	// its own expiry alone decides.
	MaxStatusAge time.Duration
	// Types says what is known of credential types that no ledger has a schema for, by
	// their type metadata. Nil knows none: such a credential has what it says.
	Types *credential.Types
	// Whole says that the credential has every disclosure, as it has on receipt: then a
	// mandatory claim that is not there was not issued.
	Whole bool
	// Lists fetches status lists that no ledger names, from the address that the
	// credential names. Nil fetches none, and such a credential cannot be checked.
	Lists StatusLists
	// Existed lets a credential count although the key that signed it was compromised,
	// if it existed before. Nil accepts nothing of such a key. See Existence.
	Existed *Existed
}

func (o Options) ofStatus() status.VerifyOptions {
	return status.VerifyOptions{Now: o.Now, MaxAge: o.MaxStatusAge}
}

// Credential is a credential whose origin is known.
type Credential struct {
	*credential.Verified
	// Schema is the ledger's, or for a credential of another source one made of its type
	// metadata and its claims, under whose hash the ledger has nothing: see Foreign.
	Schema *credential.Schema
	// Region is empty off the ledger.
	Region string
	// AlsoTypes are the types of aka_vcts for which the issuer is trusted, too.
	AlsoTypes []string
	// Foreign says that no ledger stands behind schema and status.
	Foreign bool
	// Origin is the issuer's, with the chain to the anchor.
	Origin *Origin
}

// Verify traces a credential to the source's anchor. public has the schema file and
// the status list; each counts only where the source names its hash. The error is an
// [*Error], or a [*ledger.NotProvedError] for ledger.Client.Resolve to act on.
func Verify(ctx context.Context, source Source, sd *credential.SDJWT, public publish.Source, opts Options) (*Credential, error) {
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	t := &trace{ctx: ctx, source: source, public: public, sd: sd, opts: opts}
	for _, step := range []struct {
		name Step
		run  func() error
	}{
		{StepIssuer, t.issuer},
		{StepAccreditation, t.accreditation},
		{StepSchema, t.schemaOnLedger},
		{StepSignature, t.signature},
		{StepSchema, t.foreignType},
		{StepStatus, t.status},
	} {
		if err := step.run(); err != nil {
			return nil, t.named(step.name, err)
		}
	}
	return &Credential{
		Verified: t.verified, Schema: t.schema, Region: t.claims.region, AlsoTypes: t.alsoTypes, Foreign: t.ledger == nil, Origin: t.origin,
	}, nil
}

// unchecked marks an error as "could not find out".
type unchecked struct{ error }

func (u unchecked) Unwrap() error { return u.error }

// named says which step failed, of whom, and what was missing.
func (t *trace) named(step Step, err error) error {
	var missing *ledger.NotProvedError
	if errors.As(err, &missing) {
		return err
	}
	for _, date := range []error{credential.ErrIssuedAt, credential.ErrNotYetValid, credential.ErrExpired, ErrUndated} {
		if errors.Is(err, date) {
			step = StepValidity
		}
	}
	var u unchecked
	failed := &Error{Step: step, Unchecked: errors.As(err, &u), Anchor: t.source.Anchor(), Err: err}
	var chain *certpath.Error
	switch _, notDID := did.Parse(t.claims.issuer); {
	case t.origin != nil && t.origin.Name != "":
		failed.Who, failed.Anchor = t.origin.Name, t.origin.Anchor
	case errors.As(err, &chain):
		failed.Who = chain.Who
		if len(chain.Against) > 0 && !errors.Is(err, ErrUnknown) {
			failed.Anchor = strings.Join(chain.Against, "; ")
		}
	case notDID == nil: // a stranger's text else
		failed.Who = t.claims.issuer
	}
	if t.ledger != nil {
		failed.Anchor = t.ledger.Anchor()
	}
	if step == StepAccreditation && t.claims.vct != "" { // a requester names no type yet
		deed := t.deed()
		failed.Deed = &deed
	}
	return failed
}

// trace carries what one step learns to the next.
type trace struct {
	ctx    context.Context
	source Source
	public publish.Source
	sd     *credential.SDJWT
	opts   Options

	claims    unverified
	ledger    Committed // nil where the issuer is off every ledger
	origin    *Origin
	schema    *credential.Schema
	verified  *credential.Verified
	alsoTypes []string
}

// issuer checks that the key that the token names is its issuer's and was in force when
// it signed.
func (t *trace) issuer() error {
	claims := t.sd.UnverifiedClaims()
	t.claims.issuer, _ = claims["iss"].(string)
	t.ledger, _ = committed(t.source, t.claims.issuer)
	read := t.claims.readForeign
	if t.ledger != nil {
		read = t.claims.read
	}
	if err := read(claims); err != nil {
		return err
	}
	existed, err := t.opts.Existed.of(t.sd)
	if err != nil {
		return err
	}
	t.origin, err = t.source.Identify(t.ctx, Message{
		ID: t.claims.issuer, Header: t.sd.Header(), Action: ledger.ActionIssue, At: t.claims.issuedAt, Existed: existed, Now: t.opts.Now,
	})
	if err == nil && !existed.IsZero() && !t.origin.Key.CompromisedFrom.IsZero() {
		t.origin.Existed = t.opts.Existed.By
	}
	return err
}

// unverified are the claims that choose what to look up.
type unverified struct {
	issuer, vct, schema, region string
	version                     int64
	issuedAt                    time.Time
}

func (u *unverified) read(claims map[string]any) error {
	source, _ := claims[ClaimSource].(map[string]any)
	issuedAt, okTime := claims["iat"].(int64)
	version, okVersion := source["version"].(int64)
	for _, text := range []struct {
		value any
		to    *string
	}{{claims["iss"], &u.issuer}, {claims["vct"], &u.vct}, {source["schema"], &u.schema}, {source["region"], &u.region}} {
		var ok bool
		if *text.to, ok = text.value.(string); !ok {
			return ErrSource
		}
	}
	if !okTime || !okVersion || version < 1 || version > 1<<31-1 {
		return ErrSource
	}
	u.version, u.issuedAt = version, time.Unix(issuedAt, 0)
	return nil
}

// accreditation checks that the issuer was accredited when it issued, and that
// nobody in the chain is suspended or has lost its accreditation for cause since. An
// agency that closed in good standing leaves its credentials valid.
func (t *trace) accreditation() (err error) {
	t.origin.Chain, err = t.source.Vouch(t.ctx, t.origin, t.deed())
	return err
}

func (t *trace) deed() Deed {
	return Deed{Action: ledger.ActionIssue, Type: t.claims.vct, Region: t.claims.region, At: t.claims.issuedAt}
}

// schemaOnLedger fetches the schema file that the source names. Where it cannot be
// had the credential is not at fault.
func (t *trace) schemaOnLedger() error {
	if t.ledger == nil {
		return nil // see foreignType
	}
	object, err := t.ledger.Schema(t.ctx, t.claims.schema, uint32(t.claims.version))
	if err != nil {
		return err
	}
	t.schema, err = keep(t.ledger, fmt.Sprintf("provenance schema %x", object.Hash), func() (*credential.Schema, error) {
		return publish.Schema(t.ctx, t.public, object.Hash)
	})
	switch {
	case errors.Is(err, publish.ErrOther):
		return unchecked{fmt.Errorf("%w: %w", ErrSchema, err)}
	case err != nil:
		return unchecked{fmt.Errorf("%w: %w", ErrNoSchema, err)}
	case t.schema.ID != t.claims.schema || int64(t.schema.Version) != t.claims.version:
		return unchecked{ErrSchema} // of whoever put the hash on the ledger
	case t.schema.VCT != t.claims.vct:
		return ErrSchema
	}
	return nil
}

// signature also checks the registered claims and the dates, of which both ends must
// be there: a credential without them would hold for ever.
func (t *trace) signature() (err error) {
	t.verified, err = t.sd.Verify(t.origin.Key.Public, credential.VerifyOptions{Now: t.opts.Now})
	if err == nil && t.ledger != nil && (t.verified.NotBefore.IsZero() || t.verified.Expires.IsZero()) {
		err = ErrUndated
	}
	return err
}

// status checks that the list of the credential says valid.
func (t *trace) status() error {
	ref := t.verified.Status
	if t.ledger == nil {
		return t.foreignStatus(ref)
	}
	if ref == nil {
		return ErrNoStatus
	}
	list, err := t.list(ref.URI)
	if err != nil {
		return err
	}
	return list.Check(ref.Index)
}

// list checks that a list is signed by the issuer, has the root on the ledger, and is
// fresh.
func (t *trace) list(uri string) (*signedList, error) {
	object, err := t.ledger.Status(t.ctx, t.claims.issuer, uri)
	if errors.Is(err, ledger.ErrExpired) {
		return nil, unchecked{err}
	}
	if err != nil {
		return nil, err
	}
	kept, err := keep(t.ledger, "provenance lists", func() (*keptLists, error) { return new(keptLists), nil })
	if err != nil {
		return nil, err
	}
	of := listOf{t.claims.issuer, uri}
	list := kept.of(of, t.opts)
	if list == nil {
		if list, err = t.statusList(uri, object.Root); err != nil {
			return nil, unchecked{fmt.Errorf("%w: %w", ErrStatusList, err)}
		}
		if list.List.Root() != object.Root {
			return nil, unchecked{ErrStatusRoot}
		}
		kept.keep(of, list)
	}
	return list, nil
}

// statusList fetches and verifies the list. Whoever withholds or damages it
// proves nothing against the credential: none of its failures is a no.
func (t *trace) statusList(uri string, root [32]byte) (*signedList, error) {
	raw, err := publish.StatusList(t.ctx, t.public, uri, root)
	if err != nil {
		return nil, err
	}
	list, err := t.verifyList(raw, uri)
	cache, ok := t.public.(*publish.Cached)
	if !ok || !errors.Is(err, did.ErrKeyNotValid) && !errors.Is(err, did.ErrKeyCompromised) {
		return list, err
	}
	// What is kept may be of before the change of keys.
	if raw, err = cache.Refresh(t.ctx, publish.StatusName(uri)); err != nil {
		return nil, err
	}
	return t.verifyList(raw, uri)
}

// verifyList demands a key that is in force now: who keeps the key of an earlier
// time is not asked any more which credentials hold.
func (t *trace) verifyList(raw []byte, uri string) (*signedList, error) {
	token, err := status.Parse(raw, status.ParseOptions{})
	if err != nil {
		return nil, err
	}
	key, err := decided(t.source, t.origin).ListKey(t.ctx, t.origin, token.Header(), t.opts.Now)
	if err != nil {
		return nil, err
	}
	list, err := token.Verify(key.Public, uri, t.opts.ofStatus())
	if err != nil {
		return nil, err
	}
	return &signedList{list, key}, nil
}
