package wallet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verdict"
)

// Check names what a wallet was checking when it stopped.
type Check = verdict.Check

// The checks. Those between CheckClock and CheckStatus are a counter's too.
const (
	CheckOffer         Check = "offer"         // of a kind that this wallet takes
	CheckForm          Check = "form"          // size and shape of what came back
	CheckClock         Check = "clock"         // ours is not behind the ledger's
	CheckCheckpoint    Check = "checkpoint"    // fresh, cosigned
	CheckIssuer        Check = "issuer"        // key valid when it signed
	CheckAccreditation Check = "accreditation" // of the issuer, or of who asks
	CheckSchema        Check = "schema"        // as on the ledger
	CheckSignature     Check = "signature"     // the issuer's
	CheckValidity      Check = "validity"      // not before, expiry
	CheckStatus        Check = "status"        // not revoked
	CheckEndorsement   Check = "endorsement"   // the endorsement signs these claims
	CheckApplication   Check = "application"   // this wallet applied for it, once
	CheckRequest       Check = "request"       // signed by whom it names, unexpired
	CheckMatch         Check = "match"         // a credential here answers it
	CheckConsent       Check = "consent"       // what the citizen agreed to
	CheckEpoch         Check = "epoch"         // closed, and recent enough
	CheckFeed          Check = "feed"          // the revocation data leads to the ledger's roots
	CheckPrepare       Check = "prepare"       // a valid, unrevoked credential
	CheckVault         Check = "vault"         // opens, and holds what was stored
)

// Rejected means that something was checked and is false. Nothing was sent or stored.
type Rejected struct {
	Check Check
	Err   error
}

func (r *Rejected) Error() string { return fmt.Sprintf("wallet: rejected at %s: %v", r.Check, r.Err) }

// Unwrap returns the reason.
func (r *Rejected) Unwrap() error { return r.Err }

// Verdict returns what the reason means, as a refusal.
func (r *Rejected) Verdict() verdict.Verdict { return verdictAt(r.Check, r.Err, true) }

// Code names the reason for programs.
func (r *Rejected) Code() verdict.Code { return r.Verdict().Code }

// Describe says in plain words what was refused and what to do next, in the
// language of a tag such as "en" or "zh-CN". Of an ErrNothingMatches it says what
// is not true of the holder: it is for the holder's screen and for no log.
func (r *Rejected) Describe(lang string) string { return r.Verdict().Describe(lang) }

// Unchecked means that something could not be checked. It is neither a yes nor a no.
// Trying again later may decide it. Nothing was sent.
type Unchecked struct {
	Check Check
	Err   error
}

func (u *Unchecked) Error() string {
	return fmt.Sprintf("wallet: could not check %s: %v", u.Check, u.Err)
}

// Unwrap returns the reason.
func (u *Unchecked) Unwrap() error { return u.Err }

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

// ledgerError sorts what reading the ledger fails with. A server that leaves out an
// entry proves nothing: only a contradiction that it signed is a refusal.
func ledgerError(err error) error {
	switch {
	case errors.Is(err, ledger.ErrInconsistent):
		return &Rejected{CheckCheckpoint, err}
	case errors.Is(err, ledger.ErrClock):
		return &Unchecked{CheckClock, err}
	}
	return &Unchecked{CheckCheckpoint, err}
}

// judge makes what an exported method returns a *Rejected or an *Unchecked. The
// check is the one that the reason names, or else the method's.
func judge(err *error, check Check) {
	if *err != nil {
		*err = judged(*err, check)
	}
}

func judged(err error, check Check) error {
	var rejected *Rejected
	var unchecked *Unchecked
	if errors.As(err, &rejected) || errors.As(err, &unchecked) {
		return err
	}
	v, _ := verdicts.Classify(err)
	if v.Check != "" {
		check = v.Check
	}
	if v.Refused {
		return &Rejected{check, err}
	}
	return &Unchecked{check, err}
}

