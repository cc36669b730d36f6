package verdict_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/zkp"
)

// errForeign is an error that nobody knows, with text that nobody should read.
var errForeign = errors.New("time: missing unit in duration")

func refusedEntry(reason error) error { return &ledger.RefusedError{Kind: "did", Reason: reason} }

func wrapped(errs ...error) error {
	var out error
	for _, err := range errs {
		if out == nil {
			out = err
		} else {
			out = fmt.Errorf("%w: %w", out, err)
		}
	}
	return out
}

func TestClassify(t *testing.T) {
	failed := func(step provenance.Step, unchecked bool, err error) error {
		return &provenance.Error{Step: step, Unchecked: unchecked, Err: err}
	}
	for name, c := range map[string]struct {
		err     error
		code    verdict.Code
		refused bool
		check   verdict.Check
	}{
		"revoked":                  {status.ErrRevoked, verdict.Revoked, true, "status"},
		"wrapped":                  {fmt.Errorf("row 7: %w", status.ErrSuspended), verdict.Suspended, true, "status"},
		"interrupted":              {context.Canceled, verdict.Interrupted, false, ""},
		"too slow":                 {wrapped(ledger.ErrReader, context.DeadlineExceeded), verdict.TimedOut, false, ""},
		"own vault, before a form": {wrapped(vault.ErrDamaged, credential.ErrForm), verdict.VaultDamaged, false, "vault"},
		"narrow before wide": {&ledger.AccreditationError{Reason: ledger.ErrEnded}, verdict.AccreditationEnded, true,
			"accreditation"},
		"no accreditation": {&ledger.AccreditationError{Reason: ledger.ErrAbsent}, verdict.NotAccredited, true, "accreditation"},
		"binding, before its signature": {wrapped(credential.ErrBindingSignature, did.ErrSignature), verdict.HolderSignature, true,
			"binding"},
		"issuer, before its signature": {wrapped(credential.ErrSignature, did.ErrSignature), verdict.IssuerSignature, true, "signature"},
		"endorsement, before its form": {wrapped(predicate.ErrMismatch, zkp.ErrForm), verdict.EndorsementMismatch, true, "endorsement"},
		"expiry, before the form":      {wrapped(openid.ErrCredentialRequest, openid.ErrProofTime), verdict.ApplicationOld, true, "application"},

		"a step that was checked": {failed(provenance.StepIssuer, false, ledger.ErrAbsent), verdict.NotOnLedger, true, "issuer"},
		"a step that was not":     {failed(provenance.StepStatus, true, wrapped(provenance.ErrStatusList, did.ErrSignature)), verdict.StatusUnreadable, false, "status"},
		"a stale list":            {failed(provenance.StepStatus, true, wrapped(provenance.ErrStatusList, status.ErrStale)), verdict.StatusStale, false, "status"},
		"our list is old":         {failed(provenance.StepStatus, true, provenance.ErrStatusRoot), verdict.StatusUnreadable, false, "status"},
		"another's list":          {failed(provenance.StepStatus, false, ledger.ErrAbsent), verdict.NotOnLedger, true, "status"},
		"our file is old":         {failed(provenance.StepSchema, true, provenance.ErrSchema), verdict.SchemaDiffers, false, "schema"},
		"another type":            {failed(provenance.StepSchema, false, provenance.ErrSchema), verdict.SchemaMismatch, true, "schema"},
		"a refusal nobody knows":  {failed(provenance.StepIssuer, false, errForeign), verdict.Refused, true, "issuer"},
		"a failure nobody knows":  {failed(provenance.StepStatus, true, errForeign), verdict.Internal, false, "status"},

		"an answer that is not signed":   {ledger.ErrSignature, verdict.LedgerAnswer, false, "checkpoint"},
		"an entry that is not signed":    {refusedEntry(ledger.ErrSignature), verdict.EntryRefused, true, "entry"},
		"an entry of a stranger":         {refusedEntry(ledger.ErrUnauthorised), verdict.NotAllowed, true, "entry"},
		"an entry that is stale":         {refusedEntry(ledger.ErrStale), verdict.EntryRefused, true, "entry"},
		"an entry refused for a foreign": {refusedEntry(errForeign), verdict.EntryRefused, true, "entry"},

		"a server that has no entry": {wrapped(ledger.ErrReader, ledger.ErrAbsent), verdict.LedgerAnswer, false, "checkpoint"},
		"a proof that there is none": {ledger.ErrAbsent, verdict.NotOnLedger, true, ""},
		"no reply in time":           {wrapped(ledger.ErrUnreachable, context.DeadlineExceeded), verdict.LedgerUnreachable, false, "checkpoint"},

		"a driver's damage":     {sqlitevault.ErrIntegrity, verdict.VaultDamaged, false, "vault"},
		"an older vault":        {sqlitevault.ErrRolledBack, verdict.VaultRolledBack, false, "vault"},
		"another file":          {sqlitevault.ErrFormat, verdict.VaultDamaged, false, "vault"},
		"a reader's silence":    {remote.ErrUnreachable, verdict.LedgerUnreachable, false, "checkpoint"},
		"an engine's damage":    {&machine.DamagedError{}, verdict.LedgerDamaged, false, "checkpoint"},
		"an engine's clock":     {machine.ErrClock, verdict.Clock, false, "clock"},
		"an error of a program": {vault.ErrTxDone, verdict.Internal, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v, known := verdict.Classify(c.err)
			if !known || v.Code != c.code || v.Refused != c.refused || v.Check != c.check {
				t.Errorf("got %s at %q, refused %t, known %t; want %s at %q, refused %t", v.Code, v.Check, v.Refused, known, c.code, c.check, c.refused)
			}
		})
	}
}

