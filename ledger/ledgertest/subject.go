package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/hufu-id/hufu/internal/gb"
	"github.com/hufu-id/hufu/ledger"
)

// SubjectOf makes up who an agency is: another name and another code for each DID.
func SubjectOf(did string) ledger.Subject {
	hash := sha256.Sum256([]byte(did))
	name := strings.ToUpper(hex.EncodeToString(hash[:6]))
	return ledger.Subject{
		Name:    ledger.Text{English: "Test Office " + name, Chinese: "测试局" + name},
		Code:    gb.USCC("11110101" + name[:9]),
		Contact: "https://" + strings.ToLower(name) + ".example",
	}
}
