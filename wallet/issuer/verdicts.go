package issuer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verdict"
)

// Check names what a desk was checking when it stopped.
type Check = verdict.Check

// The checks.
const (
	CheckTable       Check = "table"       // a table of this credential type
	CheckForm        Check = "form"        // size and shape of an application
	CheckOffer       Check = "offer"       // made here, and not used
	CheckApplication Check = "application" // made for this desk and offer, with the wallet's key
	CheckPerson      Check = "person"      // one wallet a person, one person a wallet
	CheckRevocation  Check = "revocation"  // of a credential that was issued, once
	CheckStatus      Check = "status"      // the status list has room, and is published
	CheckEntry       Check = "entry"       // the ledger takes what the desk submits
	CheckVault       Check = "vault"       // opens, and holds what was stored
)

// Rejected means that something was checked and is false. Nothing was issued, and
// nothing went onto the ledger.
type Rejected struct {
	Check Check
	Err   error
}

func (r *Rejected) Error() string { return fmt.Sprintf("issuer: rejected at %s: %v", r.Check, r.Err) }

// Unwrap returns the reason.
func (r *Rejected) Unwrap() error { return r.Err }

// Verdict returns what the reason means, as a refusal.
func (r *Rejected) Verdict() verdict.Verdict { return verdictAt(r.Check, r.Err, true) }

// Code names the reason for programs.
func (r *Rejected) Code() verdict.Code { return r.Verdict().Code }

// Describe says in plain words what was refused and what to do next, in the
// language of a tag such as "en" or "zh-CN".
func (r *Rejected) Describe(lang string) string { return r.Verdict().Describe(lang) }

// Unchecked means that something could not be checked or done. It is neither a yes nor
// a no. What was submitted to the ledger may have arrived: see ledger.ErrUnreachable.
type Unchecked struct {
	Check Check
	Err   error
}