// TestUnknownError: one sentence, and not a word of the error.
func TestUnknownError(t *testing.T) {
	v, known := verdict.Classify(errForeign)
	if known || v.Code != verdict.Internal || v.Refused {
		t.Errorf("got %+v, known %t", v, known)
	}
	for lang, want := range map[string]string{
		"en": "We cannot check right now. This does not mean you were refused. Try again soon, or ask at the desk.",
		"zh": "暂时无法核验，不代表您不符合条件。请稍后再试，或到人工窗口办理。",
	} {
		if got := verdict.Describe(errForeign, lang); got != want {
			t.Errorf("%s: %q", lang, got)
		}
	}
}

// stated is an error that states its own verdict, as those of the roles do.
type stated struct{}

func (stated) Error() string { return "stated" }

func (stated) Verdict() verdict.Verdict { return verdict.Verdict{Code: "of-a-role", Refused: true} }

func TestTable(t *testing.T) {
	own := verdict.Table{
		verdict.On(errForeign, status.ErrRevoked).Refused("match", "of-a-table", "This is ours.", "这是我们的。", "Go on.", "请继续。"),
	}
	for name, c := range map[string]struct {
		err  error
		code verdict.Code
	}{
		"a row of the table":              {errForeign, "of-a-table"},
		"which stands before the others":  {status.ErrRevoked, "of-a-table"},
		"but not before one's own vault":  {wrapped(errForeign, vault.ErrLocked), verdict.VaultLocked},
		"nor before a stated verdict":     {errors.Join(errForeign, stated{}), "of-a-role"},
		"the others come where it is not": {status.ErrSuspended, verdict.Suspended},
	} {
		if v, known := own.Classify(c.err); !known || v.Code != c.code {
			t.Errorf("%s: %s, known %t", name, v.Code, known)
		}
	}
	if got := own.Describe(errForeign, "zh"); got != "这是我们的。请继续。" {
		t.Errorf("%q", got)
	}
}

// TestAs: the kind is the caller's, and the row follows it.
func TestAs(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		refused bool
		code    verdict.Code
	}{
		"a row of this kind":                 {status.ErrRevoked, true, verdict.Revoked},
		"no row of this kind, unchecked":     {status.ErrRevoked, false, verdict.Internal},
		"no row of this kind, refused":       {ledger.ErrStale, true, verdict.Refused},
		"the second row of a sentinel":       {provenance.ErrSchema, true, verdict.SchemaMismatch},
		"a stated verdict of this kind":      {stated{}, true, "of-a-role"},
		"a stated verdict of the other kind": {stated{}, false, verdict.Internal},
	} {
		if v := verdict.Table(nil).As(c.err, c.refused); v.Code != c.code || v.Refused != c.refused {
			t.Errorf("%s: %s, refused %t", name, v.Code, v.Refused)
		}
	}
}

func TestLanguages(t *testing.T) {
	text := verdict.Text{English: "yes", Chinese: "是"}
	for tag, want := range map[string]string{
		"zh": "是", "zh-CN": "是", "zh_CN": "是", "zh-Hans-CN": "是", "zh_CN.UTF-8": "是", "zh_CN@pinyin": "是", "zh_TW.Big5@x": "是", "C.UTF-8": "yes", "en_US.UTF-8": "yes", "ZH-cn": "是", "zh-CN,zh;q=0.9,en;q=0.8": "是",
		"en": "yes", "en-GB": "yes", "": "yes", "fr": "yes", "en;q=0.9,zh;q=0.8": "yes", "not a tag!": "yes", strings.Repeat("z", 99): "yes",
	} {
		if got := text.In(tag); got != want {
			t.Errorf("%q: %s", tag, got)
		}
	}
}

func TestDescribe(t *testing.T) {
	for lang, want := range map[string]string{
		"en":    "The issuer has revoked this credential. Contact the issuer.",
		"zh-CN": "这份凭证已被签发机构撤销。请联系签发机构。",
	} {
		if got := verdict.Describe(status.ErrRevoked, lang); got != want {
			t.Errorf("%s: %q", lang, got)
		}
	}
}

// TestDescribeWithoutAdvice: a verdict that says nothing to do next ends where its
// sentence does.
func TestDescribeWithoutAdvice(t *testing.T) {
	v := verdict.Verdict{What: verdict.Text{English: "The kiosk says no."}}
	if got := v.Describe("en"); got != "The kiosk says no." {
		t.Errorf("%q", got)
	}
}
