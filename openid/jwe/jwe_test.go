package jwe_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid/jwe"
)

// pair is a new key and its public half with a kid.
func pair(t testing.TB) (*ecdh.PrivateKey, *jwe.PublicKey) {
	t.Helper()
	private, err := jwe.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	public, err := jwe.NewPublicKey(private.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func encrypt(t testing.TB, to *jwe.PublicKey, content string, opts jwe.EncryptOptions) string {
	t.Helper()
	token, err := jwe.Encrypt([]byte(content), to, opts)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// withHeader replaces the header of a token.
func withHeader(t testing.TB, token string, edit func(map[string]any)) string {
	t.Helper()
	first, rest, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]any{}
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	edit(header)
	if raw, err = json.Marshal(header); err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw) + "." + rest
}

func TestRoundTrip(t *testing.T) {
	private, public := pair(t)
	for _, opts := range []jwe.EncryptOptions{
		{}, {Encryption: jwe.A128GCM}, {Encryption: jwe.A256GCM, APU: []byte("wallet"), APV: []byte("nonce"), Type: "a", ContentType: "json"},
		{Deflate: true},
	} {
		token := encrypt(t, public, `{"vp_token":{}}`, opts)
		m, err := jwe.Parse(token, jwe.ParseOptions{Inflate: 100})
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Decrypt(private)
		if err != nil || string(got) != `{"vp_token":{}}` {
			t.Errorf("%q, %v", got, err)
		}
		want := opts.Encryption
		if want == "" {
			want = jwe.A256GCM
		}
		if h := m.Header; h.Encryption != want || h.KeyID != public.ID || !bytes.Equal(h.APU, opts.APU) || !bytes.Equal(h.APV, opts.APV) ||
			h.Type != opts.Type || h.ContentType != opts.ContentType || h.Deflated != opts.Deflate {
			t.Errorf("header %+v", h)
		}
		if other, _ := pair(t); true {
			if _, err := m.Decrypt(other); !errors.Is(err, jwe.ErrDecrypt) {
				t.Errorf("another key: %v", err)
			}
		}
	}
}

// TestRFC7518 is the key agreement of RFC 7518, appendix C, from Bob's side: the message
// is encrypted under the key that the appendix derives.
func TestRFC7518(t *testing.T) {
	d, err := base64.RawURLEncoding.DecodeString("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw")
	if err != nil {
		t.Fatal(err)
	}
	bob, err := ecdh.P256().NewPrivateKey(d)
	if err != nil {
		t.Fatal(err)
	}
	header := `{"alg":"ECDH-ES","enc":"A128GCM","apu":"QWxpY2U","apv":"Qm9i","epk":{"kty":"EC","crv":"P-256",` +
		`"x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}}`
	m, err := jwe.Parse(sealed(t, header, "VqqN6vgjbSBcIijNcacQGg", "text"), jwe.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Decrypt(bob); err != nil || string(got) != "text" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestHeaders(t *testing.T) {
	_, public := pair(t)
	token := encrypt(t, public, "text", jwe.EncryptOptions{})
	for name, c := range map[string]struct {
		edit func(h map[string]any)
		want error
	}{
		"unknown member": {func(h map[string]any) { h["iss"] = "x" }, nil},
		"crit":           {func(h map[string]any) { h["crit"] = []string{"exp"} }, jwe.ErrHeader},
		"jku":            {func(h map[string]any) { h["jku"] = "https://evil.example" }, jwe.ErrHeader},
		"x5u":            {func(h map[string]any) { h["x5u"] = "https://evil.example" }, jwe.ErrHeader},
		"Alg":            {func(h map[string]any) { h["Alg"] = "dir" }, jwe.ErrHeader},
		"dir":            {func(h map[string]any) { h["alg"] = "dir" }, jwe.ErrAlgorithm},
		"key wrapping":   {func(h map[string]any) { h["alg"] = "ECDH-ES+A128KW" }, jwe.ErrAlgorithm},
		"no alg":         {func(h map[string]any) { delete(h, "alg") }, jwe.ErrAlgorithm},
		"alg no text":    {func(h map[string]any) { h["alg"] = 1 }, jwe.ErrHeader},
		"CBC":            {func(h map[string]any) { h["enc"] = "A128CBC-HS256" }, jwe.ErrAlgorithm},
		"A192GCM":        {func(h map[string]any) { h["enc"] = "A192GCM" }, jwe.ErrAlgorithm},
		"zip":            {func(h map[string]any) { h["zip"] = "DEF" }, jwe.ErrAlgorithm},
		"zip empty":      {func(h map[string]any) { h["zip"] = "" }, jwe.ErrAlgorithm},
		"zip unknown":    {func(h map[string]any) { h["zip"] = "GZIP" }, jwe.ErrAlgorithm},
		"apu padded":     {func(h map[string]any) { h["apu"] = "YQ==" }, jwe.ErrHeader},
		"apv long":       {func(h map[string]any) { h["apv"] = strings.Repeat("AAAA", 200) }, jwe.ErrHeader},
		"no epk":         {func(h map[string]any) { delete(h, "epk") }, jwe.ErrHeader},
		"epk text":       {func(h map[string]any) { h["epk"] = "x" }, jwe.ErrHeader},
		"epk private":    {func(h map[string]any) { h["epk"].(map[string]any)["d"] = "AA" }, jwe.ErrHeader},
		"epk P-384":      {func(h map[string]any) { h["epk"].(map[string]any)["crv"] = "P-384" }, jwe.ErrHeader},
		"epk Ed25519": {func(h map[string]any) {
			h["epk"] = map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik"}
		}, jwe.ErrHeader},
	} {
		if _, err := jwe.Parse(withHeader(t, token, c.edit), jwe.ParseOptions{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	repeated := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ECDH-ES","alg":"ECDH-ES"}`)) + token[strings.Index(token, "."):]
	if _, err := jwe.Parse(repeated, jwe.ParseOptions{}); !errors.Is(err, jwe.ErrHeader) {
		t.Errorf("repeated member: %v", err)
	}
}

func TestForm(t *testing.T) {
	_, public := pair(t)
	token := encrypt(t, public, "text", jwe.EncryptOptions{})
	parts := strings.Split(token, ".")
	with := func(i int, part string) string {
		changed := append([]string{}, parts...)
		changed[i] = part
		return strings.Join(changed, ".")
	}
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"empty":            {"", jwe.ErrToken},
		"four parts":       {strings.Join(parts[:4], "."), jwe.ErrToken},
		"six parts":        {token + ".", jwe.ErrToken},
		"JSON":             {`{"protected":"` + parts[0] + `"}`, jwe.ErrToken},
		"space":            {" " + token, jwe.ErrToken},
		"line break":       {token + "\n", jwe.ErrToken},
		"padding":          {token + "==", jwe.ErrToken},
		"wrapped key":      {with(1, "AAAA"), jwe.ErrToken},
		"no vector":        {with(2, ""), jwe.ErrToken},
		"16-byte vector":   {with(2, "AAAAAAAAAAAAAAAAAAAAAA"), jwe.ErrToken},
		"no tag":           {with(4, ""), jwe.ErrToken},
		"12-byte tag":      {with(4, "AAAAAAAAAAAAAAAA"), jwe.ErrToken},
		"header no object": {with(0, "W10"), jwe.ErrHeader},
		"empty header":     {with(0, ""), jwe.ErrHeader},
		"too large":        {token + strings.Repeat("A", limits.Token), jwe.ErrTooLarge},
	} {
		if _, err := jwe.Parse(c.token, jwe.ParseOptions{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := jwe.Parse(token, jwe.ParseOptions{MaxBytes: len(token) - 1}); !errors.Is(err, jwe.ErrTooLarge) {
		t.Errorf("own cap: %v", err)
	}
}

// TestInflation: compression is refused unless asked for, and a bomb does not go off.
func TestInflation(t *testing.T) {
	private, public := pair(t)
	for size, want := range map[int]error{1000: nil, 1001: jwe.ErrTooLarge, 40 << 20: jwe.ErrDecrypt} {
		token := encrypt(t, public, strings.Repeat("a", size), jwe.EncryptOptions{Deflate: true})
		if _, err := jwe.Parse(token, jwe.ParseOptions{}); !errors.Is(err, jwe.ErrAlgorithm) {
			t.Errorf("not asked for: %v", err)
		}
		m, err := jwe.Parse(token, jwe.ParseOptions{Inflate: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Decrypt(private); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", size, err, want)
		}
	}
}

type failing struct{}

func (failing) ECDH(*ecdh.PublicKey) ([]byte, error) { return nil, errors.New("module unplugged") }

func TestPrivateKeys(t *testing.T) {
	_, public := pair(t)
	m, err := jwe.Parse(encrypt(t, public, "text", jwe.EncryptOptions{}), jwe.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []jwe.PrivateKey{nil, failing{}} {
		if _, err := m.Decrypt(key); !errors.Is(err, jwe.ErrDecrypt) {
			t.Errorf("%v", err)
		}
	}
}

func TestPublicKeys(t *testing.T) {
	_, public := pair(t)
	for name, c := range map[string]struct {
		edit func(k map[string]any)
		want error
	}{
		"as written":     {func(map[string]any) {}, nil},
		"without use":    {func(k map[string]any) { delete(k, "use") }, nil},
		"without kid":    {func(k map[string]any) { delete(k, "kid") }, nil},
		"deriveBits":     {func(k map[string]any) { k["key_ops"] = []string{"deriveBits"} }, nil},
		"unknown member": {func(k map[string]any) { k["x5t"] = "a" }, nil},
		"encrypt":        {func(k map[string]any) { k["key_ops"] = []string{"encrypt"} }, jwe.ErrKey},
		"key_ops text":   {func(k map[string]any) { k["key_ops"] = "deriveBits" }, jwe.ErrKey},
		"sig":            {func(k map[string]any) { k["use"] = "sig" }, jwe.ErrKey},
		"no alg":         {func(k map[string]any) { delete(k, "alg") }, jwe.ErrKey},
		"other alg":      {func(k map[string]any) { k["alg"] = "ECDH-ES+A256KW" }, jwe.ErrKey},
		"kid a number":   {func(k map[string]any) { k["kid"] = 1 }, jwe.ErrKey},
		"kid long":       {func(k map[string]any) { k["kid"] = strings.Repeat("a", limits.Identifier+1) }, jwe.ErrKey},
		"private":        {func(k map[string]any) { k["d"] = "AA" }, jwe.ErrKey},
		"P-384":          {func(k map[string]any) { k["crv"] = "P-384" }, jwe.ErrKey},
		"off the curve":  {func(k map[string]any) { k["y"] = k["x"] }, jwe.ErrKey},
		"Use":            {func(k map[string]any) { k["Use"] = "sig" }, jwe.ErrKey},
		"X":              {func(k map[string]any) { k["X"] = k["x"] }, jwe.ErrKey},
	} {
		object := public.JWK()
		c.edit(object)
		raw, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jwe.ParsePublicKey(raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for _, text := range []string{"", "[]", "{}", `{"kty":"EC","kty":"EC"}`} {
		if _, err := jwe.ParsePublicKey([]byte(text)); !errors.Is(err, jwe.ErrKey) {
			t.Errorf("%q: %v", text, err)
		}
	}
	other, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jwe.NewPublicKey(other.PublicKey()); !errors.Is(err, jwe.ErrKey) {
		t.Errorf("X25519: %v", err)
	}
	for _, key := range []*jwe.PublicKey{nil, {}, {Key: other.PublicKey()}} {
		if _, err := jwe.Encrypt(nil, key, jwe.EncryptOptions{}); !errors.Is(err, jwe.ErrKey) {
			t.Errorf("%v: %v", key, err)
		}
	}
	if _, err := jwe.Encrypt(nil, public, jwe.EncryptOptions{Encryption: "A128CBC-HS256"}); !errors.Is(err, jwe.ErrAlgorithm) {
		t.Errorf("%v", err)
	}
}

// TestKeySets: the good keys are found among others (RFC 7517, section 5).
func TestKeySets(t *testing.T) {
	_, public := pair(t)
	good, err := json.Marshal(public.JWK())
	if err != nil {
		t.Fatal(err)
	}
	signs := strings.Replace(string(good), `"enc"`, `"sig"`, 1)
	for text, want := range map[string]int{
		`{"keys":[` + string(good) + `]}`:                                        1,
		`{"keys":[{"kty":"new"},` + signs + `,` + string(good) + `]}`:            1,
		`{"keys":[` + string(good) + `,` + string(good) + `],"a":1}`:             2,
		`{"keys":[` + signs + `]}`:                                               0,
		`{"keys":[]}`:                                                            0,
		`{"keys":["a",` + string(good) + `]}`:                                    0,
		`{"keys":[` + strings.Repeat(string(good)+",", 32) + string(good) + `]}`: 0,
		`{}`: 0,
		``:   0,
	} {
		keys, err := jwe.ParseKeySet([]byte(text))
		if len(keys) != want || (err == nil) != (want > 0) || err != nil && !errors.Is(err, jwe.ErrKey) {
			t.Errorf("%.80s: %d keys, %v", text, len(keys), err)
		}
	}
}

// TestErrorsQuoteNothing: what a stranger wrote does not reach a log.
func TestErrorsQuoteNothing(t *testing.T) {
	_, public := pair(t)
	token := encrypt(t, public, "text", jwe.EncryptOptions{})
	for _, member := range []string{"alg", "enc", "zip", "apu", "epk", "kid"} {
		_, err := jwe.Parse(withHeader(t, token, func(h map[string]any) { h[member] = map[string]any{"x": "Zhang San"} }), jwe.ParseOptions{})
		if err == nil || strings.Contains(fmt.Sprint(err), "Zhang") {
			t.Errorf("%s: %v", member, err)
		}
	}
}
