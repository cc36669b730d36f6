package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/wallet"
)

var (
	// ErrConfig means that something in a Config is missing or cannot be right.
	ErrConfig = errors.New("wallet/client: incomplete configuration")
	// ErrUnreachable means that an issuer did not answer, or answered that it cannot now.
	ErrUnreachable = errors.New("wallet/client: the issuer does not answer")
	// ErrAddress means an address that is not https, or not in the public network.
	ErrAddress = errors.New("wallet/client: address refused")
	// ErrAnswer means that an answer breaks the standard.
	ErrAnswer = errors.New("wallet/client: answer that breaks the standard")
	// ErrOtherServer means that an offer leads to a server that its issuer does not name.
	ErrOtherServer = errors.New("wallet/client: not a server of the issuer")
	// ErrUnsupported means that an issuer wants something that this wallet cannot do.
	ErrUnsupported = errors.New("wallet/client: the issuer wants what this wallet cannot do")
	// ErrAttestation means that an issuer wants a maker to vouch for the wallet or its keys,
	// and nobody does.
	ErrAttestation = errors.New("wallet/client: the issuer wants an attestation")
	// ErrTxCode means that a transaction code is missing, or not of the form that the offer
	// says.
	ErrTxCode = errors.New("wallet/client: transaction code missing, or of another form")
	// ErrCode means that the issuer did not take the code: it is wrong, used or expired.
	ErrCode = errors.New("wallet/client: the issuer does not take the code")
	// ErrDenied means that the issuer will not issue, or that the citizen did not sign in.
	ErrDenied = errors.New("wallet/client: the issuer refuses the credential")
	// ErrEnded means that the issuer no longer lets this issuance fetch anything.
	ErrEnded = errors.New("wallet/client: the issuance has ended at the issuer")
	// ErrRefused means that the issuer refused a request, for the reason of the
	// oauth.Error that it wraps.
	ErrRefused = errors.New("wallet/client: the issuer refused the request")
)

// Rejected means that something was checked and is false.
type Rejected struct{ Err error }

func (r *Rejected) Error() string { return fmt.Sprintf("wallet/client: rejected: %v", r.Err) }

// Unwrap returns the reason.
func (r *Rejected) Unwrap() error { return r.Err }

// Verdict returns what the reason means, as a refusal.
func (r *Rejected) Verdict() verdict.Verdict { return rows.As(r.Err, true) }

// Code names the reason for programs.
func (r *Rejected) Code() verdict.Code { return r.Verdict().Code }

// Describe says in plain words what was refused and what to do next.
func (r *Rejected) Describe(lang string) string { return r.Verdict().Describe(lang) }

// Unchecked means that something could not be found out. Trying again later may decide it.
type Unchecked struct{ Err error }

func (u *Unchecked) Error() string { return fmt.Sprintf("wallet/client: could not check: %v", u.Err) }

// Unwrap returns the reason.
func (u *Unchecked) Unwrap() error { return u.Err }

// Verdict returns what the reason means, as something that could not be found out.
func (u *Unchecked) Verdict() verdict.Verdict { return rows.As(u.Err, false) }

// Code names the reason for programs.
func (u *Unchecked) Code() verdict.Code { return u.Verdict().Code }

// Describe says in plain words what could not be found out and what to do next.
func (u *Unchecked) Describe(lang string) string { return u.Verdict().Describe(lang) }

// judge makes what an exported method returns a *Rejected or an *Unchecked, unless the
// wallet has judged already.
func judge(err *error) {
	var rejected *wallet.Rejected
	var unchecked *wallet.Unchecked
	if *err == nil || errors.As(*err, &rejected) || errors.As(*err, &unchecked) {
		return
	}
	if v, _ := rows.Classify(*err); v.Refused {
		*err = &Rejected{*err}
		return
	}
	*err = &Unchecked{*err}
}

