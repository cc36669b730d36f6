package verdict

import (
	"context"
	"slices"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// Verdicts returns the library's rows.
func Verdicts() Table { return slices.Concat(own, library) }

// own are the rows about the program that reads an error. They stand before those
// of a role: what ended the work, or is wrong with one's own store, says nothing
// about what somebody brought.
var own = Table{
	On(context.Canceled).Unchecked("", Interrupted,
		"Interrupted.", "已中断。",
		"Check what was done before you begin again.", "请先查清已完成的部分，再重新开始。"),
	timedOut(ledger.ErrUnreachable),
	On(vault.ErrLocked).Unchecked("vault", VaultLocked,
		"The passphrase is wrong, or the vault is damaged.", "口令不正确，或保险库已损坏。",
		"Enter the passphrase again. If it is right, restore the vault from a backup.", "请重新输入口令；如口令无误，请从备份恢复保险库。"),
	On(vault.ErrRolledBack).Unchecked("vault", VaultRolledBack,
		"The vault is older than it was here before, or its generation file is missing. Nothing was changed.", "保险库比本机此前的版本旧，或缺少其版本文件，未做任何更改。",
		"Put the newest copy back.", "请恢复最新的副本。"),
	On(vault.ErrDamaged).Unchecked("vault", VaultDamaged,
		"The vault does not hold what was stored. Nothing was changed.", "保险库的内容与所存不符，未做任何更改。",
		"Restore it from a backup.", "请从备份恢复。"),
	On(vault.ErrInvalidated).Unchecked("vault", VaultKeyLost,
		"This device has lost the key for good.", "本机已永久失去该密钥。",
		"Ask the issuer for a new credential.", "请向签发机构重新申领凭证。"),
	On(vault.ErrUnsupported).Unchecked("vault", VaultKeyUnsupported,
		"This device cannot make the key that is needed.", "本机无法生成所需的密钥。",
		"Use another device.", "请换一台设备。"),
	On(vault.ErrNotFound).Unchecked("", NotFound,
		"There is nothing here of that name.", "这里没有所找的内容。",
		"Check the name and try again.", "请核对名称后重试。"),
	On(did.ErrSigner).Unchecked("", SignerFailed,
		"The key did not sign.", "密钥未能签名。",
		"Check the device that holds the key, and try again.", "请检查存放密钥的设备后重试。"),
	On(vault.ErrReadOnly, vault.ErrTxDone, vault.ErrClosed, vault.ErrName).Internal(),
}

// library are the rows of the packages below the roles.
var library = slices.Concat(trustRows, accreditationRows, ledgerRows, statusRows, credentialRows, publicRows, zkpRows, requestRows, issuingRows, keyRows, encryptionRows, messageRows)

// unknown is the verdict of what no row knows.
var unknown = Verdict{Code: Internal,
	What: Text{"We cannot check right now. This does not mean you were refused.", "暂时无法核验，不代表您不符合条件。"},
	Next: Text{"Try again soon, or ask at the desk.", "请稍后再试，或到人工窗口办理。"},
}

// otherRefusal is the verdict of a refusal that no row knows.
var otherRefusal = Verdict{Code: Refused, Refused: true,
	What: Text{"This was checked, and it does not hold.", "经核验，未能通过。"},
	Next: Text{"Ask at the desk.", "请到人工窗口咨询。"},
}

// entryRefused is the verdict of a ledger's refusal that no row knows.
var entryRefused = Verdict{Check: "entry", Code: EntryRefused, Refused: true,
	What: Text{"The ledger refused this entry. Nothing was recorded.", "账本未接受此项记录，未登记任何内容。"},
	Next: Text{"Correct the entry and send it again.", "请更正后重新提交。"},
}

// timedOut is the row of work that took too long. An error that says what did not
// come in time says more.
func timedOut(unless error) Row {
	r := On(context.DeadlineExceeded).Unchecked("", TimedOut,
		"This took too long and was ended.", "用时过长，已停止。",
		"Try again.", "请重试。")
	r.unless = unless
	return r
}
