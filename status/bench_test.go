package status_test

import (
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/status"
)

// million is a list of 1,000,000 entries of which one in fifty is revoked.
func million(b *testing.B) *status.List {
	b.Helper()
	list, err := status.New(1, 1_000_000)
	none(b, err)
	for i := 0; i < list.Size(); i += 50 {
		none(b, list.Set(i*7919%list.Size(), status.Invalid))
	}
	return list
}

var claims = status.Claims{Subject: draftURI, Expires: time.Now().Add(time.Hour), TTL: time.Minute}

// BenchmarkBuild signs a list of 1,000,000 in both forms.
func BenchmarkBuild(b *testing.B) {
	list, key := million(b), newKey(b)
	b.Run("jwt", func(b *testing.B) {
		for b.Loop() {
			_, err := status.Sign(b.Context(), key, did.Header{}, claims, list)
			none(b, err)
		}
	})
	b.Run("cwt", func(b *testing.B) {
		for b.Loop() {
			_, err := status.SignCWT(b.Context(), key, did.Header{}, claims, list)
			none(b, err)
		}
	})
}

// BenchmarkCheck reads a token of 1,000,000 entries, verifies it and looks one entry up.
func BenchmarkCheck(b *testing.B) {
	list, key := million(b), newKey(b)
	compact, err := status.Sign(b.Context(), key, did.Header{}, claims, list)
	none(b, err)
	binary, err := status.SignCWT(b.Context(), key, did.Header{}, claims, list)
	none(b, err)
	check := func(b *testing.B, parse func() (*status.Token, error)) {
		for b.Loop() {
			token, err := parse()
			none(b, err)
			v, err := token.Verify(key.Public(), draftURI, status.VerifyOptions{})
			none(b, err)
			none(b, v.Check(1))
		}
	}
	b.Run("jwt", func(b *testing.B) {
		check(b, func() (*status.Token, error) { return status.Parse([]byte(compact), status.ParseOptions{}) })
	})
	b.Run("cwt", func(b *testing.B) {
		check(b, func() (*status.Token, error) { return status.ParseCWT(binary, status.ParseOptions{}) })
	})
}
