package credential_test

import (
	"testing"

	"github.com/hufu-id/hufu/credential"
)

// TestOneSecondInSeveralSpellings: RFC 7519 section 2 has a NumericDate as a JSON
// number, which has several spellings; a fraction ends a credential early.
func TestOneSecondInSeveralSpellings(t *testing.T) {
	for _, exp := range []string{"1893456000", "1893456000.0", "1.893456e9", "1893456E3", "1893456000.9"} {
		token, err := credential.Parse(forge(t, `{"iss":"did:x:y","vct":"urn:t","exp":`+exp+`,"nbf":1000000000.1}`), credential.ParseOptions{})
		if err != nil {
			t.Errorf("%s: %v", exp, err)
			continue
		}
		v, err := token.Verify(issuer.Public(), credential.VerifyOptions{Now: now})
		if err != nil || v.Expires.Unix() != 1893456000 || v.NotBefore.Unix() != 1000000001 {
			t.Errorf("%s: %+v, %v", exp, v, err)
		}
	}
}
