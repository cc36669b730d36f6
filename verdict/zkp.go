package verdict

import (
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

var zkpRows = Table{
	On(zkp.ErrRevoked).Refused("prepare", Revoked,
		"The issuer has revoked this credential. Nothing was sent.", "这份凭证已被签发机构撤销，没有发送任何内容。",
		"Contact the issuer.", "请联系签发机构。"),
	On(zkp.ErrNotRegistered).Refused("prepare", IssuerNotRegistered,
		"No proof can be made: the issuer's key is not accredited in this epoch.", "无法生成证明：签发机构的密钥在本周期未获授权。",
		"Contact the issuer.", "请联系签发机构。"),
	On(zkp.ErrPart).Unchecked("feed", RevocationData,
		"The revocation data does not fit the ledger.", "撤销数据与账本不符。",
		"Fetch it again.", "请重新获取。"),
	On(zkp.ErrEpoch).Refused("epoch", EpochOld,
		"This proof is too old.", "证明生成过早，无法确认此后是否被撤销。",
		"Make a new one.", "请重新出示。"),
	On(zkp.ErrSinglePartySetup).Unchecked("prepare", SinglePartyKeys,
		"One machine made the zero-knowledge keys, and it could prove anything.", "零知识证明密钥由一台机器生成，该机器可以伪造任何证明。",
		"Use the keys of a ceremony.", "请使用多方密钥生成所得的密钥。"),
	On(zkp.ErrVerifyingKey).Unchecked("prepare", VerifyingKeyMissing,
		"The zero-knowledge key that the ledger names is missing.", "缺少账本所指的零知识证明密钥。",
		"Fetch the public files of the ledger again.", "请重新获取账本的公开文件。"),
	On(zkp.ErrPrepare).Refused("prepare", PrepareProof,
		"The proof of a valid credential does not hold.", "凭证有效的证明不成立。",
		"Ask the holder to show it again.", "请持有人重新出示。"),
	On(zkp.ErrShow).Refused("statement", StatementProof,
		"The proof does not answer this request: it was made for another, or changed on its way.", "证明并非针对此请求：它是针对另一请求生成的，或在途中被改动。",
		"Ask the holder to answer the newest request.", "请持有人针对最新的请求重新出示。"),
	On(zkp.ErrHolder).Refused("statement", OtherHolder,
		"The credentials shown belong to several people.", "所出示的凭证不属于同一个人。",
		"Ask the holder to show credentials of one person.", "请出示同一个人的凭证。"),
	On(zkp.ErrUnsatisfied).Refused("match", NotMet,
		"The credential does not show what is asked.", "这份凭证不符合所核验的条件。",
		"Choose another credential, or ask at the desk.", "请选择其他凭证，或到人工窗口办理。"),
	On(predicate.ErrReveal).Refused("statement", RevealedValues,
		"The values shown are not the ones that were asked for.", "所告知的内容不是所核验的内容。",
		"Ask the holder to show it again.", "请持有人重新出示。"),
	On(zkp.ErrValue).Refused("statement", ValueOutOfRange,
		"A value is outside the range of what can be proved.", "有数值超出可以证明的范围。",
		"Ask at the desk.", "请到人工窗口办理。"),
	On(zkp.ErrStatement, predicate.ErrClaim, predicate.ErrType, predicate.ErrUnsupported).Refused("request", QuestionNotAllowed,
		"This question cannot be asked of this credential type.", "不能对此类凭证提出这项请求。",
		"Tell the organisation that asks.", "请告知核验单位。"),
}
