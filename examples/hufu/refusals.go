package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// A reason pairs an error with the sentence that people read. The first match
// counts, so that the narrow ones stand before the wide ones.
type reason struct {
	err     error
	id      string
	refused bool // checked and false; otherwise it could not be checked
}

var reasons = []reason{
	{vault.ErrLocked, "why.locked", false},
	{sqlitevault.ErrIntegrity, "why.vault-damaged", false},
	{sqlitevault.ErrFormat, "why.vault-damaged", false},

	{ledger.ErrStale, "why.stale", false},
	{ledger.ErrClock, "why.clock", false},
	{machine.ErrClock, "why.clock", false},
	{machine.ErrDamaged, "why.ledger-damaged", false},
	{ledger.ErrInconsistent, "why.inconsistent", true},
	{ledger.ErrFingerprint, "why.fingerprint", true},
	{ledger.ErrNotWitnessed, "why.witnesses", false},
	{remote.ErrUnreachable, "why.unreachable", false},

	{status.ErrRevoked, "why.revoked", true},
	{status.ErrSuspended, "why.suspended", true},
	{ledger.ErrSuspended, "why.accreditation-ended", true},
	{ledger.ErrEnded, "why.accreditation-ended", true},
	{ledger.ErrNotInForce, "why.accreditation-ended", true},
	{ledger.ErrNotAccredited, "why.not-accredited", true},
	{wallet.ErrNotAccredited, "why.not-accredited", true},

	{verifier.ErrReplayed, "why.replayed", true},
	{verifier.ErrUsedOnce, "why.used-once", true},
	{verifier.ErrUnknownRequest, "why.unknown-request", true},
	{verifier.ErrExpired, "why.request-expired", true},
	{verifier.ErrEpochTooOld, "why.epoch-old", true},
	{verifier.ErrNotMet, "why.not-met", true},
	{verifier.ErrUnknownPolicy, "why.another-policy", false},
	{ledger.ErrTrustStore, "why.damaged", false},
	{ledger.ErrBehind, "why.behind", false},
	{ledger.ErrBootstrap, "why.bootstrap", false},
	{ledger.ErrTrustChain, "why.trust-chain", true},
	{verifier.ErrKeyNotAtHand, "why.no-key", false},
	{verifier.ErrPolicy, "why.policy", true},
	{verifier.ErrConfig, "why.config", false},
	{wallet.ErrConfig, "why.config", false},

	{credential.ErrBindingAudience, "why.other-counter", true},
	{credential.ErrBindingNonce, "why.other-request", true},
	{credential.ErrBindingHash, "why.tampered", true},
	{credential.ErrBindingSignature, "why.holder-signature", true},
	{credential.ErrBindingAge, "why.binding-age", true},
	{credential.ErrNoBinding, "why.no-binding", true},
	{credential.ErrExpired, "why.expired", true},
	{credential.ErrNotYetValid, "why.not-yet-valid", true},
	{credential.ErrIssuedAt, "why.not-yet-valid", true},
	{credential.ErrUnreferenced, "why.tampered", true},
	{credential.ErrSignature, "why.issuer-signature", true},
	{did.ErrKeyNotValid, "why.key-not-valid", true},

	{zkp.ErrSinglePartySetup, "why.single-party", false},
	{zkp.ErrRevoked, "why.cannot-prepare-revoked", true},
	{zkp.ErrNotRegistered, "why.cannot-prepare-issuer", true},
	{zkp.ErrNotValid, "why.expired", true},
	{zkp.ErrEpoch, "why.epoch-old", true},
	{zkp.ErrPrepare, "why.prepare", true},
	{zkp.ErrShow, "why.show", true},
	{zkp.ErrUnsatisfied, "why.not-met", true},
	{prover.ErrKeyFile, "why.key-file", false},

	{ceremony.ErrForm, "why.ceremony-form", true},
	{ceremony.ErrChain, "why.ceremony-chain", true},
	{ceremony.ErrSignature, "why.ceremony-signature", true},
	{ceremony.ErrProof, "why.ceremony-proof", true},
	{ceremony.ErrBeacon, "why.ceremony-beacon", true},
	{ceremony.ErrKeys, "why.ceremony-keys", true},
	{ceremony.ErrTranscript, "why.ceremony-transcript", true},
	{ceremony.ErrTooFew, "why.ceremony-few", true},
	{errOtherKey, "why.ceremony-other-key", true},
	{ceremony.ErrUnavailable, "why.ceremony-file", false},
	{ceremony.ErrVersion, "why.ceremony-version", false},
	{ceremony.ErrPlan, "why.ceremony-plan", true},
	{ceremony.ErrExists, "why.ceremony-exists", true},
	{ceremony.ErrBusy, "why.busy", false},
	{ceremony.ErrNotParticipant, "why.ceremony-stranger", true},
	{ceremony.ErrTurn, "why.ceremony-turn", true},
	{ceremony.ErrAgain, "why.ceremony-again", true},
	{ceremony.ErrSealed, "why.ceremony-sealed", true},
	{ceremony.ErrTooEarly, "why.ceremony-early", true},
	{ceremony.ErrTooLate, "why.ceremony-late", true},
	{errNotSealed, "why.ceremony-unsealed", true},
	{errNoKey, "why.no-signature-key", true},
	{ledger.ErrUnauthorised, "why.unauthorised", true},
	{ledger.ErrConflict, "why.ledger-conflict", true},
	{wallet.ErrCrowd, "why.feed-crowd", true},
	{wallet.ErrFeed, "why.feed", false},
	{feed.ErrNoEpoch, "why.no-epoch", false},
	{feed.ErrFormat, "why.feed", false},
	{zkp.ErrHolder, "why.other-holder", true},
	{zkp.ErrVerifyingKey, "why.no-key", false},

	{issuer.ErrCodeUsed, "why.code-used", true},
	{issuer.ErrCode, "why.code-unknown", true},
	{issuer.ErrCommitment, "why.commitment", true},
	{issuer.ErrTable, "why.table", true},
	{issuer.ErrNotIssued, "why.not-issued", true},
	{issuer.ErrRevoked, "why.already-revoked", true},

	{wallet.ErrNothingMatches, "why.nothing-matches", true},
	{wallet.ErrUnrequested, "why.unrequested", true},
	{wallet.ErrReceived, "why.received", true},
	{wallet.ErrWrongIssuer, "why.wrong-issuer", true},
	{wallet.ErrNoEpoch, "why.no-epoch", false},
	{predicate.ErrMismatch, "why.endorsement-mismatch", true},
	{wallet.ErrRequest, "why.request", true},
	{wallet.ErrOffer, "why.offer", true},
	{openid.ErrOffer, "why.offer", true},

	{provenance.ErrNoSchema, "why.no-schema", false},
	{ledger.ErrFormat, "why.trust-file", true},
	{credential.ErrSchema, "why.schema", true},
	{openid.ErrTooLarge, "why.message", true},
	{openid.ErrJSON, "why.message", true},
	{openid.ErrResponse, "why.message", true},
	{openid.ErrCredentialRequest, "why.message", true},
	{openid.ErrCredentialResponse, "why.message", true},
	{credential.ErrForm, "why.message", true},
	{zkp.ErrForm, "why.message", true},
	{wallet.ErrConsent, "why.consent", true},
	{vault.ErrNotFound, "why.not-found", false},
	{did.ErrToken, "why.token", true},
	{errNoRows, "why.no-rows", true},
	{errDeclined, "why.declined", true},
	{errAccepted, "why.attack-accepted", false},
	{errDamaged, "why.damaged", false},
	{errBusy, "why.busy", false},
	{context.Canceled, "why.interrupted", false},
	{errNotAtHand, "why.no-file", false},
}

