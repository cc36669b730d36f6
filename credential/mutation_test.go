package credential_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
)

// A mutation changes a presentation, split at the tildes.
type mutation struct {
	name   string
	change func(r *rand.Rand, parts []string) []string
}

var mutations = []mutation{
	{"flip a bit", func(r *rand.Rand, parts []string) []string {
		return onOne(r, parts, func(b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b })
	}},
	{"replace a letter", func(r *rand.Rand, parts []string) []string {
		return onOne(r, parts, func(b []byte) []byte {
			b[r.IntN(len(b))] = "ABCDabcd0189-_=.+/ \n~"[r.IntN(21)]
			return b
		})
	}},
	{"cut", func(r *rand.Rand, parts []string) []string {
		return onOne(r, parts, func(b []byte) []byte { return b[:r.IntN(len(b))] })
	}},
	{"insert", func(r *rand.Rand, parts []string) []string {
		return onOne(r, parts, func(b []byte) []byte {
			return slices.Insert(b, r.IntN(len(b)+1), "AQgw-_=\n ."[r.IntN(10)])
		})
	}},
	{"swap two parts", func(r *rand.Rand, parts []string) []string {
		i, j := r.IntN(len(parts)), r.IntN(len(parts))
		parts[i], parts[j] = parts[j], parts[i]
		return parts
	}},
	{"drop a part", func(r *rand.Rand, parts []string) []string {
		i := r.IntN(len(parts))
		return slices.Delete(parts, i, i+1)
	}},
	{"repeat a part", func(r *rand.Rand, parts []string) []string {
		i := r.IntN(len(parts))
		return slices.Insert(parts, r.IntN(len(parts)+1), parts[i])
	}},
	{"change the JSON within", mutateJSON},
}

func onOne(r *rand.Rand, parts []string, change func([]byte) []byte) []string {
	i := r.IntN(len(parts))
	if parts[i] != "" {
		parts[i] = string(change([]byte(parts[i])))
	}
	return parts
}

// mutateJSON decodes one base64url piece, edits its JSON and encodes it again.
func mutateJSON(r *rand.Rand, parts []string) []string {
	i := r.IntN(len(parts))
	pieces := strings.Split(parts[i], ".")
	j := r.IntN(len(pieces))
	data, err := base64.RawURLEncoding.DecodeString(pieces[j])
	if err != nil || len(data) == 0 {
		return parts
	}
	edits := [][2]string{{`"`, `'`}, {`{`, `{ `}, {`,`, `,"a":1,`}, {`_sd`, `_sc`}, {`[`, `[[`}, {`}`, `}}`}, {`1`, `2`},
		{`:`, `:null,"b":`}, {`a`, `A`}, {`ES256`, `none`}, {`ES256`, `HS256`}, {`kb+jwt`, `jwt`}, {`name`, `_sd`}, {`,`, `, `}}
	edit := edits[r.IntN(len(edits))]
	pieces[j] = base64.RawURLEncoding.EncodeToString(bytes.Replace(data, []byte(edit[0]), []byte(edit[1]), 1+r.IntN(2)))
	parts[i] = strings.Join(pieces, ".")
	return parts
}

// judge runs everything that a counter runs.
func judge(compact []byte) (*credential.Verified, error) {
	token, err := credential.Parse(compact, credential.ParseOptions{})
	if err != nil {
		return nil, err
	}
	verified, err := token.Verify(issuer.Public(), credential.VerifyOptions{Now: now})
	if err != nil {
		return nil, err
	}
	_, err = verified.VerifyBinding("counter", "nonce-1", credential.BindingOptions{Now: now})
	return verified, err
}

// accept returns what a counter learns.
func accept(compact []byte) (string, error) {
	verified, err := judge(compact)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(verified.Claims, verified.Disclosed, verified.Undisclosed), nil
}

// TestMutations changes a good presentation in thousands of ways, and none is
// accepted: the signatures cover what they sign, sd_hash covers the issuer's
// signature and the disclosures, and strict decoding leaves one spelling each.
func TestMutations(t *testing.T) {
	good := present(t).String()
	if _, err := accept([]byte(good)); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	tried := 0
	for range 4000 {
		m := mutations[r.IntN(len(mutations))]
		mutant := strings.Join(m.change(r, strings.Split(good, "~")), "~")
		if mutant == good {
			continue
		}
		tried++
		if learned, err := accept([]byte(mutant)); err == nil {
			t.Fatalf("%s: accepted, and learned %s", m.name, learned)
		}
	}
	if tried < 3000 {
		t.Fatalf("only %d mutations", tried)
	}
}

// TestMalleableSignatures shows the one freedom that is left: ECDSA accepts s
// and n − s. The holder's own signature can be rewritten, and what is learned
// stays the same; the issuer's cannot, for sd_hash covers it.
func TestMalleableSignatures(t *testing.T) {
	good := present(t).String()
	want, err := accept([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	cut := strings.LastIndex(good, "~") + 1
	if got, err := accept([]byte(good[:cut] + negate(t, good[cut:]))); err != nil || got != want {
		t.Errorf("the holder's other signature means something else: %v", err)
	}
	jwt, rest, _ := strings.Cut(good, "~")
	if _, err := accept([]byte(negate(t, jwt) + "~" + rest)); !errors.Is(err, credential.ErrBindingHash) {
		t.Errorf("the issuer's other signature: %v", err)
	}
}

// negate replaces s by n − s in a compact ES256 JWS.
func negate(t *testing.T, compact string) string {
	t.Helper()
	dot := strings.LastIndex(compact, ".") + 1
	sig, err := decode64(compact[dot:])
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(sig[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(sig[32:])
	return compact[:dot] + b64(string(sig))
}