// joined is what came of several credentials: a *Rejected where one was refused,
// which stands first, or else an *Unchecked.
func joined(failures []error, check Check) error {
	var refused, unknown []error
	for _, err := range failures {
		var r *Rejected
		if err = judged(err, check); errors.As(err, &r) {
			refused = append(refused, err)
		} else {
			unknown = append(unknown, err)
		}
	}
	switch all := append(refused, unknown...); {
	case len(all) == 0:
		return nil
	case len(all) == 1:
		return all[0]
	case len(refused) > 0:
		return &Rejected{check, errors.Join(all...)}
	default:
		return &Unchecked{check, errors.Join(all...)}
	}
}

// Verdict names the questions that the credentials of this wallet do not satisfy.
// Only the holder may see it.
func (e *NothingMatches) Verdict() verdict.Verdict {
	v := verdicts.As(ErrNothingMatches, true)
	var english, chinese []string
	for _, m := range e.Mismatches {
		for _, s := range m.Fails {
			if !slices.Contains(english, s.English) {
				english, chinese = append(english, s.English), append(chinese, s.Chinese)
			}
		}
	}
	switch withdrawn, en, zh := e.withdrawn(); {
	case len(english) > 0:
		v.What.English = "The credential in this wallet does not show that: " + strings.Join(english, "; ") + ". Nothing was sent."
		v.What.Chinese = "此钱包中的凭证不符合：" + strings.Join(chinese, "；") + "。没有发送任何内容。"
	case withdrawn != nil:
		v.What.English = "The credential that would answer is " + en + ". Nothing was sent."
		v.What.Chinese = "可用于应答的凭证" + zh + "，没有发送任何内容。"
		v.Next.English = "Contact its issuer: " + reach(withdrawn.Who.Name.English, withdrawn, ", ") + "."
		v.Next.Chinese = "请联系签发机构：" + reach(withdrawn.Who.Name.Chinese, withdrawn, "，") + "。"
	}
	return v
}

// reach is an issuer's name and contact, or its DID where nobody vouched for them.
func reach(name string, m *Mismatch, comma string) string {
	if name == "" {
		return m.Issuer
	}
	return legible.Line(name) + comma + legible.Line(m.Who.Contact)
}

// withdrawn is the first credential that does not hold, and how that is said.
func (e *NothingMatches) withdrawn() (m *Mismatch, english, chinese string) {
	for i := range e.Mismatches {
		for _, s := range []State{StateRevoked, StateSuspended, StateExpired, StateNotYetValid} {
			if errors.Is(e.Mismatches[i].Err, s.reason()) {
				english, chinese = Status{State: s}.Words()
				return &e.Mismatches[i], english, chinese
			}
		}
	}
	return nil, "", ""
}

// Verdicts returns what this package's errors mean, and those of ledger/feed, for
// verdict.Table.Classify. Rejected and Unchecked state it themselves.
func Verdicts() verdict.Table { return slices.Clone(rows) }

var verdicts = slices.Concat(here, rows)

// here are errors of other packages that mean something else to a wallet than
// elsewhere.
var here = verdict.Table{
	verdict.On(openid.ErrRequestTime).Refused(CheckRequest, verdict.RequestExpired,
		"The request has expired, or is not valid yet. Nothing was sent.", "请求已过期或尚未生效，没有发送任何内容。",
		"Ask for a new one.", "请重新获取请求。"),
	verdict.On(ledger.ErrUnreachable).Unchecked(CheckCheckpoint, verdict.LedgerUnreachable,
		"The ledger does not reply.", "账本没有应答。",
		"Connect to the network and try again.", "请连接网络后重试。"),
}

