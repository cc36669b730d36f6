package formats_test

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// sentinels are the reasons of refusal by the name that the files use. The most
// particular come first: an error may wrap several.
var sentinels = []struct {
	name string
	err  error
}{
	{"ledger.ErrTrustStore", ledger.ErrTrustStore},
	{"zkp.ErrSinglePartySetup", zkp.ErrSinglePartySetup},
	{"zkp.ErrProofKey", zkp.ErrProofKey},
	{"zkp.ErrVerifyingKey", zkp.ErrVerifyingKey},
	{"zkp.ErrSignature", zkp.ErrSignature},
	{"zkp.ErrPrepare", zkp.ErrPrepare},
	{"zkp.ErrShow", zkp.ErrShow},
	{"zkp.ErrEpoch", zkp.ErrEpoch},
	{"zkp.ErrPart", zkp.ErrPart},
	{"zkp.ErrStatement", zkp.ErrStatement},
	{"zkp.ErrValue", zkp.ErrValue},
	{"zkp.ErrForm", zkp.ErrForm},
	{"provenance.ErrExistence", provenance.ErrExistence},
	{"publish.ErrName", publish.ErrName},
	{"publish.ErrOther", publish.ErrOther},
	{"feed.ErrFormat", feed.ErrFormat},
	{"ledger.ErrTooLarge", ledger.ErrTooLarge},
	{"ledger.ErrFingerprint", ledger.ErrFingerprint},
	{"ledger.ErrSignature", ledger.ErrSignature},
	{"ledger.ErrSuite", ledger.ErrSuite},
	{"ledger.ErrOrigin", ledger.ErrOrigin},
	{"ledger.ErrNotWitnessed", ledger.ErrNotWitnessed},
	{"ledger.ErrStale", ledger.ErrStale},
	{"ledger.ErrNotIncluded", ledger.ErrNotIncluded},
	{"ledger.ErrTrustChain", ledger.ErrTrustChain},
	{"ledger.ErrBootstrap", ledger.ErrBootstrap},
	{"ledger.ErrKey", ledger.ErrKey},
	{"ledger.ErrValue", ledger.ErrValue},
	{"ledger.ErrSubject", ledger.ErrSubject},
	{"ledger.ErrFormat", ledger.ErrFormat},
	{"openid.ErrTooLarge", openid.ErrTooLarge},
	{"openid.ErrQRText", openid.ErrQRText},
	{"openid.ErrProof", openid.ErrProof},
	{"did.ErrType", did.ErrType},
	{"openid.ErrUnsupportedFormat", openid.ErrUnsupportedFormat},
	{"verifier.ErrPolicy", verifier.ErrPolicy},
	{"openid.ErrQuery", openid.ErrQuery},
	{"openid.ErrResponse", openid.ErrResponse},
	{"openid.ErrJSON", openid.ErrJSON},
	{"credential.ErrSchema", credential.ErrSchema},
	{"vault.ErrLocked", vault.ErrLocked},
	{"sqlitevault.ErrIntegrity", sqlitevault.ErrIntegrity},
	{"sqlitevault.ErrKDF", sqlitevault.ErrKDF},
	{"sqlitevault.ErrRolledBack", sqlitevault.ErrRolledBack},
	{"sqlitevault.ErrNoGeneration", sqlitevault.ErrNoGeneration},
	{"ceremony.ErrPlan", ceremony.ErrPlan},
	{"ceremony.ErrForm", ceremony.ErrForm},
}

// encodeInput writes bytes as text where they are, else as hexadecimal, in which
// "‹hex›*‹n›" between spaces stands for a run of n equal pieces.
func encodeInput(b []byte) (encoding, input string) {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' }
	if utf8.Valid(b) && len(b) > 0 && strings.IndexFunc(string(b), control) < 0 {
		return "text", string(b)
	}
	var pieces []string
	literal := ""
	for len(b) > 0 {
		unit, count := run(b)
		if count == 0 {
			literal += hex.EncodeToString(b[:1])
			b = b[1:]
			continue
		}
		if literal != "" {
			pieces, literal = append(pieces, literal), ""
		}
		pieces = append(pieces, fmt.Sprintf("%s*%d", hex.EncodeToString(b[:unit]), count))
		b = b[unit*count:]
	}
	if literal != "" {
		pieces = append(pieces, literal)
	}
	return "hex", strings.Join(pieces, " ")
}

// run finds equal pieces at the beginning of b that are worth writing as a run.
func run(b []byte) (unit, count int) {
	for _, unit := range []int{1, 2, 32} {
		n := 1
		for (n+1)*unit <= len(b) && string(b[n*unit:(n+1)*unit]) == string(b[:unit]) {
			n++
		}
		if n > 1 && n*unit >= 24 {
			return unit, n
		}
	}
	return 0, 0
}

func decodeInput(t *testing.T, encoding, input string) []byte {
	t.Helper()
	if encoding == "text" {
		return []byte(input)
	}
	var out []byte
	for _, piece := range strings.Fields(input) {
		digits, times, repeated := strings.Cut(piece, "*")
		b, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		if repeated {
			if n, err = strconv.Atoi(times); err != nil {
				t.Fatal(err)
			}
		}
		for range n {
			out = append(out, b...)
		}
	}
	return out
}

// fields is a parsed value that a door puts together by hand.
type fields map[string]any

// plain turns what a parser returned into what JSON holds: structs by their
// exported fields, bytes as hexadecimal, times in RFC 3339.
func plain(v any) any { return plainValue(reflect.ValueOf(v)) }

func plainValue(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	switch known := v.Interface().(type) {
	case zkp.Element:
		b := known.Bytes()
		return hex.EncodeToString(b[:])
	case time.Time:
		return known.UTC().Format(time.RFC3339)
	case time.Duration:
		return int64(known / time.Second)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return plainValue(v.Elem())
	case reflect.Struct:
		return plainStruct(v)
	case reflect.Map:
		return plainMap(v)
	case reflect.Slice, reflect.Array:
		return plainList(v)
	}
	return v.Interface()
}

func plainStruct(v reflect.Value) any {
	out := map[string]any{}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			out[fieldName(f.Name)] = plainValue(v.Field(i))
		}
	}
	return out
}

func plainMap(v reflect.Value) any {
	out := map[string]any{}
	for _, k := range v.MapKeys() {
		out[k.String()] = plainValue(v.MapIndex(k))
	}
	return out
}

func plainList(v reflect.Value) any {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		if encoding, text := encodeInput(b); encoding == "text" && strings.Contains(text, "\n") {
			return text // a signed note
		}
		return hex.EncodeToString(b)
	}
	out := []any{}
	for i := range v.Len() {
		out = append(out, plainValue(v.Index(i)))
	}
	return out
}

// fieldName writes ValidUntil as validUntil, and VCT as vct.
func fieldName(name string) string {
	if strings.ToUpper(name) == name {
		return strings.ToLower(name)
	}
	return strings.ToLower(name[:1]) + name[1:]
}