// refusal names the failed check, and reports whether the error means checked
// and false.
func refusal(err error) (check string, refused bool) {
	var rejected *verifier.Rejected
	if errors.As(err, &rejected) {
		return string(rejected.Check), true
	}
	var unchecked *verifier.Unchecked
	if errors.As(err, &unchecked) {
		return string(unchecked.Check), false
	}
	var origin *provenance.Error
	if errors.As(err, &origin) {
		return string(origin.Step), !origin.Unchecked
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return "", r.refused
		}
	}
	return "", false
}

// sentence is an error as people read it.
func (a *app) sentence(err error) string {
	var usage usageError
	if errors.As(err, &usage) {
		return a.words.text("error.usage", "Text", usage.Error())
	}
	var input *inputError
	if errors.As(err, &input) {
		text := a.words.text(input.id, "Name", input.name)
		if input.err != nil {
			if why := a.why(input.err); why != "" {
				text = strings.TrimRight(text, ".。") + a.inLang(": ", "：") + why
			}
		}
		return text
	}
	var contribution *ceremony.Refused
	if errors.As(err, &contribution) {
		return a.refusedContribution(contribution)
	}
	why := a.why(err)
	var none *wallet.NothingMatches
	if errors.As(err, &none) {
		why = a.whyNone(none)
	}
	if why == "" {
		why = a.words.text("why.other", "Text", err.Error())
	}
	check, refused := refusal(err)
	switch {
	case check != "" && refused:
		return a.words.text("error.rejected", "Check", a.checkName(check), "Why", why)
	case check != "":
		return a.words.text("error.unchecked", "Check", a.checkName(check), "Why", why)
	case refused:
		return a.words.text("error.refused", "Why", why)
	}
	return a.words.text("error.failed", "Why", why)
}

// refusedContribution names what of a ceremony is refused, and whose it is.
func (a *app) refusedContribution(r *ceremony.Refused) string {
	what := a.words.text("ceremony.in-file", "Step", r.Step)
	if r.Number > 0 {
		what = a.words.text("ceremony.in-contribution", "Step", r.Step, "Number", r.Number)
	}
	if r.Participant != "" {
		what += a.words.text("ceremony.of", "DID", r.Participant)
	}
	return a.words.text("error.refused", "Why", what+a.inLang(": ", "：")+a.why(r.Err))
}

// whyNone says what is not true of the credentials here: the citizen reads it, and
// nobody else.
func (a *app) whyNone(none *wallet.NothingMatches) string {
	var fails []string
	for _, m := range none.Mismatches {
		for _, s := range m.Fails {
			if text := a.inLang(s.English, s.Chinese); !slices.Contains(fails, text) {
				fails = append(fails, text)
			}
		}
	}
	if len(fails) == 0 {
		return a.words.text("why.nothing-matches")
	}
	return a.words.text("why.not-so", "Fails", strings.Join(fails, a.inLang("; ", "；")))
}

// why finds the sentence of an error, or returns "".
func (a *app) why(err error) string {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return a.words.text(r.id)
		}
	}
	return ""
}

// checkName is a check in words, with its name in brackets so that logs and
// people mean the same.
func (a *app) checkName(check string) string {
	return fmt.Sprintf("%s [%s]", a.words.text("check."+check), check)
}

// isCobraUsage recognises cobra's own complaints, which have no type.
func isCobraUsage(err error) bool {
	for _, start := range []string{"unknown command", "unknown flag", "required flag"} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}
