package verdict

// A Check names one thing that a role checks, in lower case: "status", "replay".
// The roles define the checks they make.
type Check string

// Name is the check as people call it, in the language of a tag: see [Text.In].
// A check that is not known here is returned as it is.
func (c Check) Name(lang string) string {
	if name, known := checkNames[c]; known {
		return name.In(lang)
	}
	return string(c)
}

var checkNames = map[Check]Text{
	"form":          {"format", "格式"},
	"request":       {"request", "请求"},
	"clock":         {"clock", "时钟"},
	"checkpoint":    {"ledger state", "账本状态"},
	"issuer":        {"issuer's key", "签发密钥"},
	"accreditation": {"accreditation", "授权"},
	"schema":        {"credential type", "凭证模板"},
	"signature":     {"issuer's signature", "签发签名"},
	"validity":      {"validity", "有效期"},
	"status":        {"status", "状态"},
	"binding":       {"holder's signature", "持有人签名"},
	"epoch":         {"epoch", "周期"},
	"prepare":       {"credential proof", "凭证证明"},
	"statement":     {"statement proof", "条件证明"},
	"policy":        {"policy", "核验规则"},
	"replay":        {"first use", "首次使用"},
	"once":          {"once a person", "每人一次"},

	"offer":       {"offer", "领证码"},
	"application": {"application", "申请"},
	"endorsement": {"endorsement", "零知识背书"},
	"match":       {"fitting credential", "可用凭证"},
	"consent":     {"consent", "同意"},
	"feed":        {"revocation data", "撤销数据"},
	"table":       {"table", "表格"},
	"identity":    {"proof of the person", "身份证明"},
	"person":      {"wallet of this person", "此人的钱包"},
	"revocation":  {"revocation", "撤销"},
	"entry":       {"entry on the ledger", "账本记录"},
	"keys":        {"agency's keys", "机构密钥"},
	"vault":       {"vault", "保险库"},
	"setup":       {"configuration", "配置"},
}
