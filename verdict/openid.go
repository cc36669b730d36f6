package verdict

import (
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/zkp"
)

var requestRows = Table{
	On(openid.ErrRequestSigner).Refused("request", RequestSigner,
		"The request was not signed by the organisation that it names.", "请求不是其所称单位签名的。",
		"Do not answer it. Ask at the desk.", "请勿出示凭证，并到人工窗口核实。"),
	On(openid.ErrRequestTime).Refused("request", RequestExpired,
		"The request has expired, or is not valid yet.", "请求已过期或尚未生效。",
		"Ask for a new one.", "请重新获取请求。"),
	On(openid.ErrUnsupportedFormat).Refused("request", FormatUnsupported,
		"This credential format is not supported.", "不支持这种凭证格式。",
		"Tell the organisation that asks.", "请告知核验单位。"),
	On(provenance.ErrAttestation).Unchecked("request", RequesterUnproved,
		"The proof of who asks would be too large.", "用于证明核验单位身份的数据过大。",
		"Ask for fewer kinds of credential at once.", "请减少一次核验的凭证种类。"),
	On(openid.ErrTransactionData).Refused("request", TransactionData,
		"What is to be authorised is not understood here, or is not what was authorised.", "无法识别需要授权的内容，或所授权的内容与请求不符。",
		"Do not authorise it. Ask at the desk.", "请勿授权，并到人工窗口核实。"),
	On(openid.ErrRequest, openid.ErrQuery, openid.ErrRequestURIMethod, credential.ErrPath).Refused("request", RequestMalformed,
		"The request is malformed or incomplete.", "请求有误或不完整。",
		"Ask for a new one.", "请重新获取请求。"),
	On(openid.ErrNoMatch).Refused("form", AnswerMismatch,
		"The answer lacks something that was asked for.", "出示内容缺少所核验的内容。",
		"Ask the holder to answer the newest request.", "请持有人针对最新的请求重新出示。"),
	On(openid.ErrUnasked).Refused("form", AnswerUnasked,
		"The answer holds something that was not asked for.", "出示内容包含未要求的内容。",
		"Ask the holder to answer the newest request.", "请持有人针对最新的请求重新出示。"),
}

var issuingRows = Table{
	On(openid.ErrOfferByReference).Refused("offer", OfferByReference,
		"This offer must be fetched from an address first.", "此领证码须先从网址获取。",
		"Fetch it, and open what you get.", "请先获取，再打开所得内容。"),
	On(openid.ErrOffer).Refused("offer", OfferMalformed,
		"The offer is malformed, or of a kind that is not supported.", "领证码有误，或属于不支持的种类。",
		"Ask the agency for a new offer.", "请向机构重新索取领证码。"),
	On(openid.ErrMetadataIssuer, oauth.ErrIssuer).Refused("offer", IssuerAddress,
		"The address does not belong to the issuer that is named.", "该网址不属于所称的签发机构。",
		"Do not go on. Ask the agency for a new offer.", "请勿继续，并向机构重新索取领证码。"),
	On(oauth.ErrState).Refused("offer", SignInOther,
		"The answer belongs to another sign-in.", "返回的结果对应的是另一次登录。",
		"Sign in again from the wallet.", "请从钱包重新登录。"),
	On(openid.ErrMetadata, oauth.ErrMessage).Refused("offer", IssuerAnswer,
		"The issuer's answer is malformed.", "签发机构的应答有误。",
		"Try again later. If it stays so, tell the agency.", "请稍后重试；如仍如此，请告知该机构。"),
	On(oauth.ErrVerifier).Refused("application", ApplicationOtherWallet,
		"The application does not come from the wallet that signed in.", "申请并非来自登录时所用的钱包。",
		"Sign in again from the wallet.", "请从钱包重新登录。"),
	On(oauth.ErrAttestation, openid.ErrKeyAttestation).Refused("application", WalletUnattested,
		"What vouches for the wallet does not hold, or has expired.", "钱包的背书无效或已过期。",
		"Update the wallet and apply again.", "请更新钱包后重新申请。"),
	On(openid.ErrProofAudience).Refused("application", ApplicationOtherDesk,
		"The application was made for another desk.", "申请是提交给另一机构的。",
		"Take it to the agency that made the offer.", "请交给发出领证码的机构。"),
	On(openid.ErrProofNonce).Refused("application", ApplicationOtherOffer,
		"The application was made for another offer.", "申请对应的是另一个领证码。",
		"Apply again with this offer.", "请用此领证码重新申请。"),
	On(openid.ErrProofTime).Refused("application", ApplicationOld,
		"The application is too old, or from a clock that is ahead.", "申请时间过早，或申请设备的时钟偏快。",
		"Apply again.", "请重新申请。"),
	On(openid.ErrUnsupportedProof, openid.ErrEncryptionWanted, openid.ErrEncryption,
		oauth.ErrResponseType, oauth.ErrChallenge, oauth.ErrGrantType).Refused("application", ApplicationUnsupported,
		"The application asks for something that is not supported.", "申请要求了不支持的内容。",
		"Apply with another wallet.", "请换一个钱包申请。"),
	On(openid.ErrProof, oauth.ErrDPoP).Refused("application", ApplicationProof,
		"The application does not show that the wallet holds its key.", "申请未能证明钱包持有其密钥。",
		"Apply again.", "请重新申请。"),
}

