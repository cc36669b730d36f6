package credential_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
)

func TestParseRefused(t *testing.T) {
	name, nameDigest := disclose(`["salt-1","name","Li"]`)
	again, againDigest := disclose(`["salt-2","name","Wang"]`)
	element, elementDigest := disclose(`["salt-3","north"]`)
	spaced, spacedDigest := disclose(`[ "salt-4", "name" , "Li" ]`)
	inner, innerDigest := disclose(`["salt-5","street","X"]`)
	outer, outerDigest := disclose(`["salt-6","address",{"_sd":["` + innerDigest + `"]}]`)
	twice, twiceDigest := disclose(`["salt-7","other",{"_sd":["` + nameDigest + `"]}]`)
	sd := func(digests ...string) string {
		return `{"vct":"v","iss":"i","_sd":["` + strings.Join(digests, `","`) + `"]}`
	}
	array := func(element string) string { return `{"vct":"v","iss":"i","list":[` + element + `]}` }
	bad := func(text string) []byte {
		encoded, digest := disclose(text)
		return forge(t, sd(digest), encoded)
	}
	good := string(forge(t, sd(nameDigest), name))
	deep := strings.Repeat("[", limits.JSONDepth) + strings.Repeat("]", limits.JSONDepth)
	for label, c := range map[string]struct {
		compact []byte
		want    error
	}{
		"good":                      {[]byte(good), nil},
		"foreign spaces":            {forge(t, sd(spacedDigest), spaced), nil},
		"nested":                    {forge(t, sd(outerDigest), outer, inner), nil},
		"nested, inner first":       {forge(t, sd(outerDigest), inner, outer), nil},
		"array element":             {forge(t, array(`{"...":"`+elementDigest+`"}`), element), nil},
		"no _sd_alg":                {forge(t, `{"vct":"v","iss":"i"}`), nil},
		"sha-256":                   {forge(t, `{"vct":"v","iss":"i","_sd_alg":"sha-256"}`), nil},
		"no tilde":                  {[]byte(strings.Split(good, "~")[0]), credential.ErrForm},
		"no last tilde":             {[]byte(strings.TrimSuffix(good, "~")), credential.ErrForm},
		"empty disclosure":          {[]byte(good[:len(good)-1] + "~~"), credential.ErrDisclosure},
		"rubbish after the end":     {[]byte(good + "rubbish"), credential.ErrForm},
		"line break at the end":     {[]byte(good + "\n"), credential.ErrForm},
		"too large":                 {[]byte(good + strings.Repeat("A", limits.Token)), credential.ErrTooLarge},
		"issuer's JWT malformed":    {[]byte("a.b~"), did.ErrToken},
		"payload twice":             {forge(t, `{"vct":"v"}{}`), credential.ErrJSON},
		"payload an array":          {forge(t, `[]`), credential.ErrJSON},
		"payload cut":               {forge(t, `{"vct":`), credential.ErrJSON},
		"member twice":              {forge(t, `{"vct":"v","vct":"w"}`), credential.ErrJSON},
		"member folded":             {forge(t, `{"vct":"v","Exp":1}`), credential.ErrJSON},
		"integer beyond 64 bits":    {forge(t, `{"n":9223372036854775808}`), credential.ErrJSON},
		"float beyond range":        {forge(t, `{"n":1e999}`), credential.ErrJSON},
		"payload deep":              {forge(t, `{"a":`+deep+`}`), credential.ErrDepth},
		"depth through disclosures": {deepDisclosures(t), credential.ErrDepth},
		"padded disclosure":         {[]byte(good[:len(good)-1] + "=~"), credential.ErrDisclosure},
		"line break in disclosure":  {[]byte(good[:len(good)-3] + "\n" + good[len(good)-3:]), credential.ErrDisclosure},
		"unused bits":               {forge(t, sd(nameDigest), b64(`["salt","n",1]`)[:18]+"B"), credential.ErrDisclosure},
		"disclosure an object":      {bad(`{"a":"b"}`), credential.ErrDisclosure},
		"disclosure of one":         {bad(`["salt"]`), credential.ErrDisclosure},
		"disclosure of four":        {bad(`["salt","a","b","c"]`), credential.ErrDisclosure},
		"salt a number":             {bad(`[1,"name","Li"]`), credential.ErrDisclosure},
		"salt empty":                {bad(`["","name","Li"]`), credential.ErrDisclosure},
		"name a number":             {bad(`["salt",1,"Li"]`), credential.ErrDisclosure},
		"name too long":             {bad(`["salt","` + strings.Repeat("a", 513) + `","Li"]`), credential.ErrDisclosure},
		"value with a member twice": {bad(`["salt","name",{"a":1,"a":2}]`), credential.ErrDisclosure},
		"data after disclosure":     {bad(`["salt","name","Li"][]`), credential.ErrDisclosure},
		"named _sd":                 {bad(`["salt","_sd",[]]`), credential.ErrReservedName},
		"named ...":                 {bad(`["salt","...","x"]`), credential.ErrReservedName},
		"named _sd_alg":             {bad(`["salt","_sd_alg","md5"]`), credential.ErrReservedName},
		"name ... in payload":       {forge(t, `{"...":"x"}`), credential.ErrReservedName},
		"_sd_alg sha-512":           {forge(t, `{"_sd_alg":"sha-512"}`), credential.ErrHashAlgorithm},
		"_sd_alg null":              {forge(t, `{"_sd_alg":null}`), credential.ErrHashAlgorithm},
		"_sd_alg SHA-256":           {forge(t, `{"_sd_alg":"SHA-256"}`), credential.ErrHashAlgorithm},
		"_sd a string":              {forge(t, `{"_sd":"`+nameDigest+`"}`), credential.ErrDigest},
		"digest a number":           {forge(t, `{"_sd":[1]}`), credential.ErrDigest},
		"digest too short":          {forge(t, sd(nameDigest[:40])), credential.ErrDigest},
		"digest with unused bits":   {forge(t, sd(strings.Repeat("A", 42)+"B")), credential.ErrDigest},
		"... beside a member":       {forge(t, array(`{"...":"`+elementDigest+`","a":1}`), element), credential.ErrDigest},
		"malformed within a list":   {forge(t, array(`{"_sd":"x"}`)), credential.ErrDigest},
		"... a number":              {forge(t, array(`{"...":1}`)), credential.ErrDigest},
		"digest twice in one list":  {forge(t, sd(nameDigest, nameDigest), name), credential.ErrDuplicateDigest},
		"digest twice, undisclosed": {forge(t, sd(nameDigest, nameDigest)), credential.ErrDuplicateDigest},
		"digest in two places":      {forge(t, sd(nameDigest, twiceDigest), name, twice), credential.ErrDuplicateDigest},
		"disclosure twice":          {forge(t, sd(nameDigest), name, name), credential.ErrDuplicateDisclosure},
		"unreferenced":              {forge(t, sd(nameDigest), name, again), credential.ErrUnreferenced},
		"child without its parent":  {forge(t, sd(outerDigest), inner), credential.ErrUnreferenced},
		"element in an object":      {forge(t, sd(elementDigest), element), credential.ErrDisclosureKind},
		"member in an array":        {forge(t, array(`{"...":"`+nameDigest+`"}`), name), credential.ErrDisclosureKind},
		"two for one claim":         {forge(t, sd(nameDigest, againDigest), name, again), credential.ErrCollision},
		"beside a plain claim": {
			forge(t, `{"name":"Wang","_sd":["`+nameDigest+`"]}`, name), credential.ErrCollision},
	} {
		token, err := credential.Parse(c.compact, credential.ParseOptions{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", label, err, c.want)
		}
		if (err == nil) != (token != nil) {
			t.Errorf("%s: a token beside an error", label)
		}
		if err == nil && token.String() != string(c.compact) {
			t.Errorf("%s: the token does not keep its bytes", label)
		}
	}
}

// deepDisclosures nests each disclosure in the next, none of them deep itself.
func deepDisclosures(t *testing.T) []byte {
	var all []string
	encoded, digest := disclose(`["salt","a",1]`)
	for i := range limits.JSONDepth {
		all = append(all, encoded)
		encoded, digest = disclose(fmt.Sprintf(`["salt-%d","a",{"_sd":[%q]}]`, i, digest))
	}
	return forge(t, `{"_sd":["`+digest+`"]}`, append(all, encoded)...)
}

func TestParseTooManyDisclosures(t *testing.T) {
	build := func(n int) []byte {
		var encoded, digests []string
		for i := range n {
			e, d := disclose(fmt.Sprintf(`["s%d","a%d",1]`, i, i))
			encoded, digests = append(encoded, e), append(digests, d)
		}
		return forge(t, `{"_sd":["`+strings.Join(digests, `","`)+`"]}`, encoded...)
	}
	if _, err := credential.Parse(build(limits.Disclosures), credential.ParseOptions{}); err != nil {
		t.Errorf("at the cap: %v", err)
	}
	if _, err := credential.Parse(build(limits.Disclosures+1), credential.ParseOptions{}); !errors.Is(err, credential.ErrTooManyDisclosures) {
		t.Errorf("above the cap: %v", err)
	}
}

func TestParseSuites(t *testing.T) {
	onlyEd, err := did.SuitesNamed("EdDSA")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := credential.Parse(issue(t).Bytes(), credential.ParseOptions{Suites: onlyEd}); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("suite not listed: %v", err)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	token := parse(t, forge(t, `{"vct":"v","iss":"i","big":9007199254740993,"half":0.5}`))
	claims := token.UnverifiedClaims()
	if claims["big"] != int64(9007199254740993) || claims["half"] != 0.5 {
		t.Errorf("claims read as %v", claims)
	}
	claims["big"] = "changed"
	if token.UnverifiedClaims()["big"] == "changed" {
		t.Error("claims are shared with the token")
	}
}
