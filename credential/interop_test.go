package credential_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
)

// TestInterop: what others write and the specifications allow is read, or refused as
// docs/specifications.md says in these words.
func TestInterop(t *testing.T) {
	page, err := os.ReadFile("../docs/specifications.md")
	if err != nil {
		t.Fatal(err)
	}
	typed := func(typ string) []byte {
		return forgeTyped(t, did.Header{Typ: typ}, `{"vct":"v","iss":"i"}`)
	}
	for name, c := range map[string]struct {
		token []byte
		err   error
		says  string
	}{
		"no iss":         {forge(t, `{"vct":"v"}`), credential.ErrMissingClaim, "a credential without `iss` and `x5c`, because nothing else names the agency whose key must have signed"},
		"cnf.kid":        {forge(t, `{"vct":"v","iss":"i","cnf":{"kid":"did:x:y#1"}}`), credential.ErrConfirmation, "`kid`, because whoever resolves it learns that the credential is shown"},
		"sha-384":        {forge(t, `{"vct":"v","iss":"i","_sd_alg":"sha-384"}`), credential.ErrHashAlgorithm, "`sha-384` and `sha-512`, because every issuer can use `sha-256` and HAIP 1.0 demands it"},
		"sha-512":        {forge(t, `{"vct":"v","iss":"i","_sd_alg":"sha-512"}`), credential.ErrHashAlgorithm, "`sha-384` and `sha-512`"},
		"the whole type": {typed("application/dc+sd-jwt"), credential.ErrType, "`application/dc+sd-jwt`, because section 2.2.1 knows one spelling"},
		"the old type":   {typed("vc+sd-jwt"), credential.ErrType, "typ `vc+sd-jwt`"},
	} {
		token, err := credential.Parse(c.token, credential.ParseOptions{})
		if err == nil {
			_, err = token.Verify(issuer.Public(), credential.VerifyOptions{Now: now})
		}
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(strings.Join(strings.Fields(string(page)), " "), c.says) {
			t.Errorf("%s: docs/specifications.md does not say %q", name, c.says)
		}
	}

	// A fraction of a second ends on the safe side.
	v := verify(t, parse(t, forge(t, `{"vct":"v","iss":"i","exp":4000000000.9,"nbf":0.5}`)))
	if v.Expires.Unix() != 4000000000 || !v.NotBefore.Equal(time.Unix(1, 0)) {
		t.Errorf("from %v to %v", v.NotBefore, v.Expires)
	}

	// Below the top "_sd_alg" is a name like others, disclosed or not.
	disclosed, digest := disclose(`["salt","_sd_alg","md5"]`)
	v = verify(t, parse(t, forge(t, `{"vct":"v","iss":"i","_sd_alg":"sha-256","a":{"_sd_alg":"x","b":[{"_sd_alg":1}],"c":{"_sd":["`+digest+`"]}}}`, disclosed)))
	var want any
	if err := json.Unmarshal([]byte(`{"_sd_alg":"x","b":[{"_sd_alg":1}],"c":{"_sd_alg":"md5"}}`), &want); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(v.Claims["a"])
	if err != nil {
		t.Fatal(err)
	}
	var again any
	if err := json.Unmarshal(got, &again); err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("%s, %v", got, err)
	}
	if _, there := v.Claims["_sd_alg"]; there {
		t.Error("_sd_alg of the top is a claim")
	}
}