var rows = verdict.Table{
	verdict.On(ErrFeed).Unchecked(CheckFeed, verdict.RevocationData,
		"The revocation data does not fit the ledger.", "撤销数据与账本不符。",
		"Fetch it again, or read it from the ledger.", "请重新获取，或改为从账本读取。"),
	verdict.On(ErrCrowd).Refused(CheckFeed, verdict.CrowdTooSmall,
		"The revocation data is divided so finely that reading it would say too much about you. Nothing was asked for.",
		"撤销数据划分过细，读取会透露过多个人信息，未作任何读取。",
		"Read it from another source.", "请从其他来源读取。"),

	verdict.On(ErrOffer).Refused(CheckOffer, verdict.OfferMalformed,
		"The offer is malformed, or of a kind that this wallet does not take.", "领证码有误，或此钱包不支持该种类。",
		"Ask the agency for a new offer.", "请向机构重新索取领证码。"),

	verdict.On(ErrIdentity).Refused(CheckConsent, verdict.IdentityMissing,
		"The agency wants a proof of who you are. Nothing was sent.", "签发机构需要您证明身份，没有发送任何内容。",
		"Choose one of the credentials that give it, and apply again.", "请选择可证明身份的凭证，重新申请。"),
	verdict.On(ErrNoIdentity).Refused(CheckConsent, verdict.NoIdentity,
		"There is nothing in this wallet to prove who you are with. Nothing was sent.",
		"此钱包中没有可以证明您身份的凭证，没有发送任何内容。",
		"Get the identity credential that this one is bound to first, at its own desk.",
		"请先领取签发此凭证时需要出示的身份凭证。"),
	verdict.On(ErrUnrequested).Refused(CheckApplication, verdict.NotAppliedFor,
		"This wallet did not apply for that credential. Nothing was stored.", "此钱包没有申请过该凭证，未保存任何内容。",
		"Open it in the wallet that applied.", "请在提出申请的钱包中打开。"),
	verdict.On(ErrReceived).Refused(CheckApplication, verdict.ReceivedBefore,
		"This wallet has the credential already.", "此凭证已收到过。",
		"There is nothing more to do.", "无需再办理。"),
	verdict.On(ErrNobodyVouches).Refused(CheckAccreditation, verdict.NobodyVouches,
		"Nobody whom this wallet trusts vouches for this issuer. Nothing was sent.", "此钱包所信任的机构均未为该签发机构作证，没有发送任何内容。",
		"Ask the issuer who vouches for it, and whether it is registered on a ledger.", "请向签发机构了解由谁为其作证、是否已在账本登记。"),
	verdict.On(ErrOtherCredential, ErrCopies).Refused(CheckApplication, verdict.OtherCredential,
		"The agency sent something else than the credential that it offered. Nothing was stored.", "收到的不是机构所提供的那份凭证，未保存任何内容。",
		"Ask the agency to send it again.", "请该机构重新发送。"),
	verdict.On(ErrWrongIssuer).Refused(CheckApplication, verdict.OtherIssuer,
		"Another agency than the offer named has issued this. Nothing was stored.", "签发机构与领证码中所指不符，未保存任何内容。",
		"Ask the agency that made the offer.", "请联系发出领证码的机构。"),

	verdict.On(ErrRefresh).Unchecked(CheckCheckpoint, verdict.RefreshFirst,
		"What this wallet has read of the ledger is too old. Nothing was sent.", "此钱包读取的账本数据已过期，没有发送任何内容。",
		"Refresh the wallet, then open the request again.", "请先刷新钱包，再重新打开请求。"),
	verdict.On(ErrRequester).Unchecked(CheckRequest, verdict.RequesterUnproved,
		"The request does not prove who asks, and the wallet's list of agencies does not say. Nothing was sent.",
		"请求未能证明核验单位的身份，钱包的机构名单中也查不到。没有发送任何内容。",
		"Refresh the wallet, or ask for the request as a file or link.", "请刷新钱包，或以文件、链接方式重新获取请求。"),
	verdict.On(ErrNoEndorsement).Refused(CheckEndorsement, verdict.EndorsementMismatch,
		"The credential came without its endorsement, so that nothing could be proved with it. Nothing was stored.",
		"这份凭证缺少零知识背书，无法据以生成证明，未保存任何内容。",
		"Fetch it from the agency again.", "请重新向机构领取。"),

	verdict.On(ErrSaying).Refused(CheckRequest, verdict.SayingDiffers,
		"The answer would be counted with other words than the request shows. Nothing was sent.",
		"应答所计入的内容与请求所示不符。没有发送任何内容。",
		"Do not answer. Report it to the organisation's supervisor.", "请不要应答，并向其主管单位反映。"),
	verdict.On(ErrRequest).Refused(CheckRequest, verdict.RequestMalformed,
		"The request is malformed, or not signed by whom it names. Nothing was sent.", "请求有误，或不是其所称单位签名的。没有发送任何内容。",
		"Ask for a new one.", "请重新获取请求。"),
	verdict.On(ErrUnsigned).Refused(CheckRequest, verdict.RequestUnsigned,
		"The request is not signed: nothing says who asks but its address. Nothing was sent.", "请求没有签名，除网址外无法得知是谁在核验。没有发送任何内容。",
		"Ask at the desk.", "请到人工窗口办理。"),
	verdict.On(ErrNotAccredited).Refused(CheckAccreditation, verdict.RequesterNotAccredited,
		"This organisation is not authorised to check this. Nothing was sent.", "这家单位没有获准核验您的信息。没有发送任何内容。",
		"Ask staff at the desk.", "请到人工窗口办理。"),
	verdict.On(ErrNothingMatches).Refused(CheckMatch, verdict.NothingMatches,
		"No credential in this wallet answers that. Nothing was sent.", "此钱包中没有符合要求的凭证，没有发送任何内容。",
		"Apply for one, or ask at the desk.", "请先申领凭证，或到人工窗口办理。"),
	verdict.On(ErrNotProvable).Refused(CheckMatch, verdict.NotProvable,
		"No proof can be made of this credential here. Nothing was sent.", "此处无法为这份凭证生成证明，没有发送任何内容。",
		"Choose another way to answer.", "请选择其他出示方式。"),
	verdict.On(ErrNotForShow).Refused(CheckMatch, verdict.NotForShow,
		"The request asks for what never leaves a wallet. Nothing was sent.", "该请求索要绝不出示的内容，没有发送任何内容。",
		"Tell the organisation that asks.", "请告知核验单位。"),
	verdict.On(ErrConsent).Refused(CheckConsent, verdict.ConsentDiffers,
		"This is not what you agreed to. Nothing was sent.", "这不是您所同意的内容，没有发送任何内容。",
		"Open the request again.", "请重新打开请求。"),
	verdict.On(ErrEpochOld).Refused(CheckEpoch, verdict.EpochOld,
		"The newest epoch is older than the request accepts. Nothing was sent.", "最新的周期早于该请求所接受的时间，没有发送任何内容。",
		"Try again after the next epoch has closed.", "请在下一周期结束后重试。"),
	verdict.On(ErrNoEpoch, feed.ErrNoEpoch).Unchecked(CheckEpoch, verdict.NoEpoch,
		"The ledger has not closed an epoch yet.", "账本尚无已结束的周期。",
		"Try again when the first epoch is over.", "请在首个周期结束后重试。"),
	verdict.On(feed.ErrFormat, feed.ErrMissing, feed.ErrEpoch, feed.ErrSource).Unchecked(CheckFeed, verdict.RevocationData,
		"The files of the revocation data do not fit the ledger.", "撤销数据的文件与账本不符。",
		"Fetch or export them again.", "请重新获取或导出。"),
	verdict.On(ErrDiffers).Refused(CheckApplication, verdict.ReissueDiffers,
		"What came back does not say the same as the credential in this wallet, or is older. Nothing was changed.",
		"收到的凭证与钱包中的凭证内容不同，或签发更早。未作任何更改。",
		"Ask the agency to send it again.", "请该机构重新发送。"),
	verdict.On(ErrReissue).Unchecked(CheckApplication, verdict.ReissueUnanswered,
		"The agency did not hand out the credential that it signed anew. The old one stays.", "机构尚未提供重新签发的凭证，原凭证保留。",
		"Try again later, or ask the agency.", "请稍后重试，或联系该机构。"),
	verdict.On(ErrClosed).Internal(),
	verdict.On(ErrConfig).Configuration(),
	verdict.On(feed.ErrBusy).Busy(),
}
