package verifier

import (
	"slices"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/zkp"
)

// Verdicts returns what this package's errors mean, for verdict.Table.Classify.
// Rejected and Unchecked state it themselves.
func Verdicts() verdict.Table { return slices.Clone(rows) }

// Verdict returns what the reason means, as a refusal.
func (r *Rejected) Verdict() verdict.Verdict { return verdictAt(r.Check, r.Err, true) }

// Code names the reason for programs.
func (r *Rejected) Code() verdict.Code { return r.Verdict().Code }

// Describe says in plain words what was refused and what to do next, in the
// language of a tag such as "en" or "zh-CN".
func (r *Rejected) Describe(lang string) string { return r.Verdict().Describe(lang) }

// Verdict returns what the reason means, as something that could not be checked.
func (u *Unchecked) Verdict() verdict.Verdict { return verdictAt(u.Check, u.Err, false) }

// Code names the reason for programs.
func (u *Unchecked) Code() verdict.Code { return u.Verdict().Code }

// Describe says in plain words what could not be checked and what to do next, in
// the language of a tag such as "en" or "zh-CN".
func (u *Unchecked) Describe(lang string) string { return u.Verdict().Describe(lang) }

func verdictAt(check Check, err error, refused bool) verdict.Verdict {
	v := verdicts.As(err, refused)
	v.Check = check
	return v
}

var verdicts = slices.Concat(here, rows)

// here are errors of other packages that mean something else to a counter than
// elsewhere.
var here = verdict.Table{
	verdict.On(zkp.ErrEpoch).Refused(CheckEpoch, verdict.EpochOld,
		"This proof is about an epoch that does not count here.", "证明所属的周期在此不予采信。",
		"Ask the holder to show it again.", "请重新出示。"),
	verdict.On(ledger.ErrUnreachable).Unchecked(CheckCheckpoint, verdict.LedgerUnreachable,
		"The ledger does not reply.", "账本没有应答。",
		"Connect to the network and try again.", "请连接网络后重试。"),
}

var rows = verdict.Table{
	verdict.On(ErrUnknownRequest).Refused(CheckRequest, verdict.RequestUnknown,
		"This counter did not make that request.", "本窗口没有发出过这项请求。",
		"Check that you are at the right counter.", "请核对是否走错窗口。"),
	verdict.On(ErrReplayed).Refused(CheckReplay, verdict.Replayed,
		"This request was answered before, and an answer counts once.", "此请求已有应答，每次应答只计一次。",
		"Ask again.", "请重新发起请求。"),
	verdict.On(ErrUsedOnce).Refused(CheckOnce, verdict.UsedOnce,
		"This person was served here before, and each may be only once.", "此人已在本窗口办理过，每人限一次。",
		"If that cannot be right, ask at the desk.", "如有疑问，请到人工窗口核实。"),
	verdict.On(ErrRolledBack).Unchecked(CheckReplay, verdict.CounterRolledBack,
		"The counter's store is older than it was here before, or its head file is missing: answers that were used count as unused in it. Nothing was changed.",
		"本服务窗口的存储比本机此前的版本旧，或缺少其版本文件：已使用过的应答在其中仍算未使用。未做任何更改。",
		"Put the newest copy back.", "请恢复最新的副本。"),
	verdict.On(ErrExpired).Refused(CheckRequest, verdict.AnswerLate,
		"The answer came too late: the request had expired.", "应答来得太晚，请求已过期。",
		"Ask again.", "请重新发起请求。"),
	verdict.On(ErrEpochTooOld).Refused(CheckEpoch, verdict.EpochOld,
		"This proof is too old: a revocation since then would not show.", "证明生成过早，无法确认此后是否被撤销。",
		"Ask the holder to show it again.", "请重新出示。"),
	verdict.On(ErrEpochAhead).Unchecked(CheckEpoch, verdict.EpochAhead,
		"This proof is newer than what the counter knows of the ledger.", "证明晚于本窗口所掌握的账本数据。",
		"Fetch the ledger's newest data, and judge the same answer again.", "请获取账本最新数据，再核验同一应答。"),
	verdict.On(ErrUnknownPolicy).Unchecked(CheckRequest, verdict.PolicyUnknown,
		"The policy that this request was made under is missing.", "缺少这项请求所用的核验规则。",
		"Ask again.", "请重新发起请求。"),
	verdict.On(ErrNotMet).Refused(CheckPolicy, verdict.NotMet,
		"What was asked does not hold.", "所核验的条件不成立。",
		"Ask the holder for another credential, or serve them at the desk.", "请持有人出示其他凭证，或到人工窗口办理。"),
	verdict.On(ErrIssuerNotNamed).Refused(CheckPolicy, verdict.IssuerNotNamed,
		"The policy names other issuers than this credential's.", "核验规则没有列出这份凭证的签发机构。",
		"Ask the holder for a credential of an issuer that the policy names.", "请持有人出示由所列机构签发的凭证。"),
	verdict.On(ErrAuthority).Refused(CheckPolicy, verdict.AuthorityNotNamed,
		"None of the authorities that this request trusts vouches for the issuer.", "此请求所信任的机构中，没有一家为该签发机构担保。",
		"Ask the holder for a credential of another issuer.", "请持有人出示其他机构签发的凭证。"),
	verdict.On(ErrEndorsementDisclosed).Refused(CheckPolicy, verdict.EndorsementDisclosed,
		"The answer carries the endorsement, which no answer may.", "出示内容带有零知识背书，任何出示都不得带有。",
		"Delete the answer, and ask the holder to use another wallet.", "请删除该内容，并请持有人更换钱包。"),
	verdict.On(ErrPolicy).Refused(CheckPolicy, verdict.PolicyMalformed,
		"The policy file is malformed or incomplete.", "核验规则文件有误或不完整。",
		"Correct the file, and open the counter again.", "请更正文件后重新打开服务窗口。"),
	verdict.On(ErrRule).Unchecked(CheckPolicy, verdict.RuleMissing,
		"The ledger has no rule for this event, or another than this counter's: it would count nothing.",
		"账本上没有此项活动的规则，或与本窗口的规则不一致，无法计入。",
		"Put the rule on the ledger, then ask again.", "请先将规则登记到账本，再重新发起请求。"),
	verdict.On(ErrClear).Refused(CheckForm, verdict.AnswerClear,
		"The answer is not encrypted as this request asks.", "应答没有按照请求的要求加密。",
		"Ask the holder to answer the newest request with a current wallet.", "请持有人更新钱包后，针对最新的请求重新出示。"),
	verdict.On(ErrDeclined).Refused(CheckForm, verdict.Declined,
		"The wallet sent no answer: its holder said no, or has nothing that fits.", "钱包没有应答：持有人不同意，或没有符合要求的凭证。",
		"Serve the holder at the desk.", "请到人工窗口办理。"),
	verdict.On(ErrSession).Refused(CheckRequest, verdict.SessionOther,
		"This did not come from the browser that asked.", "此应答不是由发起请求的浏览器取回的。",
		"Begin again on the device on which you want to go on.", "请在需要继续办理的设备上重新开始。"),
	verdict.On(ErrConfig, ErrSays).Configuration(),
	verdict.On(ErrRequestExists, ErrStoreClosed).Internal(),
}
