package agency

import (
	"slices"

	"github.com/hufu-id/hufu/verdict"
)

// CheckKeys names the check of an agency's keys and DID.
const CheckKeys verdict.Check = "keys"

// Verdicts returns what this package's errors mean, for verdict.Table.Classify.
func Verdicts() verdict.Table { return slices.Clone(rows) }

var rows = verdict.Table{
	verdict.On(ErrConfig).Configuration(),
	verdict.On(ErrNone).Unchecked("vault", verdict.NoAgency,
		"This vault holds no agency.", "此保险库中没有机构。",
		"Open the agency's vault, or create the agency first.", "请打开机构的保险库，或先创建机构。"),
	verdict.On(ErrExists).Refused("vault", verdict.AgencyExists,
		"This vault holds an agency already. Nothing was changed.", "此保险库中已有机构，未作任何更改。",
		"Choose another vault.", "请选择另一保险库。"),
	verdict.On(ErrNoDID).Unchecked(CheckKeys, verdict.NoLedgerYet,
		"The vault of this root agency does not know its ledger yet.", "此根授权机构的保险库尚不知道其账本。",
		"Found a ledger with its keys, or open the agency once with the ledger that was.", "请用其密钥创建账本；账本已建立的，请连接账本打开一次。"),
	verdict.On(ErrNotRoot).Refused(CheckKeys, verdict.OtherRoot,
		"The ledger has another root agency.", "该账本的根授权机构是另一家机构。",
		"Check that this is the right ledger.", "请核对账本。"),
	verdict.On(ErrRecord).Unchecked("vault", verdict.VaultDamaged,
		"The vault was damaged or changed by another program.", "保险库已损坏，或被其他程序改动。",
		"Restore it from a backup.", "请从备份恢复。"),
	verdict.On(ErrOffline).Unchecked("checkpoint", verdict.LedgerNeeded,
		"This needs the ledger, and the agency was opened without one. Nothing was changed.", "此操作需要账本，而机构是在未连接账本的情况下打开的。未作任何更改。",
		"Connect to the ledger and try again.", "请连接账本后重试。"),
	verdict.On(ErrElsewhere).Unchecked(CheckKeys, verdict.KeysElsewhere,
		"The agency's keys are kept elsewhere, so its identifier cannot be changed here.", "机构的密钥保存在别处，无法在此更改其标识。",
		"Change it on the machine that keeps the keys.", "请在保存密钥的设备上更改。"),
	verdict.On(ErrNoKey).Unchecked(CheckKeys, verdict.NoSignatureKey,
		"This agency has no signature key in force here.", "本机构在此没有有效的签名密钥。",
		"Rotate the agency's keys.", "请更换机构密钥。"),
	verdict.On(ErrNoChangeKey).Unchecked(CheckKeys, verdict.NoChangeKey,
		"No key here may change the agency's identifier. The vault may be an older copy.", "此处没有可更改机构标识的密钥，保险库可能是旧的副本。",
		"Open the newest copy of the vault, or connect the safe.", "请打开最新的保险库副本，或连接密钥保险箱。"),
	verdict.On(ErrAgreement).Refused(CheckKeys, verdict.AgreementOther,
		"This is not the agreement after the one that holds, or it counts again on the key that would sign it.", "这不是现行协议的下一份协议，或它再次指定了签署所用的密钥。",
		"Ask for an agreement that was proposed anew.", "请重新提出协议。"),
	verdict.On(ErrNoSay).Unchecked(CheckKeys, verdict.NoSay,
		"No key here may sign the next agreement. The vault may be an older copy, or the agency has no say.", "此处没有可签署下一份协议的密钥。保险库可能是旧的副本，或本机构没有表决权。",
		"Open the newest copy of the vault, or connect the safe.", "请打开最新的保险库副本，或连接密钥保险箱。"),
	verdict.On(ErrUnknownKey).Refused(CheckKeys, verdict.NoSuchKey,
		"The agency has no key of this name.", "机构没有这个名称的密钥。",
		"List its keys and choose one.", "请查看密钥列表后选择。"),
	verdict.On(ErrPending).Unchecked("checkpoint", verdict.ChangePending,
		"No reply. The change of the agency's identifier may or may not have been saved.", "没有应答。机构标识的更改可能已保存，也可能没有保存。",
		"Run any command of this agency again: it finds out.", "请再次运行本机构的任一命令，系统会查明结果。"),
	verdict.On(ErrRaced).Unchecked("vault", verdict.Busy,
		"Another program works on the same data.", "另一程序正在处理同一数据。",
		"Try again when it has finished.", "请待其完成后重试。"),
	verdict.On(ErrApplication).Refused(CheckKeys, verdict.ApplicationOther,
		"This file is not an application to this ledger. Nothing was recorded.", "此文件不是向本账本提出的加入申请，未登记任何内容。",
		"Ask the newcomer for the application that its program made for this ledger.", "请向申请机构索取其程序为本账本生成的申请文件。"),
	verdict.On(ErrNoGrant).Refused("accreditation", verdict.NoSuchGrant,
		"This agency gave no such accreditation, or ended it.", "本机构没有作出这项授权，或已将其终止。",
		"Check the agency, the credential type and the region.", "请核对机构、凭证类别和地区。"),
	verdict.On(ErrTranscript).Refused(CheckKeys, verdict.TranscriptMismatch,
		"A key from a ceremony needs the hash of its transcript, and a single party's key has none.", "多方密钥生成所得的密钥需附记录哈希，单方密钥则没有。",
		"Give the transcript of the ceremony that made the key.", "请提供产生该密钥的多方密钥生成记录。"),
}
