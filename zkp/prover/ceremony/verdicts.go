package ceremony

import (
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/zkp/prover"
)

// Verdict returns what the reason means, and where in the ceremony it stands.
func (e *Refused) Verdict() verdict.Verdict {
	v := verdicts.As(e.Err, true)
	english, chinese := e.Step, e.Step
	if e.Number > 0 {
		english = fmt.Sprintf("Contribution %d of %s", e.Number, e.Step)
		chinese = fmt.Sprintf("%s 的第 %d 份贡献", e.Step, e.Number)
	}
	if e.Participant != "" {
		english += ", of " + e.Participant
		chinese += "（" + e.Participant + "）"
	}
	v.What.English = english + ": " + v.What.English
	v.What.Chinese = chinese + "：" + v.What.Chinese
	return v
}

// Code names the reason for programs.
func (e *Refused) Code() verdict.Code { return e.Verdict().Code }

// Describe says in plain words what was refused and what to do next, in the
// language of a tag such as "en" or "zh-CN".
func (e *Refused) Describe(lang string) string { return e.Verdict().Describe(lang) }

// Verdicts returns what the errors of this package and of zkp/prover mean, for
// verdict.Table.Classify. Refused states it itself.
func Verdicts() verdict.Table { return slices.Clone(verdicts) }

var verdicts = verdict.Table{
	verdict.On(ErrUnavailable).Unchecked("", verdict.CeremonyFile,
		"A file of the ceremony is missing or cannot be read.", "多方密钥生成的某个文件缺失或无法读取。",
		"Check that this is the right folder.", "请核对目录是否正确。"),
	verdict.On(ErrForm).Refused("", verdict.CeremonyForm,
		"This file is not what the program writes, byte for byte.", "该文件与程序所写的逐字节不符。",
		"Ask for the folder again.", "请重新索取该目录。"),
	verdict.On(ErrChain).Refused("", verdict.CeremonyChain,
		"A contribution is missing, stands in another's place, or is not built on the one before it.",
		"有贡献缺失、占了别处的位置，或不是接着前一份作出的。",
		"Ask for the folder again.", "请重新索取该目录。"),
	verdict.On(ErrSignature).Refused("", verdict.CeremonySignature,
		"The participant did not sign this.", "该参与机构没有对此签名。",
		"Ask that agency to contribute again.", "请该机构重新作出贡献。"),
	verdict.On(ErrProof).Refused("", verdict.CeremonyProof,
		"This contribution does not follow from the one before it.", "该贡献不是由前一份得来的。",
		"Ask that agency to contribute again.", "请该机构重新作出贡献。"),
	verdict.On(ErrBeacon).Refused("", verdict.CeremonyBeacon,
		"This is not the public value that the plan names.", "这不是方案所指的公开数值。",
		"Look up the value that its source published.", "请查询来源所公布的数值。"),
	verdict.On(ErrKeys).Refused("", verdict.CeremonyKeys,
		"These keys are not what the contributions lead to.", "这些密钥不是由各份贡献得出的。",
		"Do not use them. Ask for the folder again.", "请勿使用，并重新索取该目录。"),
	verdict.On(ErrTranscript).Refused("", verdict.CeremonyTranscript,
		"The transcript does not match the files.", "记录与文件不符。",
		"Ask for the folder again.", "请重新索取该目录。"),
	verdict.On(ErrTooFew).Refused("", verdict.CeremonyFew,
		"There are fewer contributions than the plan demands.", "贡献数少于方案的要求。",
		"Wait until more agencies have contributed.", "请等待更多机构作出贡献。"),
	verdict.On(ErrOtherKey).Refused("", verdict.CeremonyOtherKey,
		"The key in the plan was not that agency's on the ledger when it contributed.", "方案中的密钥在其贡献之时不是账本上该机构的密钥。",
		"Ask that agency which key it used.", "请向该机构核实所用密钥。"),
	verdict.On(ErrVersion).Unchecked("", verdict.CeremonyVersion,
		"The ceremony makes keys of other circuits than this program's.", "该次密钥生成针对的电路与本程序不同。",
		"Use the version of the program that the plan was made with.", "请使用制定方案时的程序版本。"),
	verdict.On(ErrPlan).Refused("", verdict.CeremonyPlan,
		"This plan cannot be carried out: it needs at least three participants, each once, a minimum from two to their number, "+
			"a public beacon, known circuits, and two moments in the future, in order.",
		"该方案无法执行：至少三个参与机构且各一次，最少贡献数不少于两个且不超过其数目，信标须为公开，电路须为已知，且两个时刻须在将来并依次排列。",
		"Correct the plan.", "请更正方案。"),
	verdict.On(ErrMemory).Unchecked("setup", verdict.CeremonyMemory,
		"What was checked before may not be remembered in the folder of the ceremony.", "已核验内容的记录不得存放在该目录中。",
		"Choose another place for it.", "请另选存放位置。"),
	verdict.On(ErrExists).Refused("", verdict.CeremonyExists,
		"There is a ceremony in this folder already.", "该目录中已有一次多方密钥生成。",
		"Choose another folder.", "请另选目录。"),
	verdict.On(ErrBusy).Busy(),
	verdict.On(ErrNotParticipant).Refused("", verdict.CeremonyParticipant,
		"The plan does not list this agency with this key.", "方案中没有列出持此密钥的该机构。",
		"Check that this is the right agency.", "请核对机构是否正确。"),
	verdict.On(ErrTurn).Refused("", verdict.CeremonyTurn,
		"It is another agency's turn.", "现在轮到另一机构。",
		"Wait for the folder, or pass over the agencies before you.", "请等待目录传来，或越过排在前面的机构。"),
	verdict.On(ErrAgain).Refused("", verdict.CeremonyAgain,
		"This agency has contributed to this phase already.", "该机构已在本阶段作出贡献。",
		"Pass the folder on.", "请把目录交给下一机构。"),
	verdict.On(ErrSealed).Refused("", verdict.CeremonySealed,
		"The ceremony is sealed.", "多方密钥生成已封存。",
		"There is nothing more to do.", "无需再办理。"),
	verdict.On(ErrTooEarly).Refused("", verdict.CeremonyEarly,
		"The moment that the plan names has not come.", "方案所定的时刻尚未到来。",
		"Seal the phase after that moment.", "请在该时刻之后封存本阶段。"),
	verdict.On(ErrTooLate).Refused("", verdict.CeremonyLate,
		"The moment that the plan names has come: nobody contributes to this phase any more.", "方案所定的时刻已到：本阶段不再接受贡献。",
		"Seal the phase.", "请封存本阶段。"),

	verdict.On(prover.ErrKeyFile).Unchecked("setup", verdict.KeyFile,
		"A file of the zero-knowledge keys is damaged or missing.", "零知识证明密钥的文件损坏或缺失。",
		"Delete their folder, and make or fetch the keys again.", "请删除其所在目录，并重新生成或获取密钥。"),
	verdict.On(prover.ErrUnknownCircuit).Unchecked("setup", verdict.CircuitUnknown,
		"This program does not have that circuit.", "本程序没有该电路。",
		"Check the name of the circuit, or update the program.", "请核对电路名称，或更新程序。"),
	verdict.On(prover.ErrWitness).Internal(),
}
