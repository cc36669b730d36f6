package main

import (
	"errors"
	"slices"
	"strings"
	"syscall"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// verdicts are what the errors of the library mean.
var verdicts = slices.Concat(hufuagency.Verdicts(), verifier.Verdicts(), wallet.Verdicts(), client.Verdicts(), issuer.Verdicts(), ceremony.Verdicts())

// A reason is an error of this command itself, with its sentence.
type reason struct {
	err     error
	id      string
	refused bool // checked and false; otherwise it could not be checked
}

var reasons = []reason{
	{syscall.ENOSPC, "why.no-room", false},
	{syscall.EDQUOT, "why.no-room", false},
	{syscall.EFBIG, "why.no-room", false},
	{folder.ErrBusy, "why.busy", false},
	{anchored.ErrNotSealed, "why.ceremony-unsealed", true},
	{anchored.ErrNoKey, "why.no-signature-key", true},
	{errNoRows, "why.no-rows", true},
	{errDeclined, "why.declined", true},
	{errToldNo, "why.declined-link", true},
	{errAccepted, "why.attack-accepted", false},
	{folder.ErrDamaged, "why.damaged", false},
}

// places are the sentences of what could not be used of a folder.
var places = map[error]string{
	folder.ErrMissing: "agency.missing", folder.ErrNoLedger: "ledger.missing", folder.ErrNoBundle: "bundle.missing",
	folder.ErrExists: "output.exists", folder.ErrUnwritable: "output.unwritable", folder.ErrMalformed: "input.malformed",
	folder.ErrNoFile: "input.missing", folder.ErrUnreadable: "input.unreadable", folder.ErrTooLarge: "input.large", folder.ErrEmpty: "input.empty",
	folder.ErrQRText: "input.qr", folder.ErrOtherKind: "input.kind", folder.ErrAddress: "ledger.address",
	folder.ErrVault: "vault.closed", folder.ErrLedger: "ledger.closed", folder.ErrCounter: "counter.closed",
}

// hints name the flag that helps, by the library's code.
var hints = map[verdict.Code]string{
	verdict.SinglePartyKeys:   "hint.single-party",
	verdict.CeremonyFile:      "hint.dir",
	verdict.CeremonyTurn:      "hint.pass-over",
	verdict.RevocationData:    "hint.feed",
	verdict.VaultRolledBack:   "hint.restored",
	verdict.CounterRolledBack: "hint.restored",
	verdict.LedgerRolledBack:  "hint.restored-ledger",
}

// A judgement is an error as this command prints it.
type judgement struct {
	check   verdict.Check // empty where the error names none
	code    verdict.Code
	refused bool
	why     string // sentences
}

// judge finds what an error means. It reports false where nobody knows.
func (a *app) judge(err error) (judgement, bool) {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			_, code, _ := strings.Cut(r.id, ".")
			return judgement{code: verdict.Code(code), refused: r.refused, why: a.words.text(r.id)}, true
		}
	}
	v, known := verdicts.Classify(err)
	if !known {
		return judgement{code: v.Code, why: a.words.text("why.other")}, false
	}
	j := judgement{check: v.Check, code: v.Code, refused: v.Refused, why: v.Describe(a.lang)}
	if hint, helps := hints[v.Code]; helps {
		j.why += a.inLang(" ", "") + a.words.text(hint)
	}
	return j, true
}

// sentence is an error as people read it.
func (a *app) sentence(err error) string {
	var usage usageError
	if errors.As(err, &usage) || isCobraUsage(err) {
		return a.words.text("error.usage", "Text", err.Error())
	}
	j, known := a.judge(err)
	var input *inputError
	var place *folder.Error
	if errors.As(err, &place) {
		input = &inputError{id: places[place.Reason], name: place.Path}
	}
	var waits *folder.WaitingError
	if errors.As(err, &waits) {
		input = &inputError{id: "agency.waits", name: waits.Application}
	}
	if input != nil || errors.As(err, &input) {
		text := a.words.text(input.id, "Name", input.name)
		if known {
			text += a.inLang(" ", "") + j.why
		}
		return text
	}
	return a.words.text(j.form(), "Check", a.checkName(j.check), "Why", j.why)
}

// form is the sentence that says which kind of error it is.
func (j *judgement) form() string {
	switch {
	case j.check != "" && j.refused:
		return "error.rejected"
	case j.check != "":
		return "error.unchecked"
	case j.refused:
		return "error.refused"
	}
	return "error.failed"
}

// checkName is a check in words, with its name in brackets so that logs and
// people mean the same.
func (a *app) checkName(check verdict.Check) string {
	return check.Name(a.lang) + " [" + string(check) + "]"
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