func (u *Unchecked) Error() string {
	return fmt.Sprintf("issuer: could not check %s: %v", u.Check, u.Err)
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

// judge makes what an exported method returns a *Rejected or an *Unchecked. The
// check is the one that the reason names, or else the method's.
func judge(err *error, check Check) {
	var rejected *Rejected
	var unchecked *Unchecked
	if *err == nil || errors.As(*err, &rejected) || errors.As(*err, &unchecked) {
		return
	}
	v, _ := verdicts.Classify(*err)
	if v.Check != "" {
		check = v.Check
	}
	if v.Refused {
		*err = &Rejected{check, *err}
	} else {
		*err = &Unchecked{check, *err}
	}
}

// Verdicts returns what this package's errors mean, for verdict.Table.Classify.
// Rejected and Unchecked state it themselves.
func Verdicts() verdict.Table { return slices.Clone(rows) }

var verdicts = slices.Concat(here, rows)

// here are errors of other packages that mean something else to a desk, which
// writes to the ledger and reads nothing of it.
var here = verdict.Table{
	verdict.On(ledger.ErrReader, ledger.ErrAbsent).Unchecked(CheckEntry, verdict.LedgerAnswer,
		"The ledger's reply cannot be understood. Your last change may or may not have been saved.",
		"无法理解账本的应答。上一次更改可能已保存，也可能没有保存。",
		"Check before you repeat it.", "请先查清，再重新提交。"),
}

var rows = verdict.Table{
	verdict.On(ErrTable).Refused(CheckTable, verdict.TableMalformed,
		"The table does not fit the credential type. Nothing was issued.", "表格与凭证类别不符，未签发任何凭证。",
		"Give the header and the rows the columns of the credential template.", "请按凭证模板的各列整理表头和各行。"),
	verdict.On(ErrOnePerson).Refused(CheckTable, verdict.TableOnePerson,
		"A new wallet is bound for one person at a time, and the table has another number of rows. Nothing was offered.",
		"每次只能为一人绑定新钱包，而表格的行数不是一行。未生成任何领证码。",
		"Give a table with that person's row alone.", "请只保留此人所在的一行。"),
	verdict.On(ErrGB18030).Refused(CheckTable, verdict.TableEncoding,
		"The table looks like GB18030 or GBK, as Chinese spreadsheets write it. Nothing was issued.",
		"表格像是 GB18030（GBK）编码，中文电子表格常用此编码。未签发任何凭证。",
		"Say that it is GB18030, or save it as UTF-8.", "请注明编码为 GB18030，或另存为 UTF-8。"),
	verdict.On(ErrUTF16).Refused(CheckTable, verdict.TableEncoding,
		"The table looks like UTF-16. Nothing was issued.", "表格像是 UTF-16 编码。未签发任何凭证。",
		"Say that it is UTF-16, or save it as UTF-8.", "请注明编码为 UTF-16，或另存为 UTF-8。"),
	verdict.On(ErrEncodingUnsure).Refused(CheckTable, verdict.TableEncoding,
		"The table can be read as UTF-8 and as GB18030, with other names. Nothing was issued.",
		"表格按 UTF-8 和按 GB18030 均可读出，但姓名不同。未签发任何凭证。",
		"Say which of the two it is.", "请注明是哪一种编码。"),
	verdict.On(ErrType).Refused(CheckOffer, verdict.OfferOtherType,
		"This desk does not issue that credential type, or the offer is for another one.", "本窗口不签发此类凭证，或领证码用于另一类凭证。",
		"Apply with the offer for this type.", "请使用此类凭证的领证码。"),
	verdict.On(ErrOfferExpired).Refused(CheckOffer, verdict.OfferExpired,
		"This offer was not taken up in time.", "此领证码已过期。",
		"Ask the agency for a new one.", "请向机构重新索取领证码。"),
	verdict.On(ErrHeld).Refused(CheckPerson, verdict.HeldAlready,
		"This person holds a credential of this type that is in force. Nothing was issued.", "此人已持有有效的此类凭证，未签发任何凭证。",
		"Revoke it first, or make an offer that replaces it.", "请先撤销，或生成以新换旧的领证码。"),
	verdict.On(ErrDropped).Refused(CheckEntry, verdict.ChangeDropped,
		"The ledger refused this change, and nothing was changed.", "账本拒绝了此项更改，未作任何更改。",
		"Find out why before you repeat it.", "请先查明原因，再重新办理。"),
	verdict.On(ErrNotPublic).Unchecked(CheckStatus, verdict.ListNotPublic,
		"The change is on the ledger. The public status list was not replaced.", "更改已记入账本，但公开的状态列表未能更新。",
		"Publish the status list again.", "请重新公布状态列表。"),
	verdict.On(ErrCodeUsed).Refused(CheckOffer, verdict.OfferUsed,
		"This offer was taken up before.", "此领证码已被使用。",
		"Ask the agency for a new one.", "请向机构重新索取领证码。"),
	verdict.On(ErrCode).Refused(CheckOffer, verdict.OfferUnknown,
		"This agency did not make that offer.", "该机构没有发出过此领证码。",
		"Take it to the agency that did.", "请交给发出领证码的机构。"),
	verdict.On(ErrCommitment).Refused(CheckPerson, verdict.OtherWallet,
		"This person is registered here with another wallet, or this wallet with another person. Nothing was issued.",
		"此人在此登记的是另一钱包，或此钱包属于另一人。未签发任何凭证。",
		"Use the wallet of the first credential. If it is lost, find out who the person is, and bind a new wallet.",
		"请使用首次领取凭证的钱包；如已丢失，请核实本人身份后重新绑定钱包。"),
	verdict.On(ErrIdentity).Refused(CheckPerson, verdict.IdentityMissing,
		"This type is issued on a proof of an identity credential, or this desk takes none. Nothing was issued.",
		"此类凭证凭身份凭证的证明签发，或本机构不接受此种证明。未签发任何凭证。",
		"Apply again, and show the identity credential.", "请重新申请并出示身份凭证。"),
	verdict.On(ErrOtherPerson).Refused(CheckPerson, verdict.OtherPerson,
		"The identity credential names somebody else than the offer. Nothing was issued.", "身份凭证所载之人与领证码不符，未签发任何凭证。",
		"Use the offer that was made for the holder of this wallet.", "请使用为该钱包持有人生成的领证码。"),
	verdict.On(ErrIssue).Refused(CheckForm, verdict.CannotIssue,
		"The claims do not fit the credential template. Nothing was issued.", "信息与凭证模板不符，未签发任何凭证。",
		"Correct the table, and make a new offer.", "请更正表格，并重新生成领证码。"),
	verdict.On(ErrNotIssued).Refused(CheckRevocation, verdict.NotIssued,
		"Nothing was issued under this offer yet.", "此领证码下尚未签发任何凭证。",
		"Check that this is the right offer.", "请核对领证码。"),
	verdict.On(ErrRevoked).Refused(CheckRevocation, verdict.RevokedBefore,
		"This credential was revoked before.", "此凭证此前已撤销。",
		"There is nothing more to do.", "无需再办理。"),
	verdict.On(ErrNotReissued).Refused(CheckApplication, verdict.NotReissued,
		"This desk signed nothing in place of that credential.", "本机构没有重新签发过此凭证。",
		"Ask the agency that issued it whether it has signed its credentials anew.", "请向签发机构查询是否已完成重新签发。"),
	verdict.On(ErrNotAnchored).Refused(CheckApplication, verdict.NotAnchored,
		"No anchor on the ledger covers that credential. Nothing was handed out.", "账本上还没有覆盖此凭证的存证，未提供任何内容。",
		"Ask again after the agency has anchored what it issued.", "请在机构完成存证后再次提出请求。"),
	verdict.On(ErrHolder).Refused(CheckApplication, verdict.OtherHolderKey,
		"The request does not come from the wallet that holds the credential. Nothing was handed out.", "请求不是由持有该凭证的钱包发出，未提供任何内容。",
		"Ask with the wallet that holds it.", "请使用持有该凭证的钱包提出请求。"),
	verdict.On(ErrTxCode).Refused(CheckOffer, verdict.TxCodeWrong,
		"The transaction code is wrong. After five wrong ones the offer ends.", "交易码不正确。输错五次后领证码即告失效。",
		"Type the code that the agency sent you.", "请输入机构另行发送的交易码。"),
	verdict.On(ErrTxCodeMissing).Refused(CheckOffer, verdict.TxCodeMissing,
		"The offer needs a transaction code, or has none.", "此领证码需要交易码，或不使用交易码。",
		"Type the code that the agency sent you, or leave it out.", "请输入机构另行发送的交易码；没有收到的，不必填写。"),
	verdict.On(ErrOtherWay).Refused(CheckOffer, verdict.OfferOtherWay,
		"This offer is taken up by signing in, or over a connection.", "此领证码须登录后使用，或须联网使用。",
		"Open it in a wallet that is connected.", "请用已联网的钱包打开。"),
	verdict.On(ErrTransaction).Refused(CheckApplication, verdict.TransactionUnknown,
		"Nothing waits here under this transaction id.", "此处没有对应此业务号的待办申请。",
		"Apply again.", "请重新申请。"),
	verdict.On(ErrDenied).Refused(CheckApplication, verdict.ApplicationDenied,
		"The agency refused this application. Nothing was issued.", "机构未批准此项申请，未签发任何凭证。",
		"Ask the agency for the reason.", "请向机构了解原因。"),
	verdict.On(ErrNotDeferred).Refused(CheckOffer, verdict.NotDeferred,
		"This offer waits for no decision.", "此领证码没有待批准的申请。",
		"Check that this is the right offer.", "请核对领证码。"),
	verdict.On(ErrNotification).Refused(CheckApplication, verdict.NotificationUnknown,
		"No answer of this desk has this notification id.", "本机构的答复中没有此通知号。",
		"There is nothing more to do.", "无需再办理。"),
	verdict.On(ErrConfig).Configuration(),
}