// sorted says what asking a server fails with.
func sorted(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fetch.ErrAddress), errors.Is(err, fetch.ErrPrivate):
		return fmt.Errorf("%w: %w", ErrAddress, err)
	case errors.Is(err, fetch.ErrRedirect), errors.Is(err, fetch.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// Verdicts returns what this package's errors mean, for verdict.Table.Classify.
func Verdicts() verdict.Table { return slices.Clone(rows) }

var rows = verdict.Table{
	verdict.On(ErrNoRequest).Refused("request", verdict.RequestGone,
		"This address has no request, or the request has expired. Nothing was sent.", "此网址没有核验请求，或请求已过期，没有发送任何内容。",
		"Ask for a new one.", "请重新获取请求。"),
	verdict.On(ErrCounter).Unchecked("request", verdict.CounterUnreachable,
		"The organisation that asks does not answer. Nothing was sent.", "核验单位没有应答，没有发送任何内容。",
		"Connect to the network and open the request again.", "请连接网络后重新打开请求。"),
	verdict.On(ErrUndelivered).Unchecked("request", verdict.AnswerUndelivered,
		"It is not known whether your answer arrived.", "无法确认您的应答是否已送达。",
		"Send the same answer again.", "请再次发送同一应答。"),
	verdict.On(ErrNotTaken).Refused("request", verdict.AnswerNotTaken,
		"The organisation that asks did not accept your answer.", "核验单位没有接受您的应答。",
		"Ask staff at the desk.", "请到人工窗口办理。"),
	verdict.On(ErrAttestation).Refused("offer", verdict.AttestationWanted,
		"The issuer wants the maker of this wallet to vouch for it, and nobody does.", "签发机构要求钱包的制作方为其作证，而此钱包没有这样的证明。",
		"Use a wallet that the issuer names.", "请使用签发机构指定的钱包。"),
	verdict.On(ErrTxCode).Refused("offer", verdict.TxCodeMissing,
		"The transaction code is missing, or not of the form that the offer says. Nothing was sent.", "缺少交易码，或交易码格式与领证码所示不符，没有发送任何内容。",
		"Type the code that the agency sent you another way.", "请输入机构另行发给您的交易码。"),
	verdict.On(ErrCode).Refused("offer", verdict.CodeRefused,
		"The issuer did not accept the code: it is wrong, was used before, or has expired.", "签发机构不接受该代码：有误、已使用或已过期。",
		"Check the transaction code. If it is right, ask the agency for a new offer.", "请核对交易码；如无误，请向机构重新索取领证码。"),
	verdict.On(ErrDenied).Refused("offer", verdict.IssuanceDenied,
		"The issuer will not issue this credential, or you did not sign in there.", "签发机构不予签发此凭证，或您未在其处完成登录。",
		"Ask the agency for its reason.", "请向该机构了解原因。"),
	verdict.On(ErrEnded).Refused("offer", verdict.IssuanceEnded,
		"The issuer no longer lets this wallet fetch the credential.", "签发机构已不允许此钱包继续领取该凭证。",
		"Ask the agency for a new offer.", "请向机构重新索取领证码。"),
	verdict.On(ErrOtherServer).Refused("offer", verdict.IssuerAddress,
		"The offer leads to a server that the issuer does not name. Nothing was sent there.", "领证码指向的服务器不属于该签发机构，没有向其发送任何内容。",
		"Do not go on. Ask the agency for a new offer.", "请勿继续，并向机构重新索取领证码。"),
	verdict.On(ErrAddress).Refused("offer", verdict.AddressRefused,
		"The address is not a secure one in the public network. Nothing was sent.", "该网址不安全或不在公共网络中，没有发送任何内容。",
		"Ask the agency for a new offer.", "请向机构重新索取领证码。"),
	verdict.On(ErrUnsupported).Refused("offer", verdict.IssuerUnsupported,
		"The issuer wants something that this wallet cannot do.", "签发机构要求了此钱包不支持的内容。",
		"Use another wallet, or ask the agency.", "请换用其他钱包，或咨询该机构。"),
	verdict.On(ErrUnreachable).Unchecked("offer", verdict.IssuerUnreachable,
		"The issuer does not answer. What was begun is kept.", "签发机构没有应答，已办理的部分已保留。",
		"Connect to the network and go on later.", "请连接网络，稍后继续。"),
	verdict.On(ErrRefused).Refused("offer", verdict.IssuerRefused,
		"The issuer refused the request.", "签发机构拒绝了此请求。",
		"Try again later, or ask the agency.", "请稍后重试，或咨询该机构。"),
	verdict.On(ErrAnswer).Refused("offer", verdict.IssuerAnswer,
		"The issuer's answer breaks the standard, and was not used.", "签发机构的应答不符合标准，未予采用。",
		"Tell the agency.", "请告知该机构。"),
	verdict.On(ErrConfig).Configuration(),
}
