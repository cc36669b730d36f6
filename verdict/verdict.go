package verdict

import (
	"errors"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
)

// A Verdict is what an error means.
type Verdict struct {
	// Check names where it stopped; empty where the error names no check.
	Check Check
	Code  Code
	// Refused means checked and false. Otherwise it could not be checked.
	Refused bool
	// What happened, one sentence or two.
	What Text
	// Next says what to do about it.
	Next Text
}

// Describe joins what happened and what to do next, in the language of a tag: see
// [Text.In]. It ends with a full stop.
func (v Verdict) Describe(lang string) string {
	what, next := v.What.In(lang), v.Next.In(lang)
	if isChinese(lang) || next == "" {
		return what + next
	}
	return what + " " + next
}

// Judged is an error that states its own verdict, such as the Rejected and
// Unchecked errors of the roles.
type Judged interface {
	error
	Verdict() Verdict
}

// A Row gives one verdict to some sentinels.
type Row struct {
	Errs    []error
	Verdict Verdict

	unless error // comes with a sentinel that says more
}

// Causes are the sentinels of a Row.
type Causes []error

// On begins a row: On(err).Refused(…) or On(err).Unchecked(…).
func On(errs ...error) Causes { return errs }

// Refused makes the row of what was checked and is false. what and next are one
// or two sentences each, in English and in Chinese.
func (c Causes) Refused(check Check, code Code, what, whatChinese, next, nextChinese string) Row {
	return Row{Errs: c, Verdict: Verdict{check, code, true, Text{what, whatChinese}, Text{next, nextChinese}}}
}

// Unchecked makes the row of what could not be checked. what and next are one or
// two sentences each, in English and in Chinese.
func (c Causes) Unchecked(check Check, code Code, what, whatChinese, next, nextChinese string) Row {
	return Row{Errs: c, Verdict: Verdict{check, code, false, Text{what, whatChinese}, Text{next, nextChinese}}}
}

// Internal makes the row of what has no sentence, because no message from outside
// causes it.
func (c Causes) Internal() Row { return Row{Errs: c, Verdict: unknown} }

// Busy makes the row of what another program holds.
func (c Causes) Busy() Row {
	return c.Unchecked("", Busy,
		"Another program is working on the same data. Nothing was changed.", "另一程序正在使用同一数据，未做任何更改。",
		"Try again when it is done.", "请待其结束后重试。")
}

// Configuration makes the row of a program that lacks something it needs.
func (c Causes) Configuration() Row {
	return c.Unchecked("setup", Configuration,
		"This program is not set up completely.", "程序尚未配置完整。",
		"Ask its operator to complete the configuration.", "请联系运营方补全配置。")
}

// A Table is an ordered list of rows. An error may wrap several sentinels: the
// first row that names one of them counts, so that narrow rows stand before wide
// ones.
type Table []Row

// Classify returns the verdict of an error: the one that the error states itself,
// or else that of the first row of the table, or else that of the library's rows.
// It reports false, and a verdict with the code Internal, where no row knows the
// error. err is not nil.
func (t Table) Classify(err error) (Verdict, bool) {
	var judged Judged
	if errors.As(err, &judged) {
		return judged.Verdict(), true
	}
	if refused, check, stated := outcome(err); stated {
		v := t.As(err, refused)
		if check != "" {
			v.Check = check
		}
		return v, true
	}
	return t.first(err, func(Verdict) bool { return true })
}

// As returns the verdict of an error whose kind is known: that of the first row
// of this kind. Where there is none, the code is [Refused] or [Internal].
func (t Table) As(err error, refused bool) Verdict {
	var judged Judged
	if errors.As(err, &judged) && judged.Verdict().Refused == refused {
		return judged.Verdict()
	}
	v, known := t.first(err, func(v Verdict) bool { return v.Refused == refused })
	var entry *ledger.RefusedError
	switch {
	case known || !refused:
		return v
	case errors.As(err, &entry):
		return entryRefused
	}
	return otherRefusal
}

// Describe says in plain words what happened and what to do next; see [Text.In]
// for the language.
func (t Table) Describe(err error, lang string) string {
	v, _ := t.Classify(err)
	return v.Describe(lang)
}

// Classify is Table.Classify with the library's rows alone.
func Classify(err error) (Verdict, bool) { return Table(nil).Classify(err) }

// Describe is Table.Describe with the library's rows alone.
func Describe(err error, lang string) string { return Table(nil).Describe(err, lang) }

// first finds the first row that is wanted and names a sentinel of the error.
func (t Table) first(err error, wanted func(Verdict) bool) (Verdict, bool) {
	for _, rows := range [...]Table{own, t, library} {
		for _, row := range rows {
			if wanted(row.Verdict) && row.names(err) {
				return heldAgainst(row.Verdict, err), true
			}
		}
	}
	return unknown, false
}

func (r *Row) names(err error) bool {
	if r.unless != nil && errors.Is(err, r.unless) {
		return false
	}
	for _, sentinel := range r.Errs {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// outcome reads the kind where an error of a package below the roles states it:
// the same sentinel may mean either.
func outcome(err error) (refused bool, check Check, stated bool) {
	var origin *provenance.Error
	if errors.As(err, &origin) {
		return !origin.Unchecked, Check(origin.Step), true
	}
	var entry *ledger.RefusedError
	return true, "", errors.As(err, &entry)
}
