package verifier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/zkp"
)

// ErrExpired means that the request was answered too late.
var ErrExpired = errors.New("verifier: request has expired")

// answer carries one verification from step to step.
type answer struct {
	now      time.Time
	started  time.Time
	request  Request
	policy   *Policy
	hash     [32]byte // SHA-256 of the answer
	parts    []part   // in the query's order
	result   *Result
	once     []OnceKey
	response *openid.Response
	// kept is what only the counter knows of the request, and encrypted says how the
	// answer came.
	kept      *kept
	encrypted bool
}

// part is one presentation of an answer and the credential query that it answers.
type part struct {
	query     *openid.CredentialQuery
	text      string
	existence []byte              // as it came; nil for none
	existed   *provenance.Existed // what the log has proved of it
}

// VerifyOnce is Verify for a program in which what follows on an acceptance must not
// happen twice: an answer that was accepted before is a *Rejected, with ErrReplayed.
func (v *Verifier) VerifyOnce(ctx context.Context, response []byte) (*Result, error) {
	result, err := v.Verify(ctx, response)
	if err == nil && result.Repeated {
		return nil, &Rejected{Check: CheckReplay, Err: ErrReplayed}
	}
	return result, err
}

// Verify decides on one response, {"state", "vp_token"}. The error is nil only
// when it is accepted; a *Rejected means checked and false, an *Unchecked that it
// could not be checked. The checks run in the order of the Check constants; nonce
// and once-only pseudonym are consumed last, in one durable transaction with
// acceptance, so that a failed attempt is counted and burns nothing.
//
// Acceptance stores the Result. The same answer, byte for byte, sent again later gets
// it again, with Repeated set; another answer to the request is a *Rejected.
func (v *Verifier) Verify(ctx context.Context, response []byte) (*Result, error) {
	return v.watched(ctx, response, false)
}

func (v *Verifier) watched(ctx context.Context, response []byte, encrypted bool) (_ *Result, err error) {
	a := &answer{now: v.cfg.Clock(), started: time.Now(), result: &Result{Bytes: len(response), Level: LevelSoftware}, encrypted: encrypted}
	defer func() { v.watch.End(ctx, "verify", a.now, v.cfg.Clock(), err) }()
	err = v.verify(ctx, a, response)
	if err != nil {
		var rejected *Rejected
		if errors.As(err, &rejected) && a.request.ID != "" && rejected.Check != CheckReplay {
			if countErr := v.store.CountFailure(ctx, a.request.ID); countErr != nil {
				return nil, errors.Join(err, countErr)
			}
		}
		return nil, err
	}
	return a.result, nil
}

func (v *Verifier) verify(ctx context.Context, a *answer, response []byte) error {
	if err := a.parse(response); err != nil {
		return &Rejected{CheckForm, err}
	}
	a.hash = sha256.Sum256(response)
	if err := v.knownRequest(ctx, a); err != nil || a.result.Repeated {
		return err
	}
	if err := a.checkWay(); err != nil {
		return &Rejected{CheckForm, err}
	}
	if err := a.choose(); err != nil {
		return &Rejected{CheckForm, err}
	}
	a.passed(CheckForm, CheckRequest)
	if err := v.judge(ctx, a); err != nil {
		return err
	}
	return v.accept(ctx, a)
}

func (a *answer) passed(checks ...Check) { a.result.Checks = append(a.result.Checks, checks...) }

func (a *answer) parse(response []byte) (err error) {
	a.response, err = openid.ParseResponse(response)
	return err
}

// knownRequest finds the request by its state, in our own records.
func (v *Verifier) knownRequest(ctx context.Context, a *answer) error {
	r, err := v.store.Request(ctx, a.response.State)
	switch {
	case errors.Is(err, ErrUnknownRequest):
		return &Rejected{CheckRequest, err}
	case err != nil:
		return &Unchecked{CheckRequest, err}
	}
	if a.kept, err = v.unframe(&r); err != nil {
		return &Unchecked{CheckRequest, err}
	}
	a.request = r
	switch {
	case !r.Accepted.IsZero():
		return a.again(r)
	case !a.now.Before(r.Expires):
		return &Rejected{CheckRequest, ErrExpired}
	}
	a.policy, err = v.policyOf(ctx, r.Policy)
	return err
}

// again is the end of an answer to a request that was answered before: the Result of
// then for the answer of then, and a no for any other.
func (a *answer) again(r Request) error {
	if a.hash != r.Answer {
		return &Rejected{CheckReplay, ErrReplayed}
	}
	result, err := decodeResult(r.Result)
	if err != nil {
		return &Unchecked{CheckReplay, err}
	}
	result.Repeated = true
	a.result = result
	return nil
}

// choose holds the answer's shape against the query and puts its presentations
// in the query's order. Proofs and disclosed claims are not taken together: the proofs
// show one person, and nothing would tie the others to them.
func (a *answer) choose() error {
	if err := a.policy.Query.CheckResponse(a.response); err != nil {
		return err
	}
	for i := range a.policy.Query.Credentials {
		query := &a.policy.Query.Credentials[i]
		presentations, answered := a.response.VPToken[query.ID]
		if !answered {
			continue
		}
		if len(presentations) != 1 { // a query may allow several; we judge one
			return fmt.Errorf("%w: one presentation a query is taken", openid.ErrUnasked)
		}
		a.parts = append(a.parts, part{query: query, text: presentations[0], existence: a.response.Existence[query.ID]})
		a.result.Queries, a.result.Format = append(a.result.Queries, query.ID), query.Format
	}
	for _, p := range a.parts {
		if p.query.Format != a.result.Format {
			return fmt.Errorf("%w: proofs and disclosed claims are not taken together", openid.ErrUnasked)
		}
	}
	return nil
}

