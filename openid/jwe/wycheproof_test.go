package jwe_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/vectors"
	"github.com/hufu-id/hufu/openid/jwe"
)

func readWycheproof[G any](t *testing.T, name string) []G {
	t.Helper()
	var file struct{ TestGroups []G }
	if err := json.Unmarshal(vectors.Read(t, "wycheproof/"+name+"_test.json"), &file); err != nil || len(file.TestGroups) == 0 {
		t.Fatal(err)
	}
	return file.TestGroups
}

// privateKey reads a private JWK of P-256; nil for a key of another kind.
func privateKey(t *testing.T, key map[string]any) *ecdh.PrivateKey {
	t.Helper()
	if key["crv"] != "P-256" {
		return nil
	}
	d, err := base64.RawURLEncoding.DecodeString(key["d"].(string))
	if err != nil {
		t.Fatal(err)
	}
	private, err := ecdh.P256().NewPrivateKey(d)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// sealed writes a token with a header and a content key of our choice, by the standard
// library alone.
func sealed(t testing.TB, header, key, content string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	protected, iv := encode([]byte(header)), make([]byte, 12)
	out := gcm.Seal(nil, iv, []byte(content), []byte(protected))
	return protected + ".." + encode(iv) + "." + encode(out[:len(content)]) + "." + encode(out[len(content):])
}

type jweGroup struct {
	Private map[string]any
	Tests   []struct {
		TcID                     int
		Comment, JWE, PT, Result string
	}
}

// TestWycheproofJWE: nothing invalid is accepted. Most valid messages are refused, too,
// because this package has one key agreement and two encryptions. They are counted by the
// reason, so that each difference is one that was meant.
func TestWycheproofJWE(t *testing.T) {
	type row struct {
		result string
		want   error
	}
	got := map[row]int{}
	for _, g := range readWycheproof[jweGroup](t, "json_web_encryption") {
		for _, c := range g.Tests {
			m, err := jwe.Parse(c.JWE, jwe.ParseOptions{Inflate: 1 << 16})
			var content []byte
			if err == nil {
				content, err = m.Decrypt(privateKey(t, g.Private))
			}
			if err == nil && hex.EncodeToString(content) != c.PT {
				t.Errorf("%d, %s: another content", c.TcID, c.Comment)
			}
			reason := err
			for _, r := range []error{jwe.ErrToken, jwe.ErrHeader, jwe.ErrAlgorithm, jwe.ErrDecrypt} {
				if errors.Is(err, r) {
					reason = r
				}
			}
			got[row{c.Result, reason}]++
		}
	}
	want := map[row]int{
		{"valid", nil}:                2,  // 76 and 78: ECDH-ES with A128GCM and A256GCM
		{"valid", jwe.ErrAlgorithm}:   63, // another alg or enc: AES key wrap, RSA, dir, CBC, A192GCM
		{"invalid", jwe.ErrToken}:     13, // parts missing, JSON serialisation
		{"invalid", jwe.ErrHeader}:    3,  // the header missing, or Alg for alg
		{"invalid", jwe.ErrAlgorithm}: 58, // another alg or enc, whatever else is wrong
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestWycheproofMutations does to the messages of ours among the vectors (76, 78) what
// the vectors do to those of other algorithms, so that each case reaches this package.
func TestWycheproofMutations(t *testing.T) {
	flip := func(part string) string {
		if part[0] == 'A' {
			return "B" + part[1:]
		}
		return "A" + part[1:]
	}
	cut := func(n int) func(string) string {
		return func(part string) string {
			raw, _ := base64.RawURLEncoding.DecodeString(part)
			return base64.RawURLEncoding.EncodeToString(raw[:len(raw)-n])
		}
	}
	empty := func(string) string { return "" }
	mutations := map[string]struct {
		part int
		edit func(string) string
		want error
	}{
		"rejectsModifiedAuthenticationTag": {4, flip, jwe.ErrDecrypt},
		"rejectsAuthenticationTagTooLong":  {4, func(p string) string { return "AAAA" + p }, jwe.ErrToken},
		"tagTruncatedBy1":                  {4, cut(1), jwe.ErrToken},
		"tagTruncatedBy4":                  {4, cut(4), jwe.ErrToken},
		"tagTruncatedBy8":                  {4, cut(8), jwe.ErrToken},
		"rejectsMissingAuthenticationTag":  {4, empty, jwe.ErrToken},
		"rejectsModifiedCiphertext":        {3, flip, jwe.ErrDecrypt},
		"rejectsMissingCiphertext":         {3, empty, jwe.ErrDecrypt},
		"rejectsModifiedIv":                {2, flip, jwe.ErrDecrypt},
		"rejectsMissingIv":                 {2, empty, jwe.ErrToken},
		"rejectsAddedEncryptedKey":         {1, func(string) string { return "AAAA" }, jwe.ErrToken},
		"rejectsMissingHeader":             {0, empty, jwe.ErrHeader},
		"rejectsMissingHeaderAndSeparator": {0, nil, jwe.ErrToken},
		"rejectsMissingSeparatorOfTag":     {4, nil, jwe.ErrToken},
		"rejectsMissingSeparatorOfIv":      {2, nil, jwe.ErrToken},
	}
	tried := 0
	for _, g := range readWycheproof[jweGroup](t, "json_web_encryption") {
		for _, c := range g.Tests {
			if c.TcID != 76 && c.TcID != 78 {
				continue
			}
			for name, mutation := range mutations {
				parts := strings.Split(c.JWE, ".")
				if mutation.edit == nil {
					parts = append(parts[:mutation.part], parts[mutation.part+1:]...)
				} else {
					parts[mutation.part] = mutation.edit(parts[mutation.part])
				}
				m, err := jwe.Parse(strings.Join(parts, "."), jwe.ParseOptions{})
				if err == nil {
					_, err = m.Decrypt(privateKey(t, g.Private))
				}
				if !errors.Is(err, mutation.want) {
					t.Errorf("%d, %s: %v, want %v", c.TcID, name, err, mutation.want)
				}
				tried++
			}
		}
	}
	if tried != 2*len(mutations) {
		t.Errorf("%d mutations", tried)
	}
}

// TestWycheproofECDH makes a message of each key agreement: the vector's public key is
// the epk, and the content key comes from its shared secret.
func TestWycheproofECDH(t *testing.T) {
	type group struct {
		Tests []struct {
			TcID            int
			Comment         string
			Public, Private map[string]any
			Shared, Result  string
		}
	}
	counts := map[string]int{}
	for _, g := range readWycheproof[group](t, "ecdh_secp256r1_webcrypto") {
		for _, c := range g.Tests {
			epk, err := json.Marshal(c.Public)
			if err != nil {
				t.Fatal(err)
			}
			shared, err := hex.DecodeString(c.Shared)
			if err != nil {
				t.Fatal(err)
			}
			// RFC 7518, section 4.6.2, without apu and apv.
			info := "\x00\x00\x00\x07A128GCM\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
			sum := sha256.Sum256([]byte("\x00\x00\x00\x01" + string(shared) + info))
			token := sealed(t, fmt.Sprintf(`{"alg":"ECDH-ES","enc":"A128GCM","epk":%s}`, epk), base64.RawURLEncoding.EncodeToString(sum[:16]), "text")
			m, err := jwe.Parse(token, jwe.ParseOptions{})
			if err == nil {
				_, err = m.Decrypt(privateKey(t, c.Private))
			}
			if (err == nil) != (c.Result == "valid") {
				t.Errorf("%d, %s: %v, want %s", c.TcID, c.Comment, err, c.Result)
			}
			counts[c.Result]++
		}
	}
	if counts["valid"] != 330 || counts["invalid"] != 23 {
		t.Errorf("%v", counts)
	}
}

// TestCookbook: RFC 7520's encryptions are of algorithms that we do not have, or no
// compact JWE. All are refused, each for that reason.
func TestCookbook(t *testing.T) {
	names := vectors.Glob(t, "jose-cookbook/jwe/*.json")
	for _, name := range names {
		var file struct {
			Output struct{ Compact string }
		}
		if err := json.Unmarshal(vectors.Read(t, name), &file); err != nil {
			t.Fatal(err)
		}
		want := jwe.ErrAlgorithm
		if file.Output.Compact == "" { // 5_10 to 5_13: JSON serialisation only
			want = jwe.ErrToken
		}
		if _, err := jwe.Parse(file.Output.Compact, jwe.ParseOptions{Inflate: 1 << 16}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if len(names) != 13 {
		t.Errorf("%d vectors", len(names))
	}
}