var keyRows = Table{
	On(did.ErrNoKey).Refused("issuer", KeyUnknown,
		"The agency that is named does not have the key that signed this.", "所称机构没有签名所用的密钥。",
		"Ask the agency to sign it again.", "请该机构重新签名。"),
	On(did.ErrSyntax, did.ErrUnsupportedMethod).Refused("", IdentifierInvalid,
		"This identifier is not valid, or of a kind that is not supported.", "标识无效，或属于不支持的种类。",
		"Check the identifier and try again.", "请核对标识后重试。"),
	On(did.ErrKey, did.ErrPrivateKey, did.ErrUnsupportedKey, zkp.ErrProofKey).Refused("", KeyMalformed,
		"A key is malformed, or of a kind that is not supported.", "密钥有误，或属于不支持的种类。",
		"Ask the sender to make it again.", "请对方重新生成。"),
	On(did.ErrAlgorithm).Refused("", AlgorithmNotAllowed,
		"The signature uses an algorithm that is not allowed.", "签名使用了不允许的算法。",
		"Ask the sender to sign with an allowed one.", "请对方改用允许的算法签名。"),
	On(did.ErrSignature).Refused("", Signature,
		"A signature does not hold.", "签名不成立。",
		"Ask the sender to send it again.", "请对方重新发送。"),
	On(did.ErrNoSuite, did.ErrDocument).Internal(),
}

var encryptionRows = Table{
	On(jwe.ErrAlgorithm, jwe.ErrKey).Refused("form", EncryptionUnsupported,
		"The encryption uses a key or an algorithm that is not supported.", "加密使用了不支持的密钥或算法。",
		"Ask the sender to encrypt with a supported one.", "请对方改用支持的密钥和算法加密。"),
	On(jwe.ErrDecrypt).Refused("form", EncryptionOther,
		"This message is encrypted for another recipient or request, or was changed on the way.", "此消息是为其他接收方或其他请求加密的，或在传输中被改动。",
		"Ask the sender to encrypt it again.", "请对方重新加密并发送。"),
}

// messageRows stand last: many narrower reasons come inside a malformed message.
var messageRows = Table{
	On(openid.ErrTooLarge, openid.ErrJSON, openid.ErrResponse, openid.ErrCredentialRequest, openid.ErrCredentialResponse, openid.ErrNotification, openid.ErrQRText,
		credential.ErrTooLarge, credential.ErrForm, credential.ErrJSON, credential.ErrDepth, credential.ErrDisclosure,
		credential.ErrTooManyDisclosures, credential.ErrDigest, credential.ErrDuplicateDigest, credential.ErrDuplicateDisclosure,
		credential.ErrDisclosureKind, credential.ErrCollision, credential.ErrReservedName, credential.ErrHashAlgorithm,
		credential.ErrType, credential.ErrHiddenClaim, credential.ErrMissingClaim, credential.ErrClaim, credential.ErrConfirmation,
		credential.ErrBindingForm, provenance.ErrSource, zkp.ErrForm,
		jwe.ErrTooLarge, jwe.ErrToken, jwe.ErrHeader,
		did.ErrTooLarge, did.ErrToken, did.ErrHeader, did.ErrCritical, did.ErrType).Refused("form", MessageMalformed,
		"This message is incomplete, or not the kind that belongs here.", "消息不完整，或不是此处所需的消息。",
		"Ask the sender to send it again.", "请对方重新发送。"),
	On(legible.ErrText).Refused("form", TextIllegible,
		"A text in this shows nothing, or could show something else than it says.", "其中的文字含有不可见字符，或可能显示成另外的内容。",
		"Ask the sender to correct it.", "请对方更正。"),
}
