package status_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/vectors"
	"github.com/hufu-id/hufu/status"
)

// draftKey is the key of the draft's examples, from src/util.py of its repository.
const draftKey = `{"kty":"EC","crv":"P-256","x":"I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo","y":"6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M"}`

const draftURI = "https://example.com/statuslists/1"

// draftTime lies within the validity of the draft's tokens.
var draftTime = time.Unix(1686920170, 0)

func draftHex(t testing.TB, file string) []byte {
	t.Helper()
	text := string(vectors.Read(t, "token-status-list/"+file))
	if _, after, found := strings.Cut(text, "encoded:"); found {
		text = after
	}
	b, err := hex.DecodeString(regexp.MustCompile(`\s`).ReplaceAllString(text, ""))
	if err != nil {
		t.Fatal(file, err)
	}
	return b
}

// TestDraftTokens verifies both of the draft's tokens with its own key: they say the same.
func TestDraftTokens(t *testing.T) {
	key, err := did.ParseJWK([]byte(draftKey))
	none(t, err)
	text := strings.ReplaceAll(strings.TrimSpace(string(vectors.Read(t, "token-status-list/status_list_jwt_raw.md"))), "\n", "")
	jwt, err := status.Parse([]byte(text), status.ParseOptions{})
	none(t, err)
	cwt, err := status.ParseCWT(draftHex(t, "status_list_cwt.md"), status.ParseOptions{})
	none(t, err)
	for name, token := range map[string]*status.Token{"JWT": jwt, "CWT": cwt} {
		v, err := token.Verify(key, draftURI, status.VerifyOptions{Now: draftTime})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if token.Header().Kid != "12" || v.TTL != 12*time.Hour || v.Expires.Unix() != 2291720170 || v.List.Size() != 16 || v.Check(0) == nil || v.Check(1) != nil {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestDraftVectorsCBOR: each list in CBOR is the list in JSON.
func TestDraftVectorsCBOR(t *testing.T) {
	files := []string{"encoding", "encoding2", "encoding4", "encoding8", "encoding1_long", "encoding2_long"}
	for _, name := range files {
		list, err := status.ParseListCBOR(draftHex(t, "status_list_"+name+"_cbor.md"))
		if err != nil {
			t.Fatal(name, err)
		}
		twin, err := status.ParseList(vectorJSON(t, "status_list_"+name+"_json.md"))
		none(t, err)
		if list.Root() != twin.Root() || list.Bits() != twin.Bits() {
			t.Errorf("%s: another list", name)
		}
		b, err := list.CBOR()
		none(t, err)
		again, err := status.ParseListCBOR(b)
		none(t, err)
		if again.Root() != list.Root() {
			t.Errorf("%s does not survive", name)
		}
	}
}

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSignCWT: a token in CWT form says what one in JWT form does.
func TestSignCWT(t *testing.T) {
	key, chain := newKey(t), [][]byte{{1}, {2}}
	list, err := status.New(2, 8)
	none(t, err)
	none(t, list.Set(5, status.Suspended))
	claims := status.Claims{Subject: draftURI, IssuedAt: draftTime, Expires: draftTime.Add(time.Hour), TTL: time.Minute, Aggregation: "https://example.com/all"}
	for _, x5c := range [][][]byte{nil, chain[:1], chain} {
		b, err := status.SignCWT(t.Context(), key, did.Header{Kid: "12", X5C: x5c}, claims, list)
		none(t, err)
		token, err := status.ParseCWT(b, status.ParseOptions{})
		none(t, err)
		if h := token.Header(); h.Kid != "12" || len(h.X5C) != len(x5c) || h.Alg != "ES256" || !bytes.Equal(token.Bytes(), b) || token.UnverifiedSubject() != draftURI || token.UnverifiedTTL() != time.Minute {
			t.Errorf("%+v", token.Header())
		}
		v, err := token.Verify(key.Public(), draftURI, status.VerifyOptions{Now: draftTime})
		none(t, err)
		if v.Aggregation != claims.Aggregation || !errors.Is(v.Check(5), status.ErrSuspended) || v.Check(4) != nil || !errors.Is(v.Check(8), status.ErrIndex) {
			t.Errorf("%+v", v)
		}
		for name, want := range map[string]error{"another key": status.ErrSignature, "another list": status.ErrSubject, "expired": status.ErrExpired, "from the future": status.ErrNotYetValid} {
			public, uri, now := crypto.PublicKey(key.Public()), draftURI, draftTime
			switch name {
			case "another key":
				public = newKey(t).Public()
			case "another list":
				uri += "2"
			case "expired":
				now = now.Add(2 * time.Hour)
			case "from the future":
				now = now.Add(-time.Hour)
			}
			if _, err := token.Verify(public, uri, status.VerifyOptions{Now: now}); !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	claims.Aggregation = "all"
	if _, err := status.SignCWT(t.Context(), key, did.Header{}, claims, list); !errors.Is(err, status.ErrForm) {
		t.Errorf("%v", err)
	}
	if _, err := status.SignCWT(t.Context(), nil, did.Header{}, status.Claims{Subject: draftURI, Expires: time.Now().Add(time.Hour)}, list); !errors.Is(err, did.ErrSigner) {
		t.Errorf("%v", err)
	}
	if _, err := status.SignCWT(t.Context(), liar{key}, did.Header{}, status.Claims{Subject: draftURI, Expires: time.Now().Add(time.Hour)}, list); !errors.Is(err, did.ErrSigner) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := status.SignCWT(ctx, key, did.Header{}, claims, list); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// liar signs something else.
type liar struct{ crypto.Signer }

func (l liar) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	other := bytes.Clone(digest)
	other[0] ^= 1
	return l.Signer.Sign(r, other, o)
}

// TestParseCWTRefuses spoils one part of a token that its key signed.
func TestParseCWTRefuses(t *testing.T) {
	key := newKey(t)
	type labels = map[any]any
	list := map[string]any{"bits": 1, "lst": mustHex(t, "78dadbb918000217015d")}
	protected := func() labels { return labels{1: -7, 16: status.TypeCWT} }
	claims := func() labels {
		return labels{2: draftURI, 6: draftTime.Unix(), 4: draftTime.Unix() + 3600, 65533: list}
	}
	encode := func(v any) []byte { b, err := cbor.Marshal(v); none(t, err); return b }
	sign := func(p labels, u, c labels, edit func([]any) any) []byte {
		head, payload := encode(p), encode(c)
		sig, err := did.ES256{}.Sign(key, encode([]any{"Signature1", head, []byte{}, payload}))
		none(t, err)
		return encode(edit([]any{head, u, payload, sig}))
	}
	tagged := func(m []any) any { return cbor.Tag{Number: 18, Content: m} }
	with := func(l labels, label, value any) labels { l[label] = value; return l }
	without := func(l labels, label any) labels { delete(l, label); return l }
	good := sign(protected(), labels{4: []byte("12")}, claims(), tagged)
	token, err := status.ParseCWT(good, status.ParseOptions{})
	none(t, err)
	if _, err := token.Verify(key.Public(), draftURI, status.VerifyOptions{Now: draftTime}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token []byte
		want  error
	}{
		"nothing":               {nil, status.ErrForm},
		"no tag":                {sign(protected(), labels{}, claims(), func(m []any) any { return m }), status.ErrForm},
		"a MAC":                 {sign(protected(), labels{}, claims(), func(m []any) any { return cbor.Tag{Number: 17, Content: m} }), status.ErrForm},
		"the CWT tag before":    {sign(protected(), labels{}, claims(), func(m []any) any { return cbor.Tag{Number: 61, Content: tagged(m)} }), status.ErrForm},
		"three parts":           {sign(protected(), labels{}, claims(), func(m []any) any { return tagged(m[:3]) }), status.ErrForm},
		"a byte more":           {append(bytes.Clone(good), 0), status.ErrForm},
		"a byte less":           {good[:len(good)-1], status.ErrForm},
		"none":                  {sign(without(protected(), 1), labels{}, claims(), tagged), did.ErrAlgorithm},
		"HS256":                 {sign(with(protected(), 1, 5), labels{}, claims(), tagged), did.ErrAlgorithm},
		"algorithm unprotected": {sign(without(protected(), 1), labels{1: -7}, claims(), tagged), status.ErrForm},
		"no type":               {sign(without(protected(), 16), labels{}, claims(), tagged), status.ErrForm},
		"another type":          {sign(with(protected(), 16, "application/cwt"), labels{}, claims(), tagged), status.ErrForm},
		"type unprotected":      {sign(without(protected(), 16), labels{16: status.TypeCWT}, claims(), tagged), status.ErrForm},
		"critical":              {sign(with(protected(), 2, []int{99}), labels{}, claims(), tagged), status.ErrForm},
		"kid twice":             {sign(with(protected(), 4, []byte("a")), labels{4: []byte("b")}, claims(), tagged), status.ErrForm},
		"kid is a text":         {sign(with(protected(), 4, "12"), labels{}, claims(), tagged), status.ErrForm},
		"empty chain":           {sign(with(protected(), 33, [][]byte{}), labels{}, claims(), tagged), status.ErrForm},
		"chain of nine":         {sign(with(protected(), 33, make([][]byte, 9)), labels{}, claims(), tagged), status.ErrForm},
		"no subject":            {sign(protected(), labels{}, without(claims(), 2), tagged), status.ErrForm},
		"no iat":                {sign(protected(), labels{}, without(claims(), 6), tagged), status.ErrForm},
		"no list":               {sign(protected(), labels{}, without(claims(), 65533), tagged), status.ErrForm},
		"ttl of nothing":        {sign(protected(), labels{}, with(claims(), 65534, 0), tagged), status.ErrForm},
		"exp is a text":         {sign(protected(), labels{}, with(claims(), 4, "tomorrow"), tagged), status.ErrForm},
		"an indefinite map":     {append([]byte{0xd2, 0x84, 0x41, 0xa0, 0xbf, 0xff, 0x41, 0xa0, 0x40}, 0)[:9], status.ErrForm},
		"a claim twice":         {twice(t, key), status.ErrForm},
		"a signature of 63":     {sign(protected(), labels{}, claims(), func(m []any) any { m[3] = m[3].([]byte)[:63]; return tagged(m) }), status.ErrForm},
		"above the cap":         {make([]byte, 8<<20+1), status.ErrTooLarge},
	} {
		if token, err := status.ParseCWT(c.token, status.ParseOptions{}); !errors.Is(err, c.want) || token != nil {
			t.Errorf("%s: got %v, want: %v", name, err, c.want)
		}
	}
	only, err := did.SuitesNamed("EdDSA")
	none(t, err)
	if _, err := status.ParseCWT(good, status.ParseOptions{Suites: only}); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("an algorithm that is not allowed: %v", err)
	}
	altered := bytes.Replace(good, []byte("statuslists/1"), []byte("statuslists/2"), 1)
	if token, err = status.ParseCWT(altered, status.ParseOptions{}); err == nil {
		_, err = token.Verify(key.Public(), "https://example.com/statuslists/2", status.VerifyOptions{Now: draftTime})
	}
	if !errors.Is(err, status.ErrSignature) {
		t.Errorf("altered: %v", err)
	}
}

// twice is a token whose claims have sub twice.
func twice(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	head, err := cbor.Marshal(map[any]any{1: -7, 16: status.TypeCWT})
	none(t, err)
	payload := append([]byte{0xa3, 0x02, 0x61, 'a', 0x02, 0x61, 'b'}, 0x06, 0x01)
	signed, err := cbor.Marshal([]any{"Signature1", head, []byte{}, payload})
	none(t, err)
	sig, err := did.ES256{}.Sign(key, signed)
	none(t, err)
	b, err := cbor.Marshal(cbor.Tag{Number: 18, Content: []any{head, map[any]any{}, payload, sig}})
	none(t, err)
	return b
}

// raw takes the base64url off.
func raw(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	none(t, err)
	return b
}

func mustHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	none(t, err)
	return b
}

// TestBombCBOR: what inflates above 16 MiB is refused, and not held.
func TestBombCBOR(t *testing.T) {
	large, err := status.New(8, 16<<20)
	none(t, err)
	b, err := large.CBOR()
	none(t, err)
	if _, err := status.ParseListCBOR(b); err != nil {
		t.Errorf("16 MiB: %v", err)
	}
	bomb, err := cbor.Marshal(map[string]any{"bits": 1, "lst": raw(t, deflated(t, make([]byte, 16<<20+1), zlib.BestCompression))})
	none(t, err)
	if _, err := status.ParseListCBOR(bomb); !errors.Is(err, status.ErrTooLarge) {
		t.Errorf("a bomb of %d bytes: %v", len(bomb), err)
	}
	for name, v := range map[string]any{"no bits": map[string]any{"lst": []byte{}}, "three bits": map[string]any{"bits": 3, "lst": raw(t, deflated(t, []byte{0}, zlib.BestCompression))}, "raw DEFLATE": map[string]any{"bits": 1, "lst": mustHex(t, "dbb91800")}, "a list": []int{1}, "numbers for bytes": map[string]any{"bits": 1, "lst": []int{0x78, 0xda, 0xdb, 0xb9, 0x18, 0, 2, 0x17, 1, 0x5d}}} {
		b, err := cbor.Marshal(v)
		none(t, err)
		if _, err := status.ParseListCBOR(b); !errors.Is(err, status.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAggregation(t *testing.T) {
	want := []string{"https://example.com/1", "https://example.com/2"}
	b, err := status.Aggregation(want)
	none(t, err)
	got, err := status.ParseAggregation(b)
	if err != nil || len(got) != 2 || got[1] != want[1] {
		t.Errorf("%q, %v", got, err)
	}
	for name, text := range map[string]string{
		"nothing": ``, "no lists": `{}`, "empty": `{"status_lists":[]}`, "relative": `{"status_lists":["1"]}`, "twice": `{"status_lists":["https://a.example","https://a.example"]}`,
		"a number": `{"status_lists":[1]}`, "case": `{"Status_Lists":["https://a.example"]}`, "too many": `{"status_lists":["` + strings.Repeat(`a:","`, 4097) + `"]}`,
	} {
		if _, err := status.ParseAggregation([]byte(text)); !errors.Is(err, status.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := status.Aggregation(nil); !errors.Is(err, status.ErrForm) {
		t.Errorf("%v", err)
	}
}

// TestDecoys: entries that belong to nobody are revoked, and no used one is touched.
func TestDecoys(t *testing.T) {
	list, err := status.New(1, 64)
	none(t, err)
	used := func(i int) bool { return i < 32 }
	made, err := list.Decoys(16, used)
	none(t, err)
	revoked := 0
	for i := range list.Size() {
		value, err := list.Get(i)
		none(t, err)
		if value == status.Invalid {
			revoked++
			if used(i) {
				t.Errorf("entry %d is somebody's", i)
			}
		}
	}
	if revoked != 16 || len(made) != 16 {
		t.Errorf("%d revoked, %d made", revoked, len(made))
	}
	before := list.Root()
	if _, err := list.Decoys(33, used); !errors.Is(err, status.ErrFull) || list.Root() != before {
		t.Errorf("%v", err)
	}
}

func FuzzParseCWT(f *testing.F) {
	f.Add(draftHex(f, "status_list_cwt.md"))
	f.Fuzz(func(t *testing.T, b []byte) {
		token, err := status.ParseCWT(b, status.ParseOptions{})
		if err != nil {
			return
		}
		if !bytes.Equal(token.Bytes(), b) {
			t.Fatal("other bytes")
		}
		_, _ = token.UnverifiedList()
	})
}

func FuzzParseListCBOR(f *testing.F) {
	f.Add(draftHex(f, "status_list_encoding2_cbor.md"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list, err := status.ParseListCBOR(b); err == nil && list.Size() == 0 {
			t.Fatal("an empty list")
		}
	})
}

func FuzzParseAggregation(f *testing.F) {
	f.Add([]byte(`{"status_lists":["https://example.com/1"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if uris, err := status.ParseAggregation(b); err == nil && len(uris) == 0 {
			t.Fatal("an empty aggregation")
		}
	})
}
