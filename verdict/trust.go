package verdict

import (
	"errors"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/provenance"
)

// Codes of trust beyond the ledger.
const (
	Untrusted             Code = "untrusted"              // refused: no anchor here vouches for it
	NotTrustedFor         Code = "not-trusted-for"        // refused: known, and not trusted for this
	CertificateName       Code = "certificate-name"       // refused: the certificate names somebody else
	CertificateChain      Code = "certificate-chain"      // refused: incomplete, out of order, self-signed
	CertificateUse        Code = "certificate-use"        // refused: not for this use
	CertificateExpired    Code = "certificate-expired"    // refused: not in force
	CertificateRevoked    Code = "certificate-revoked"    // refused: on the authority's list
	AuthorityNotNamed     Code = "authority-not-named"    // refused: under no authority that was asked for
	RevocationUnknown     Code = "revocation-unknown"     // unchecked: the authority's list cannot be had
	IdentifierUnavailable Code = "identifier-unavailable" // unchecked: its document cannot be had
	TypeRules             Code = "type-rules"             // refused: against the rules of its type
)

// trustRows are about issuers and requesters that no ledger has. Their sentences end with
// who it is and what it was held against: see heldAgainst.
var trustRows = Table{
	On(provenance.ErrClientID, provenance.ErrIssuerName).Refused("issuer", CertificateName,
		"The certificate names somebody else than the message does.", "证书上的名称与消息所称的不一致。",
		"Do not go on. Ask them to correct it.", "请勿继续，并请对方更正。"),
	On(certpath.ErrRevoked).Refused("issuer", CertificateRevoked,
		"The authority has revoked this certificate.", "证书已被其颁发机构吊销。",
		"Ask them for a message under a new certificate.", "请对方更换证书后重新提供。"),
	On(certpath.ErrRevocation).Unchecked("issuer", RevocationUnknown,
		"Whether this certificate was revoked cannot be found out.", "暂时无法查明证书是否已被吊销。",
		"Try again soon. If it stays so, tell the authority that its list cannot be had.", "请稍后再试；如仍如此，请告知颁发机构其吊销列表无法取得。"),
	On(certpath.ErrNotInForce).Refused("issuer", CertificateExpired,
		"The certificate has expired, or is not valid yet.", "证书已过期，或尚未生效。",
		"Ask them to renew it. Check this device's clock, too.", "请对方更新证书，并核对本机时钟。"),
	On(certpath.ErrSelfSigned, certpath.ErrAnchorIncluded, certpath.ErrOrder, certpath.ErrChain).Refused("issuer", CertificateChain,
		"The certificates are incomplete, out of order or self-signed.", "证书链不完整、顺序有误或为自签名。",
		"Ask them to send the chain from their own certificate up, without the authority's.", "请对方提供自本方证书起、不含根证书的完整证书链。"),
	On(certpath.ErrUsage, certpath.ErrConstraint, certpath.ErrKey).Refused("issuer", CertificateUse,
		"The certificate may not be used for this.", "证书不得用于此用途。",
		"Ask them for a message under the right certificate.", "请对方使用正确的证书。"),
	On(provenance.ErrNotTrustedFor).Refused("accreditation", NotTrustedFor,
		"This party is known here, and is not trusted for this.", "本机知道对方，但没有将此事列入信任范围。",
		"If it should be, ask the operator to add this type or use to the configuration.", "如应当信任，请联系运营方在配置中添加该类型或用途。"),
	On(provenance.ErrUnknown, certpath.ErrUntrusted).Refused("issuer", Untrusted,
		"Nobody whom you trust here vouches for this party.", "本机信任的机构均未为对方担保。",
		"Find out who it is. If you trust them, ask the operator to add their authority.", "请核实对方身份；如确可信，请联系运营方添加其颁发机构。"),
	On(credential.ErrTypeRules, credential.ErrIntegrity).Refused("schema", TypeRules,
		"The credential breaks the published rules of its type.", "这份凭证不符合其类型所公布的规则。",
		"Ask the issuer for a new credential.", "请向签发机构重新申领凭证。"),
	On(provenance.ErrUnresolved).Unchecked("issuer", IdentifierUnavailable,
		"The server that holds this party's keys does not reply, or replies with something else.", "存放对方密钥的服务器没有应答，或应答有误。",
		"Try again soon, or ask at the desk.", "请稍后再试，或到人工窗口办理。"),
	On(credential.ErrTypeMetadata, certpath.ErrAnchor, provenance.ErrTrust).Configuration(),
}

// heldAgainst adds to a verdict about trust who the party is and against what it was held.
func heldAgainst(v Verdict, err error) Verdict {
	var failed *provenance.Error
	ours := false
	for _, row := range trustRows {
		ours = ours || row.Verdict.Code == v.Code && v.Code != Configuration
	}
	if !ours {
		return v
	}
	who, anchor := "", ""
	if errors.As(err, &failed) {
		who, anchor = failed.Who, failed.Anchor
	} else if chain := (*certpath.Error)(nil); errors.As(err, &chain) {
		who = chain.Who
	}
	if who != "" {
		v.What.English += " It is: " + legible.Line(who) + "."
		v.What.Chinese += "对方：" + legible.Line(who) + "。"
	}
	if anchor != "" {
		v.What.English += " It was held against: " + legible.Line(anchor) + "."
		v.What.Chinese += "所对照的信任依据：" + legible.Line(anchor) + "。"
	}
	return v
}