// judge runs the checks that rest on the ledger, under one checkpoint.
func (v *Verifier) judge(ctx context.Context, a *answer) error {
	if !a.onLedger() {
		judged := a.copy()
		if err := v.judgeClaims(ctx, judged, nil); err != nil {
			return ledgerError(err)
		}
		*a = *judged
		return nil
	}
	var judged *answer
	err := v.cfg.Ledger.Resolve(ctx, func(view *ledger.View) error {
		judged = a.copy()
		return v.judgeUnder(ctx, judged, view)
	}, ledger.ResolveOptions{Keys: v.expectedKeys(a), MaxAge: a.policy.MaxAge.Checkpoint, Now: a.now, Reuse: v.cfg.Reuse})
	if err != nil {
		return ledgerError(err)
	}
	*a = *judged
	return nil
}

// judgeUnder judges an answer that nobody else holds.
func (v *Verifier) judgeUnder(ctx context.Context, a *answer, view *ledger.View) error {
	a.passed(CheckClock, CheckCheckpoint)
	a.result.AsOf, a.result.Checkpoint = view.Head.Time.UTC(), view.Head.Size
	if a.result.Format == openid.FormatSDJWTZK {
		return v.judgeProof(ctx, a, view)
	}
	return v.judgeClaims(ctx, a, view)
}

// copy leaves the original as it is: the ledger client may judge several times.
func (a *answer) copy() *answer {
	c, result := *a, *a.result
	result.Checks = slices.Clone(result.Checks)
	c.result = &result
	return &c
}

// ledgerError names the check at which the ledger itself failed.
func ledgerError(err error) error {
	var rejected *Rejected
	var unknown *Unchecked
	switch {
	case err == nil, errors.As(err, &rejected), errors.As(err, &unknown):
		return err
	case errors.Is(err, ledger.ErrInconsistent):
		return &Rejected{CheckCheckpoint, err}
	case errors.Is(err, ledger.ErrClock):
		return &Unchecked{CheckClock, err}
	}
	return &Unchecked{CheckCheckpoint, err}
}

// expectedKeys are the ledger keys that the judgement is sure to need: asked for
// at once they save a round each.
func (v *Verifier) expectedKeys(a *answer) []string {
	var keys []string
	for _, p := range a.parts {
		if schema := v.schemas.asked(p.query); schema != nil {
			keys = append(keys, ledger.SchemaKey(schema.ID, uint32(schema.Version)))
		}
	}
	if a.result.Format == openid.FormatSDJWTZK {
		keys = append(keys, ledger.VKKey(string(zkp.CircuitPrepare)), ledger.VKKey(string(zkp.CircuitShow)))
	}
	if a.policy.Scope.Kind == kindCounted {
		keys = append(keys, ledger.RuleKey(v.cfg.Identity.DID, a.policy.ID, uint32(a.policy.Version)))
	}
	return keys
}

// accept consumes the request and stores the result, last.
func (v *Verifier) accept(ctx context.Context, a *answer) error {
	a.passed(CheckReplay)
	if len(a.once) > 0 {
		a.passed(CheckOnce)
	}
	a.result.Request, a.result.Correlation, a.result.Accepted = a.request.ID, a.request.Correlation, toMillisecond(a.now)
	a.result.Duration = time.Since(a.started).Truncate(time.Microsecond)
	a.result.Milliseconds = float64(a.result.Duration.Microseconds()) / 1000
	result, err := encodeResult(a.result)
	if err != nil {
		return &Unchecked{CheckReplay, err}
	}
	err = v.store.Accept(ctx, Acceptance{
		RequestID: a.request.ID, Nonce: a.request.Nonce, Once: a.once, At: a.now, Answer: a.hash, Result: result,
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrReplayed):
		return v.overtaken(ctx, a)
	case errors.Is(err, ErrUsedOnce):
		return &Rejected{CheckOnce, err}
	}
	return &Unchecked{CheckReplay, err}
}

// overtaken looks at what was accepted while this answer was judged: perhaps itself,
// sent twice at once.
func (v *Verifier) overtaken(ctx context.Context, a *answer) error {
	r, err := v.store.Request(ctx, a.request.ID)
	if err != nil || r.Accepted.IsZero() {
		return &Rejected{CheckReplay, ErrReplayed}
	}
	return a.again(r)
}

// remember notes the pseudonym where the policy named a scope, and marks it
// for consumption where it is once-only.
func (a *answer) remember(shown *zkp.Shown) {
	if a.policy.Scope.Kind == "none" {
		return
	}
	name, scope := shown.Pseudonym.Bytes(), shown.Scope.Bytes()
	a.result.Pseudonym = hex.EncodeToString(name[:])
	if a.policy.Scope.Kind != "pairwise" {
		a.once = []OnceKey{{Scope: scope, Pseudonym: name}}
	}
}
