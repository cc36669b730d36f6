package credential_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/status"
)

func payloadOf(t *testing.T, token *credential.SDJWT) map[string]any {
	t.Helper()
	jws, err := did.ParseJWS(strings.Split(token.String(), "~")[0], did.AnyTypeUnsafe, did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var payload map[string]any
	if err := json.Unmarshal(jws.UnverifiedPayload(), &payload); err != nil {
		t.Fatal(err)
	}
	return payload
}

func TestIssueHidesExactly(t *testing.T) {
	payload := payloadOf(t, issue(t))
	for _, name := range []string{"name", "birthdate", "address", "hufu_zk"} {
		if _, found := payload[name]; found {
			t.Errorf("%s is not hidden", name)
		}
	}
	for _, name := range []string{"iss", "vct", "iat", "exp", "status", "cnf", "permits"} {
		if _, found := payload[name]; !found {
			t.Errorf("%s is hidden", name)
		}
	}
	if payload["_sd_alg"] != "sha-256" || len(payload["permits"].([]any)) != 3 {
		t.Errorf("payload %v", payload)
	}
	if raw := text(t, payload); strings.Contains(raw, "李明") || strings.Contains(raw, "深南") || strings.Contains(raw, "north") {
		t.Error("a hidden value stands in the payload")
	}
}

// TestDigestCountIsFixed shows that the number of digests tells nothing about
// which claims a holder has.
func TestDigestCountIsFixed(t *testing.T) {
	for _, hide := range [][]credential.Path{nil, {{"name"}}, hiddenPaths()} {
		token, err := credential.Issue(t.Context(), issuer, did.Header{}, residence(), hide, credential.IssueOptions{Digests: 12})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(payloadOf(t, token)["_sd"].([]any)); got != 12 {
			t.Errorf("%d digests", got)
		}
	}
	four := credential.IssueOptions{Digests: 4}
	if _, err := credential.Issue(t.Context(), issuer, did.Header{}, residence(), hiddenPaths(), four); err != nil {
		t.Errorf("as many digests as hidden claims: %v", err)
	}
	three := credential.IssueOptions{Digests: 3}
	if _, err := credential.Issue(t.Context(), issuer, did.Header{}, residence(), hiddenPaths(), three); !errors.Is(err, credential.ErrTooManyClaims) {
		t.Errorf("fewer: %v", err)
	}
}

func TestDigestsAreSorted(t *testing.T) {
	list := payloadOf(t, issue(t))["_sd"].([]any)
	for i := 1; i < len(list); i++ {
		if list[i-1].(string) >= list[i].(string) {
			t.Fatal("digests keep the order of the claims")
		}
	}
}

func TestIssueSalts(t *testing.T) {
	seen := map[string]bool{}
	for range 4 {
		for _, encoded := range strings.Split(issue(t).String(), "~")[1:] {
			if encoded != "" && seen[encoded] {
				t.Error("two disclosures alike")
			}
			seen[encoded] = true
		}
	}
	seeded := func() string {
		source := rand.NewChaCha8([32]byte{1})
		token, err := credential.Issue(t.Context(), issuer, did.Header{}, residence(), hiddenPaths(),
			credential.IssueOptions{Digests: 12, SaltBytes: 32, Rand: source})
		if err != nil {
			t.Fatal(err)
		}
		return token.String()[strings.Index(token.String(), "~"):]
	}
	if first, second := seeded(), seeded(); first != second {
		t.Error("salts do not come from Rand")
	}
}

func TestIssueRefused(t *testing.T) {
	with := func(name string, value any) map[string]any {
		claims := residence()
		claims[name] = value
		return claims
	}
	without := func(name string) map[string]any {
		claims := residence()
		delete(claims, name)
		return claims
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for label, c := range map[string]struct {
		ctx    context.Context
		claims map[string]any
		hide   []credential.Path
		opts   credential.IssueOptions
		want   error
	}{
		"good":               {t.Context(), residence(), hiddenPaths(), credential.IssueOptions{}, nil},
		"cancelled":          {stopped, residence(), nil, credential.IssueOptions{}, context.Canceled},
		"claim _sd":          {t.Context(), with("_sd", "x"), nil, credential.IssueOptions{}, credential.ErrReservedName},
		"claim ... in list":  {t.Context(), with("a", []any{map[string]any{"...": 1}}), nil, credential.IssueOptions{}, credential.ErrReservedName},
		"claim _sd_alg":      {t.Context(), with("_sd_alg", "sha-256"), nil, credential.IssueOptions{}, credential.ErrReservedName},
		"no JSON":            {t.Context(), with("f", func() {}), nil, credential.IssueOptions{}, credential.ErrJSON},
		"folded claim":       {t.Context(), with("EXP", 1), nil, credential.IssueOptions{}, credential.ErrJSON},
		"too large":          {t.Context(), with("a", strings.Repeat("a", limits.Token)), nil, credential.IssueOptions{}, credential.ErrTooLarge},
		"hidden iss":         {t.Context(), residence(), []credential.Path{{"iss"}}, credential.IssueOptions{}, credential.ErrHiddenClaim},
		"hidden vct":         {t.Context(), residence(), []credential.Path{{"vct"}}, credential.IssueOptions{}, credential.ErrHiddenClaim},
		"hidden exp":         {t.Context(), residence(), []credential.Path{{"exp"}}, credential.IssueOptions{}, credential.ErrHiddenClaim},
		"hidden in status":   {t.Context(), residence(), []credential.Path{{"status", "status_list"}}, credential.IssueOptions{}, credential.ErrHiddenClaim},
		"hidden cnf":         {t.Context(), residence(), []credential.Path{{"cnf"}}, credential.IssueOptions{Holder: holder.Public()}, credential.ErrHiddenClaim},
		"unknown claim":      {t.Context(), residence(), []credential.Path{{"nickname"}}, credential.IssueOptions{}, credential.ErrNoSuchClaim},
		"bad path":           {t.Context(), residence(), []credential.Path{{}}, credential.IssueOptions{}, credential.ErrPath},
		"two holders":        {t.Context(), with("cnf", map[string]any{}), nil, credential.IssueOptions{Holder: holder.Public()}, credential.ErrOptions},
		"unusable cnf":       {t.Context(), with("cnf", map[string]any{}), nil, credential.IssueOptions{}, credential.ErrConfirmation},
		"holder of no suite": {t.Context(), residence(), nil, credential.IssueOptions{Holder: "text"}, did.ErrUnsupportedKey},
		"unusable status":    {t.Context(), with("status", map[string]any{}), nil, credential.IssueOptions{}, status.ErrForm},
		"no vct":             {t.Context(), without("vct"), nil, credential.IssueOptions{}, credential.ErrMissingClaim},
		"no iss":             {t.Context(), without("iss"), nil, credential.IssueOptions{}, credential.ErrMissingClaim},
		"iat at noon":        {t.Context(), with("iat", day(2026, 1, 1)+43200), nil, credential.IssueOptions{}, credential.ErrNotWholeDay},
		"nbf at noon":        {t.Context(), with("nbf", day(2026, 1, 1)+43200), nil, credential.IssueOptions{}, credential.ErrNotWholeDay},
		"exp at noon":        {t.Context(), with("exp", day(2027, 1, 1)+43200), nil, credential.IssueOptions{}, credential.ErrNotWholeDay},
		"noon allowed":       {t.Context(), with("iat", day(2026, 1, 1)+43200), nil, credential.IssueOptions{AnyTimeOfDay: true}, nil},
		"short salt":         {t.Context(), residence(), nil, credential.IssueOptions{SaltBytes: 15}, credential.ErrOptions},
		"long salt":          {t.Context(), residence(), nil, credential.IssueOptions{SaltBytes: 65}, credential.ErrOptions},
		"negative digests":   {t.Context(), residence(), nil, credential.IssueOptions{Digests: -1}, credential.ErrOptions},
		"many digests":       {t.Context(), residence(), nil, credential.IssueOptions{Digests: limits.Disclosures + 1}, credential.ErrOptions},
		"dry random source":  {t.Context(), residence(), hiddenPaths(), credential.IssueOptions{Rand: bytes.NewReader(nil)}, credential.ErrOptions},
	} {
		token, err := credential.Issue(c.ctx, issuer, did.Header{}, c.claims, c.hide, c.opts)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", label, err, c.want)
		}
		if (err == nil) != (token != nil) {
			t.Errorf("%s: a token beside an error", label)
		}
	}
}

// sealed is a signer that must not be asked.
type sealed struct{ *testing.T }

func (sealed) Public() crypto.PublicKey { return issuer.Public() }

func (s sealed) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	s.Error("asked to sign what is refused")
	return nil, errors.New("sealed")
}

