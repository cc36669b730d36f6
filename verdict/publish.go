package verdict

import "github.com/hufu-id/hufu/publish"

// publicRows come after those of what a file is needed for, which say more.
var publicRows = Table{
	On(publish.ErrKeyNotAtHand).Unchecked("prepare", VerifyingKeyMissing,
		"The zero-knowledge key that the ledger names is missing.", "缺少账本所指的零知识证明密钥。",
		"Fetch the public files of the ledger again.", "请重新获取账本的公开文件。"),
	On(publish.ErrUnreachable).Unchecked("", PublicFilesUnreachable,
		"The server of the ledger's public files does not reply.", "存放账本公开文件的服务器没有应答。",
		"Connect to the network and try again.", "请连接网络后重试。"),
	On(publish.ErrNotAtHand).Unchecked("", PublicFileMissing,
		"A public file of the ledger is missing.", "缺少账本的一份公开文件。",
		"Fetch the public files again, or ask the agency that publishes them.", "请重新获取公开文件，或联系发布该文件的机构。"),
	On(publish.ErrOther, publish.ErrTooLarge).Unchecked("", PublicFileDiffers,
		"A public file is not the one that the ledger names.", "有一份公开文件与账本上登记的不一致。",
		"Fetch it again, from another server if it stays so.", "请重新获取；如仍如此，请换一台服务器。"),
	On(publish.ErrDelta).Unchecked("", BundleDelta,
		"This bundle leaves out files that the one before does not have.", "此离线包省略的文件在前一个离线包中也没有。",
		"Get a whole bundle.", "请取得完整的离线包。"),
	On(publish.ErrGap).Unchecked("checkpoint", BundleGap,
		"This bundle does not show how it follows from the one before.", "此离线包未能证明它延续了前一个离线包。",
		"Get one that is made for the bundle that you have.", "请取得针对现有离线包制作的离线包。"),
	On(publish.ErrName).Internal(),
}
