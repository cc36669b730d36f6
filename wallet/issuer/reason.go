package issuer

import (
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/verdict"
)

// Reasons beside those of package credential.
const (
	// ReasonDuplicate: the person stands in a row above.
	ReasonDuplicate credential.Reason = "duplicate"
	// ReasonHeld: the person holds a credential of this type that is in force.
	ReasonHeld credential.Reason = "held"
	// ReasonMismatch: the birth date is not that of the identity number.
	ReasonMismatch credential.Reason = "mismatch"
	// ReasonDateForm: a day that is written in another way than 1990-05-17.
	ReasonDateForm credential.Reason = "date-form"
)

const reasonDate = credential.ReasonDate

// A RowError is a refused row. It names the row and the claim, never a value.
type RowError struct {
	// Row is 1 for the first row below the header; blank rows count.
	Row    int               `json:"row"`
	Claim  string            `json:"claim"`
	Reason credential.Reason `json:"reason"`
}

// Describe says in plain words what is wrong with the claim, in the language of a tag
// such as "en" or "zh-CN".
func (r *RowError) Describe(lang string) string { return reasons[r.Reason].In(lang) }

var reasons = map[credential.Reason]verdict.Text{
	credential.ReasonMissing:    {English: "The cell is empty.", Chinese: "单元格为空。"},
	credential.ReasonUnknown:    {English: "This credential type has no such claim.", Chinese: "此类凭证没有这一项。"},
	credential.ReasonType:       {English: "The value is of another type, such as a word in place of a number.", Chinese: "值的类型不对，例如应为数字而填写了文字。"},
	credential.ReasonEmpty:      {English: "The text is blank.", Chinese: "文字为空白。"},
	credential.ReasonRange:      {English: "The number is negative.", Chinese: "数字为负。"},
	credential.ReasonLength:     {English: "The number of characters is wrong.", Chinese: "字符数不对。"},
	credential.ReasonCharacter:  {English: "A character does not belong there.", Chinese: "含有不应出现的字符。"},
	credential.ReasonDate:       {English: "There is no such day, or it is too long ago.", Chinese: "没有这一天，或年代过早。"},
	credential.ReasonRegion:     {English: "No province has this code.", Chinese: "没有以此代码开头的省级行政区。"},
	credential.ReasonCheckDigit: {English: "The check character does not fit: look for a typing error.", Chinese: "校验码不符，请检查录入错误。"},
	ReasonDuplicate:             {English: "The person stands in a row above.", Chinese: "此人已在前面的行中。"},
	ReasonHeld:                  {English: "The person holds such a credential already; revoke it first, or replace it.", Chinese: "此人已持有此类凭证，请先撤销，或以新换旧。"},
	ReasonMismatch:              {English: "The birth date is not the one inside the identity number.", Chinese: "出生日期与号码中的不一致。"},
	ReasonDateForm:              {English: "The day is written in another way: write it like 1990-05-17.", Chinese: "日期写法不对，请写成 1990-05-17 的形式。"},
}