func TestIssueRefusesBeforeSigning(t *testing.T) {
	if _, err := credential.Issue(t.Context(), sealed{t}, did.Header{}, residence(), []credential.Path{{"iss"}}, credential.IssueOptions{}); !errors.Is(err, credential.ErrHiddenClaim) {
		t.Error(err)
	}
}

func TestIssueTooLargeOnceHidden(t *testing.T) {
	claims := residence()
	claims["name"] = strings.Repeat("a", limits.Token*4/5)
	if _, err := credential.Issue(t.Context(), issuer, did.Header{}, claims, []credential.Path{{"name"}}, credential.IssueOptions{}); !errors.Is(err, credential.ErrTooLarge) {
		t.Error(err)
	}
}

// TestIssueRandomSourceRunsDry lets the source end at every byte but the last.
func TestIssueRandomSourceRunsDry(t *testing.T) {
	const needed = 9*16 + 8*32
	for n := 0; n < needed; n += 8 {
		opts := credential.IssueOptions{Digests: 12, Rand: bytes.NewReader(make([]byte, n))}
		if _, err := credential.Issue(t.Context(), issuer, did.Header{}, residence(), hiddenPaths(), opts); !errors.Is(err, credential.ErrOptions) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestIssueLeavesClaimsAlone(t *testing.T) {
	claims := residence()
	before := text(t, claims)
	if _, err := credential.Issue(t.Context(), issuer, did.Header{}, claims, hiddenPaths(), credential.IssueOptions{Holder: holder.Public()}); err != nil {
		t.Fatal(err)
	}
	if text(t, claims) != before {
		t.Error("the caller's claims were changed")
	}
}

func TestPath(t *testing.T) {
	for data, want := range map[string]error{
		`["a"]`: nil, `["a",0,null,"b"]`: nil, `[null]`: nil,
		`[]`: credential.ErrPath, `"a"`: credential.ErrPath, `[-1]`: credential.ErrPath, `[1.5]`: credential.ErrPath,
		`[true]`: credential.ErrPath, `[["a"]]`: credential.ErrPath, `["a"]x`: credential.ErrPath, `[4294967296]`: credential.ErrPath,
		`[` + strings.Repeat(`"a",`, 32) + `"a"]`: credential.ErrPath,
	} {
		path, err := credential.ParsePath([]byte(data))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", data, err, want)
		}
		if err == nil && path.String() != data {
			t.Errorf("%s reads as %s", data, path)
		}
	}
	claims := map[string]any{"a": []any{map[string]any{"b": "x"}, map[string]any{"c": "y"}, map[string]any{"b": "z"}}}
	path := credential.Path{"a", nil, "b"}
	if got := text(t, path.Values(claims)); got != `["x","z"]` {
		t.Errorf("values %s", got)
	}
	if got := text(t, path.Expand(claims)); got != `[["a",0,"b"],["a",2,"b"]]` {
		t.Errorf("paths %s", got)
	}
	if (credential.Path{}).Values(claims) != nil || (credential.Path{}).Expand(claims) != nil {
		t.Error("the empty path selects something")
	}
	var decoded struct{ Path credential.Path }
	if err := json.Unmarshal([]byte(`{"Path":["a",1]}`), &decoded); err != nil || decoded.Path.String() != `["a",1]` {
		t.Errorf("in a struct: %v (%v)", decoded.Path, err)
	}
	if err := json.Unmarshal([]byte(`{"Path":[true]}`), &decoded); !errors.Is(err, credential.ErrPath) {
		t.Errorf("an odd path in a struct: %v", err)
	}
	if _, err := json.Marshal(credential.Path{2.5}); err == nil {
		t.Error("an odd path is written")
	}
}
